"""Telling the people of large runs that they are enrolled: filed after the run is through, in chunks, before any mail goes out.

A notice and its message cost as much to write as the enrollment itself, and nobody reads them before the session starts or
the hour is full. So a large run writes one row here, in the transaction of its first chunk, and the workers file from it.
Killed anywhere, they go on after the last person told.
"""

import structlog
from asyncpg import Record

from backend.database import DATABASE_LOST, fetch, fetch_row, fetch_value, transaction
from backend.runtime import clock
from backend.services.enrollment.runs import run_statements
from backend.services.enrollment.writing.enrollment_writer import lock_sessions
from backend.services.mail import notices
from backend.tables import Telling

_log = structlog.get_logger("muster.telling")

# Notices a transaction: about 60 ms, in which others wait for the session.
CHUNK = 2_000


async def request_notifications(run_id: int, session_id: int) -> None:
    """Have the people whom the run enrolls told once it is through, as if that were now."""
    request = Telling(run_id=run_id, session_id=session_id, enrolled_at=clock.now())
    await Telling.insert(request).on_conflict(action="DO NOTHING")


async def open_notifications() -> list[int]:
    """Runs that are through and whose people are not all told, oldest first.

    While one is being taken back nobody is told of it; whom the undo leaves alone is told after that.
    """
    return [row["run_id"] for row in await fetch(run_statements.OPEN_NOTIFICATIONS)]


async def file_all(*, wait: bool = True) -> None:
    """Until everybody is told whose run is through; without `wait`, leaving to other workers what they are at."""
    for run_id in await open_notifications():
        try:
            while await file_next_chunk(run_id, wait=wait):
                pass
        except DATABASE_LOST:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the other runs' people and all other mail do not wait for it
            _log.exception("people of a run could not be told, trying again", run_id=run_id)


async def file_next_chunk(run_id: int, *, wait: bool) -> bool:
    """File for some more people; whether there may be others."""
    async with transaction():
        telling = await fetch_row(run_statements.NEXT_OF_ALL if wait else run_statements.NEXT_FREE, run_id)
        if telling is None:
            return False
        # As whoever enrolls and unenrolls there: nobody leaves between being found enrolled and being told so.
        await lock_sessions([telling["session_id"]])
        if await fetch_value(run_statements.BEING_UNDONE, run_id):
            return False
        told = await _file(telling)
        if len(told) < CHUNK:
            await Telling.delete().where(Telling.run_id == run_id)
            return False
        await Telling.update({Telling.last_learner_id: told[-1]}).where(Telling.run_id == run_id)
        return True


async def _file(telling: Record) -> list[int]:
    rows = await fetch(
        run_statements.UNTOLD_OF_RUN,
        telling["run_id"],
        telling["session_id"],
        telling["last_learner_id"],
        CHUNK,
    )
    untold = [row["learner_id"] for row in rows]
    await notices.file_enrolled(
        untold, telling["session_id"], telling["method_id"], telling["run_id"], telling["enrolled_at"]
    )
    return untold
