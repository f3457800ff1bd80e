"""Making a backup of a database that may be in use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import asyncpg

from backend.backup import programs
from backend.backup.archive import FORMAT, Archive, Manifest
from backend.runtime import clock

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


@asynccontextmanager
async def reached(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection without the limits of Muster's own: it waits as long as a dump takes."""
    connection = await asyncpg.connect(url, server_settings={"application_name": "muster backup"})
    try:
        yield connection
    finally:
        await connection.close()


async def back_up(url: str, file: Path) -> Manifest:
    """Write everything in the database at `url`, as it is at one instant, to `file`."""
    archive = Archive(file)
    async with (
        reached(url) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
        manifest = Manifest(
            format=FORMAT,
            version=version("muster"),
            made_at=clock.now(),
            postgres=await connection.fetchval("SHOW server_version"),
            migrations=[
                row["name"] for row in await connection.fetch("SELECT name FROM migration ORDER BY name")
            ],
            position=await connection.fetchval("SELECT seq FROM log_head"),
            rows=await rows_by_table(connection),
        )
        await archive.write(manifest, programs.dump(url, snapshot))
    return manifest


async def rows_by_table(connection: asyncpg.Connection) -> dict[str, int]:
    """Rows by table."""
    tables = [row["tablename"] for row in await connection.fetch(TABLES)]
    return {name: await connection.fetchval(f'SELECT count(*) FROM "{name}"') for name in tables}
