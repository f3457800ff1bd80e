"""Tables stripped for a load of millions of rows: no triggers, and indexes and constraints made again at once after it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import asyncpg

# What other tables refer to stays: their own constraints rest on it.
_CONSTRAINTS = """
    SELECT c.conrelid::regclass::text AS table, c.conname AS name, pg_get_constraintdef(c.oid) AS definition
    FROM pg_constraint c
    WHERE c.conrelid = ANY($1::text[]::regclass[]) AND (
        c.contype = 'f' OR c.contype IN ('p', 'u') AND NOT EXISTS (
            SELECT FROM pg_constraint other WHERE other.contype = 'f' AND other.conindid = c.conindid))
    ORDER BY array_position(ARRAY['f', 'u', 'p'], c.contype::text)"""
_INDEXES = """
    SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
    FROM pg_index i
    WHERE i.indrelid = ANY($1::text[]::regclass[])
      AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)"""


@asynccontextmanager
async def bare(
    connection: asyncpg.Connection,
    tables: Sequence[str],
    others: Sequence[str],
    progress: Callable[[str], None],
) -> AsyncIterator[None]:
    """Within a transaction: `tables` without triggers, constraints and indexes, `others` without triggers."""
    for table in (*tables, *others):
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    constraints = await connection.fetch(_CONSTRAINTS, list(tables))
    for row in constraints:
        await connection.execute(f'ALTER TABLE {row["table"]} DROP CONSTRAINT "{row["name"]}"')
    indexes = await connection.fetch(_INDEXES, list(tables))
    for row in indexes:
        await connection.execute(f"DROP INDEX {row['name']}")
    yield
    progress("indexes")
    for row in indexes:
        await connection.execute(row["definition"])
    progress("constraints")
    for row in reversed(constraints):
        await connection.execute(
            f'ALTER TABLE {row["table"]} ADD CONSTRAINT "{row["name"]}" {row["definition"]}'
        )
    for table in (*tables, *others):
        await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


async def renew(connection: asyncpg.Connection, tables: Sequence[str]) -> bool:
    """Give tables that are empty new files, of which PostgreSQL then logs and later rewrites nothing (`frozen` COPY).

    A server with `wal_level = minimal` only writes such files to disk at the commit. False when one holds rows.
    """
    for table in tables:
        if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):
            return False
    await connection.execute(f"TRUNCATE {', '.join(tables)}")
    return True
