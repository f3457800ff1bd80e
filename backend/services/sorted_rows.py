"""The rows of a list in the order that was asked for, a page at a time."""

from asyncpg import Record

from backend.database import fetch, fetch_value
from backend.services import statements
from backend.services.where_clauses import Conditions, Sort


async def sorted_rows(  # noqa: PLR0913 - the parts of a query, and the page
    columns: str, source: str, conditions: Conditions, order: Sort, *, limit: int, cursor: str | None
) -> tuple[list[Record], int]:
    """Up to `limit + 1` rows after the cursor, for `page_of`, and how many there are in all."""
    total: int = await fetch_value(statements.count_rows(source, conditions.sql), *conditions.values)
    order.after(conditions, cursor)
    shown = f"{columns}, {order.columns}"
    rows = await fetch(
        statements.page_of_rows(shown, source, conditions.sql, order.order, limit), *conditions.values
    )
    return rows, total
