"""Muster's schema, set aside while a backup is put in its place, and put back when that was cut short.

Whoever changes the schema as a whole holds a lock meanwhile, so what is found set aside by the holder is what a killed
restore left.
"""

import asyncpg

from backend.database.connection import fetch_value, open_connection

ASIDE = "muster_set_aside"
# What the program that loads a backup says of itself.
LOADER = "pg_restore"
# Waiting for another process that migrates or restores; a migration itself never waits this long for a table lock.
LOCK_TIMEOUT = "10min"
_LOOK = f"SELECT 1 FROM pg_namespace WHERE nspname = '{ASIDE}'"
# The restore may be dead while what it had started works on.
_END_LOADING = f"""
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = '{LOADER}'
"""


async def hold_schema(connection: asyncpg.Connection) -> None:
    """Let nobody else change the schema as a whole while `connection` lives; waits for who does."""
    await connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    await connection.execute("SELECT pg_advisory_lock(hashtext('muster.migrate'))")


async def set_aside(connection: asyncpg.Connection) -> None:
    """Make room for another schema `public`."""
    await connection.execute(f"ALTER SCHEMA public RENAME TO {ASIDE}")


async def forget(connection: asyncpg.Connection) -> None:
    """What has taken its place is whole."""
    await connection.execute(f"DROP SCHEMA {ASIDE} CASCADE")


async def put_back(connection: asyncpg.Connection) -> bool:
    """Make everything as it was before `set_aside`; False when nothing is set aside. The caller holds the schema."""
    if not await connection.fetchval(_LOOK):
        return False
    await connection.execute(_END_LOADING)
    async with connection.transaction():
        await connection.execute("DROP SCHEMA IF EXISTS public CASCADE")
        await connection.execute(f"ALTER SCHEMA {ASIDE} RENAME TO public")
    return True


async def put_back_what_was_cut_short() -> bool:
    """The same for whoever begins to use the database: whether a restore had been killed. Waits for one that lives."""
    if not await fetch_value(_LOOK):
        return False
    connection = await open_connection()
    try:
        await hold_schema(connection)
        return await put_back(connection)
    finally:
        await connection.close()
