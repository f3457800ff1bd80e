"""SQL that lists share: Piccolo knows neither cursors over several columns nor conditions put together while asking.

What is put in are names and conditions of the code; values are parameters (`where_clauses.Conditions`).
"""


def count_rows(source: str, where: str) -> str:
    """How many rows there are."""
    return f"SELECT count(*) FROM {source} WHERE {where}"


def some_rows(columns: str, source: str, where: str) -> str:
    """Rows in no order."""
    return f"SELECT {columns} FROM {source} WHERE {where}"


def page_of_rows(columns: str, source: str, where: str, order: str, limit: int) -> str:
    """Up to `limit + 1` rows in order: the one too many tells that there is a next page."""
    return f"{some_rows(columns, source, where)} ORDER BY {order} LIMIT {limit + 1}"


# SQL: a function of the schema: UTC where the database does not know the organisation's zone.
TIME_ZONE = "SELECT muster_timezone()"
