"""Versions of rows: `If-Match` names the one a change was made on. Changes are written on the row as it is under its lock."""

from collections.abc import Mapping
from typing import Any

from asyncpg import Record

from backend.database import execute, fetch_row
from backend.schemas.commons import LARGEST_ID
from backend.services.errors import NotFound, Stale


async def lock_row(table: str, id_: int, expected: int | None) -> Record:
    """Lock the row until the transaction ends and return it as it is now. Raises `Stale` or `NotFound`."""
    known = 0 < id_ <= LARGEST_ID
    row = await fetch_row(f"SELECT * FROM {table} WHERE id = $1 FOR UPDATE", id_) if known else None
    if row is None:
        raise NotFound(f"There is no {table.removeprefix('learner_')} {id_}.")
    if expected is not None and expected != row["version"]:
        raise Stale(row["version"])
    return row


async def write_columns(table: str, id_: int, columns: Mapping[str, Any]) -> None:
    """Write these columns of a locked row, and no others: whoever changed another one meanwhile keeps their change."""
    assignments = "".join(f"{name} = ${place}, " for place, name in enumerate(columns, 2))
    await execute(
        f"UPDATE {table} SET {assignments}version = version + 1 WHERE id = $1", id_, *columns.values()
    )
