"""Parts of Piccolo queries that every table needs: the database's clock, membership in a list, JSON as it is stored."""

from collections.abc import Iterable
from typing import Any

import asyncpg
import msgspec
from piccolo.columns import Column
from piccolo.querystring import QueryString

# What a query answers: a record of asyncpg, or a dictionary where Piccolo asked.
Row = asyncpg.Record | dict[str, Any]

# The moment of the transaction, moved as the tests' and the demo's clock is.
NOW = QueryString("muster_now()")


def any_of(column: Column, values: Iterable[Any]) -> QueryString:
    """The column has one of the values: one parameter, however many they are (Piccolo's `is_in` makes one of each)."""
    return QueryString("{} = ANY({})", column, list(values))


def none_of(column: Column, values: Iterable[Any]) -> QueryString:
    """The column has none of the values."""
    return QueryString("NOT {} = ANY({})", column, list(values))


def as_json(value: object) -> str:
    """A value for a JSON column. Piccolo's own encoding writes instants in a form of its own, and leaves texts as they are."""
    return msgspec.json.encode(value).decode()
