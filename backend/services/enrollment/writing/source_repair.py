"""Enrollments follow their sources: what differs is found and put right, by the daily check, the doctor and whoever confirms a plan."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from backend.database import execute, fetch, transaction
from backend.runtime import clock
from backend.services.enrollment.writing import leaving_statements, repair_statements
from backend.services.enrollment.writing import repair_statements as sql
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, settle
from backend.services.enrollment.writing.hand_picked import hand_picked_methods
from backend.tables import Run

# People a transaction, of one session: about a second, in which others wait for it.
CHUNK = 5_000
# So many people one check looks at; what more there are is for the next one.
MOST = 1_000_000


class Unequal(msgspec.Struct):
    """One session's people whose enrollments are not what their sources say, or completed while their standing is not."""

    sourceless: list[int] = []
    unheld: list[int] = []
    unsettled: list[int] = []
    uncompleted: list[int] = []


async def find_unequal(*, dates: bool = True) -> dict[int, Unequal]:
    """By session, whose enrollments differ from their sources; `dates`: due dates and roles are looked at, too."""
    found: dict[int, Unequal] = defaultdict(Unequal)
    statements = {"sourceless": sql.SOURCELESS, "unheld": sql.UNHELD}
    if dates:
        statements |= {"unsettled": sql.UNSETTLED, "uncompleted": sql.UNCOMPLETED}
    for name, statement in statements.items():
        for row in await fetch(statement, None, MOST):
            getattr(found[row["session_id"]], name).append(row["learner_id"])
    return found


async def repair_all(*, dates: bool = True) -> dict[int, Unequal]:
    """Put right what differs, in bounded transactions; what was found, by session."""
    found = await find_unequal(dates=dates)
    for session_id in sorted(found):
        while await repair(session_id, dates=dates):
            pass
    return found


async def repair(session_id: int, actor_id: int | None = None, *, dates: bool = True) -> bool:
    """Put right up to `CHUNK` people of a session, in a transaction of its own or the caller's; whether there may be more."""
    async with transaction():
        if not await lock_sessions([session_id]):
            return False
        chunk = {
            name: [row["learner_id"] for row in await fetch(statement, session_id, CHUNK)]
            for name, statement in (("sourceless", sql.SOURCELESS), ("unheld", sql.UNHELD))
        }
        if any(chunk.values()):
            run_id = await _run(session_id, actor_id)
            await _give_sources(run_id, session_id, chunk["sourceless"], actor_id)
            await execute(sql.REVIVE, session_id, chunk["unheld"], run_id, clock.now())
            await _count(run_id)
        unsettled: list[int] = []
        if dates:
            unsettled = [row["learner_id"] for row in await fetch(sql.UNSETTLED, session_id, CHUNK)]
        if unsettled:
            run_id = await _run(session_id, actor_id)
            await settle(run_id, session_id, unsettled)
            await _count(run_id)
        uncompleted: list[int] = []
        if dates:
            uncompleted = [row["learner_id"] for row in await fetch(sql.UNCOMPLETED, session_id, CHUNK)]
            await execute(sql.COMPLETE, session_id, uncompleted)
    return any(len(people) == CHUNK for people in (*chunk.values(), unsettled, uncompleted))


async def _run(session_id: int, actor_id: int | None) -> int:
    now = clock.now()
    made = await Run.insert(
        Run(
            session_id=session_id,
            cause="check",
            actor_id=actor_id or None,
            state="applied",
            created_at=now,
            finished_at=now,
        )
    ).returning(Run.id)
    run_id: int = made[0]["id"]
    return run_id


async def _give_sources(
    run_id: int, session_id: int, learner_ids: Sequence[int], actor_id: int | None
) -> None:
    """Whoever is enrolled stays, and has a source again."""
    if not learner_ids:
        return
    last = await fetch(sql.LAST_SOURCES, session_id, list(learner_ids))
    picked = await hand_picked_methods([session_id], actor_id)
    await execute(
        leaving_statements.KEEP,
        [row["method_id"] for row in last],
        [row["learner_id"] for row in last],
        [run_id] * len(last),
        [session_id] * len(last),
        clock.now(),
        list(picked),
        list(picked.values()),
    )


async def _count(run_id: int) -> None:
    """A run that changed no enrollment leaves no trace, but where it gave sources."""
    await execute(
        repair_statements.COUNT_ENTERED,
        run_id,
    )
