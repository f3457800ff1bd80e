"""Making a database what a backup says it was.

What is there already is set aside (its schema is renamed), and dropped only when the backup stands in its place. When that
fails it is put back: here, or where this process was killed or the database lost, by whichever command of Muster comes next.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from backend.backup import programs
from backend.backup.archive import BackupError, Manifest, pieces
from backend.backup.dumping import TABLES, reached, rows_by_table
from backend.database import schema_swap

# What says of itself that it is Muster's: its processes.
_AT_WORK = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'muster'
"""
# Schema, rows and secrets are Muster's alone; what others keep beside them must not be thrown away with them.
_FOREIGN = """
SELECT e.extname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE n.nspname = 'public'
"""
# Whoever restores cannot know what was sent after the backup was made, so what waited then is not sent by itself.
_HOLD_MAIL = """
WITH held AS (
    UPDATE message SET state = CASE WHEN state = 'sending' THEN 'failed' ELSE 'cancelled' END, retry_at = NULL,
           cancelled_why = CASE WHEN state <> 'sending' THEN 'restored' END,
        error = 'A backup was restored: this was waiting then and may have been sent since.'
    WHERE state IN ('pending', 'dormant', 'sending') RETURNING id
)
, told AS (
    UPDATE notice SET cancelled_at = muster_now(), cancelled_why = 'restored'
    WHERE message_id IN (SELECT id FROM held) AND cancelled_at IS NULL RETURNING id
)
SELECT count(*) FROM held
"""


LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


@dataclass(frozen=True)
class Restoring:
    """What is in the way of a restore: rows that would go."""

    learners: int | None
    foreign: list[str]


async def look_at(url: str) -> Restoring:
    """What is in the database now; `learners` is None where Muster has never been. Raises `BackupError`."""
    async with reached(url) as connection:
        if await connection.fetchval(_AT_WORK):
            raise BackupError("Muster is at work on this database: stop it first")
        await schema_swap.hold_schema(connection)
        await schema_swap.put_back(connection)
        tables = {row["tablename"] for row in await connection.fetch(TABLES)}
        learners = await connection.fetchval("SELECT count(*) FROM learner") if "learner" in tables else None
        extensions = [row["extname"] for row in await connection.fetch(_FOREIGN)]
        # A later Muster may have made tables that the backup does not know; without any of Muster's all are others'.
        foreign = sorted(tables) if learners is None else []
        return Restoring(learners, [*extensions, *foreign])


async def restore(url: str, file: Path, manifest: Manifest, *, send_mail: bool) -> int:
    """Put the backup in the place of what is there; how many messages were held back. Raises `BackupError`."""
    async with reached(url) as connection:
        await schema_swap.hold_schema(connection)
        await schema_swap.set_aside(connection)
        try:
            # The dump brings the schema itself.
            server = connection.get_server_version().major
            await programs.undump(url, pieces(file), server=server)
            _compare(manifest.rows, await rows_by_table(connection))
            held = 0 if send_mail else await connection.fetchval(_HOLD_MAIL)
            await schema_swap.forget(connection)
        except (BackupError, *LOST, asyncio.CancelledError) as error:
            await _put_back(connection, error)
            raise
        await connection.execute("ANALYZE")
        return int(held)


async def _put_back(connection: asyncpg.Connection, error: BaseException) -> None:
    """Undo what came to nothing because of `error`. Raises `BackupError` when the database is lost too."""
    try:
        await schema_swap.put_back(connection)
    except LOST as lost:
        raise BackupError(
            f"{error}; then the database was lost ({lost}). Nothing is: what was there before comes back with the next "
            "command of Muster that reaches the database"
        ) from error


def _compare(wanted: dict[str, int], rows: dict[str, int]) -> None:
    wrong = [
        f"{name} has {rows.get(name)} rows, not {number}"
        for name, number in wanted.items()
        if rows.get(name) != number
    ]
    if wrong:
        raise BackupError(f"what was restored is not what was backed up: {'; '.join(wrong)}")
