"""Versions of rows: `If-Match` names the one a change was made on. Changes are written on the row as it is under its lock."""

# ruff: noqa: SLF001 - Piccolo keeps a table's columns in `_meta`

from collections.abc import Mapping
from typing import Any

from asyncpg import Record
from piccolo.querystring import QueryString
from piccolo.table import Table

from backend.database import row_by_id
from backend.services.errors import NotFound, Stale
from backend.words.nouns import there_is_no


async def lock_row(table: type[Table], id_: int, expected: int | None) -> Record:
    """Lock the row until the transaction ends and return it as it is now. Raises `Stale` or `NotFound`."""
    row = await row_by_id(table, id_, lock=True)
    if row is None:
        raise NotFound(there_is_no(table._meta.tablename.removeprefix("learner_"), id_))
    if expected is not None and expected != row["version"]:
        raise Stale(row["version"])
    return row


async def write_columns(table: type[Table], id_: int, columns: Mapping[str, Any]) -> None:
    """Write these columns of a locked row, and no others: whoever changed another one meanwhile keeps their change."""
    one_more = QueryString("{} + 1", table._meta.get_column_by_name("version"))
    await table.update(**columns, version=one_more).where(table._meta.primary_key == id_)
