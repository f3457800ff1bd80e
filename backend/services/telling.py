"""Telling the people of large runs that they are enrolled: filed after the run is through, in chunks, before any mail goes out.

A notice and its message cost as much to write as the enrollment itself, and nobody reads them before the session starts or
the hour is full. So a large run writes one row here, in the transaction of its first chunk, and the workers file from it.
Killed anywhere, they go on after the last person told.
"""

import structlog
from asyncpg import Record

from backend import clock
from backend.database import DATABASE_LOST, execute, fetch, fetch_row, fetch_value, transaction
from backend.services import notices
from backend.services.enrollment_writer import lock_sessions

_log = structlog.get_logger("muster.telling")

# Notices a transaction: about 60 ms, in which others wait for the session.
CHUNK = 2_000

# Those whose enrollment is still the one that the run began, in the instant of its source: who left meanwhile has nothing to be
# told, who came back since is told by what brought them back, and who was enrolled before knows. `+ 0` has enrollments found by the person: of a session that has just been filled
# the planner thinks that it holds nobody, and would read all of it for each of them.
_UNTOLD = """
SELECT s.learner_id FROM source s
WHERE s.run_id = $1 AND s.learner_id > $3
  AND EXISTS (SELECT FROM enrollment e WHERE e.session_id + 0 = $2 AND e.learner_id = s.learner_id AND e.state <> 'expired'
                  AND e.since = s.since OFFSET 0)
ORDER BY s.learner_id LIMIT $4
"""

_OPEN = """
SELECT t.run_id, t.session_id FROM telling t JOIN run r ON r.id = t.run_id
WHERE r.state <> 'applying' AND NOT EXISTS (SELECT FROM run u WHERE u.undo_of = r.id AND u.state = 'applying')
ORDER BY t.run_id
"""

# Only tellers hold these rows; whoever takes the run back holds the session, and is looked for under its lock.
_NEXT = """
SELECT t.*, r.method_id FROM telling t JOIN run r ON r.id = t.run_id WHERE t.run_id = $1 FOR UPDATE OF t {free}
"""
_BEING_UNDONE = "SELECT EXISTS (SELECT FROM run u WHERE u.undo_of = $1 AND u.state = 'applying')"
_NEXT_OF_ALL, _NEXT_FREE = _NEXT.format(free=""), _NEXT.format(free="SKIP LOCKED")


async def ask(run_id: int, session_id: int) -> None:
    """Have the people whom the run enrolls told once it is through, as if that were now."""
    await execute(
        "INSERT INTO telling (run_id, session_id, enrolled_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        run_id,
        session_id,
        clock.now(),
    )


async def open_tellings() -> list[int]:
    """Runs that are through and whose people are not all told, oldest first.

    While one is being taken back nobody is told of it; whom the undo leaves alone is told after that.
    """
    return [row["run_id"] for row in await fetch(_OPEN)]


async def tell_all(*, wait: bool = True) -> None:
    """Until everybody is told whose run is through; without `wait`, leaving to other workers what they are at."""
    for run_id in await open_tellings():
        try:
            while await tell_next_chunk(run_id, wait=wait):
                pass
        except DATABASE_LOST:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the other runs' people and all other mail do not wait for it
            _log.exception("people of a run could not be told, trying again", run_id=run_id)


async def tell_next_chunk(run_id: int, *, wait: bool) -> bool:
    """File for some more people; whether there may be others."""
    async with transaction():
        telling = await fetch_row(_NEXT_OF_ALL if wait else _NEXT_FREE, run_id)
        if telling is None:
            return False
        # As whoever enrolls and unenrolls there: nobody leaves between being found enrolled and being told so.
        await lock_sessions([telling["session_id"]])
        if await fetch_value(_BEING_UNDONE, run_id):
            return False
        told = await _tell(telling)
        if len(told) < CHUNK:
            await execute("DELETE FROM telling WHERE run_id = $1", run_id)
            return False
        await execute("UPDATE telling SET last_learner_id = $2 WHERE run_id = $1", run_id, told[-1])
        return True


async def _tell(telling: Record) -> list[int]:
    rows = await fetch(_UNTOLD, telling["run_id"], telling["session_id"], telling["last_learner_id"], CHUNK)
    untold = [row["learner_id"] for row in rows]
    await notices.file_enrolled(
        untold, telling["session_id"], telling["method_id"], telling["run_id"], telling["enrolled_at"]
    )
    return untold
