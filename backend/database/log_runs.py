"""Which run the change log tells of what a transaction writes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.database.connection import current_transaction, execute, fetch_value

# OFFSET 0: what was set before is read first.
_EXCHANGE = """
SELECT b.before, set_config('muster.run', $1, true)
FROM (SELECT coalesce(current_setting('muster.run', true), '') AS before OFFSET 0) b
"""


_CURRENT = "SELECT nullif(current_setting('muster.run', true), '')::bigint"


async def current_run() -> int | None:
    """The run as which is logged what the transaction writes now."""
    found: int | None = await fetch_value(_CURRENT)
    return found


@asynccontextmanager
async def logged_as(run_id: int) -> AsyncIterator[None]:
    """Have all that this transaction writes in the block logged as done by the run: facts of every kind, and rows that go.

    Enrollments, sources and blocked people that are written with a run of their own are logged as that one's. Afterwards it is as it was
    before. An exception that leaves the block must end the transaction, or its savepoint. Raises `RuntimeError` outside a transaction.
    """
    if current_transaction() is None:
        raise RuntimeError("logged_as needs a transaction")
    before: str = await fetch_value(_EXCHANGE, str(run_id))
    yield
    await execute(_EXCHANGE, before)
