"""Locks by name: for what only one transaction may do at a time."""

from backend.database.connection import execute


async def lock_by_name(name: str) -> None:
    """Wait until no other transaction holds this name, and hold it until this one ends. Migrations' triggers use the same names."""
    await execute("SELECT pg_advisory_xact_lock(hashtext($1))", name)
