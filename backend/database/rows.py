"""Queries that Piccolo makes once, and rows by their id. Every request asks for some: to build such a query takes longer than to answer it."""

# ruff: noqa: SLF001 - Piccolo keeps a table's columns in `_meta`

from functools import cache
from typing import Any

import asyncpg
from piccolo.columns import BigInt, BigSerial
from piccolo.query import Select
from piccolo.table import Table

from backend.database.connection import fetch_row

# The largest ids that columns of these types hold.
_INTEGER, _BIGINT = 2**31 - 1, 2**63 - 1


async def row_by_id(table: type[Table], id_: int, *, lock: bool = False) -> asyncpg.Record | None:
    """All columns of the row with this id; with `lock` it is held until the transaction ends."""
    largest = _BIGINT if isinstance(table._meta.primary_key, BigInt | BigSerial) else _INTEGER
    return await fetch_row(_by_id(table, lock=lock), id_) if 0 < id_ <= largest else None


@cache
def _by_id(table: type[Table], *, lock: bool) -> str:
    """What Piccolo makes of it, once for each table."""
    query = table.select().where(table._meta.primary_key == 0)
    return compiled(query.lock_rows() if lock else query)


def compiled(query: Select[Any]) -> str:
    """The SQL of a query; its parameters are to be given again, in their order."""
    sql, _ = query.querystrings[0].compile_string()
    return sql
