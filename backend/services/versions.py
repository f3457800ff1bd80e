"""Versions of rows: `If-Match` names the one a change was made on."""

from backend.database import fetch_value
from backend.services.errors import NotFound, Stale


async def lock_version(table: str, id_: int, expected: int | None) -> int:
    """Lock the row until the transaction ends and return its version. Raises `Stale` or `NotFound`."""
    version: int | None = await fetch_value(f"SELECT version FROM {table} WHERE id = $1 FOR UPDATE", id_)
    if version is None:
        raise NotFound
    if expected is not None and expected != version:
        raise Stale(version)
    return version
