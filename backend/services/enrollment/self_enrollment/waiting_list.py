"""Places of self enrollment: whoever comes when all are taken waits, and moves up by themselves when one is free."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from backend.database import execute, fetch, fetch_value, transaction
from backend.runtime import clock
from backend.services.enrollment.self_enrollment import waiting_statements
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, write
from backend.services.enrollment.writing.writes import Write
from backend.services.statements import TIME_ZONE


async def is_full(method_id: int) -> bool:
    """Whether all places of the method, or of its session, are taken. The caller holds the session's lock."""
    return bool(await fetch_value(waiting_statements.IS_FULL, method_id))


async def wait_for_place(method_id: int, session_id: int, learner_id: int) -> None:
    """Put somebody at the end of the list; who waits already keeps their turn."""
    await execute(waiting_statements.WAIT, method_id, session_id, learner_id, clock.now())


async def position_of(session_id: int, learner_id: int) -> int | None:
    """Whose turn it is, from 1; None for who does not wait."""
    found: int | None = await fetch_value(waiting_statements.POSITION, session_id, learner_id)
    return found


async def waiting_in(session_ids: Sequence[int]) -> dict[int, int]:
    """How many wait for a place, by session; sessions that nobody waits in are left out."""
    rows = await fetch(waiting_statements.WAITING, list(session_ids))
    return {row["session_id"]: row["people"] for row in rows}


async def fill_all() -> None:
    """Let people move up wherever there are places: a job, for places become free in many ways."""
    async with transaction():
        await execute(waiting_statements.HAVE_PLACES, None)
    for row in await fetch(waiting_statements.SESSIONS_TO_FILL, clock.now()):
        async with transaction():
            await lock_sessions([row["session_id"]])
            await fill(row["session_id"])


async def fill(session_id: int) -> None:
    """Enroll who waits, the first first, as far as there are places. The caller holds the session's lock.

    Who is enrolled in another way by now takes no place.
    """
    now = clock.now()
    await execute(waiting_statements.HAVE_PLACES, session_id)
    day = clock.day_of(now, await fetch_value(TIME_ZONE))
    people: dict[int, list[int]] = defaultdict(list)
    for row in await fetch(waiting_statements.NEXT, session_id, now, day):
        people[row["method_id"]].append(row["learner_id"])
    await write(list(_writes(session_id, people.items())))
    await execute(waiting_statements.HAVE_PLACES, session_id)


def _writes(session_id: int, people: Iterable[tuple[int, list[int]]]) -> Iterable[Write]:
    for method_id, learners in people:
        yield Write(
            method_id=method_id,
            session_id=session_id,
            cause="self",
            entering=learners,
            detail={"moved_up": True},
        )
