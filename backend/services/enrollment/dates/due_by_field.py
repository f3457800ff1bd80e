"""People who are due by a date of their own: once that has changed, so do the due dates of what they are enrolled in."""

from collections import defaultdict

from backend.database import fetch, transaction
from backend.runtime import clock
from backend.services.enrollment.dates import due_by_field_statements as sql
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, settle
from backend.tables import Run

# People a transaction.
CHUNK = 2_000


async def settle_all() -> None:
    """Look again at whoever waits for it: a job, which can run twice and die anywhere."""
    while await _settle_some() == CHUNK:
        pass


async def _settle_some() -> int:
    """Up to `CHUNK` of them; how many. What is taken and what it leads to are written together."""
    async with transaction():
        taken = await fetch(sql.TAKE, CHUNK)
        if not taken:
            return 0
        rows = await fetch(
            sql.CONCERNED, [row["field_id"] for row in taken], [row["learner_id"] for row in taken]
        )
        people: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        for row in rows:
            people[row["session_id"], row["method_id"], row["field_id"]].append(row["learner_id"])
        await lock_sessions([session_id for session_id, _, _ in people])
        for (session_id, method_id, field_id), learner_ids in people.items():
            await _settle(session_id, method_id, field_id, learner_ids)
    return len(taken)


async def _settle(session_id: int, method_id: int, field_id: int, learner_ids: list[int]) -> None:
    now = clock.now()
    run = Run(
        method_id=method_id,
        session_id=session_id,
        cause="change",
        state="applied",
        created_at=now,
        finished_at=now,
    )
    run_id: int = (await Run.insert(run).returning(Run.id))[0]["id"]
    reason = {"facet": "field", "ref": field_id, "name": None, "old": None, "new": None}
    if not await settle(run_id, session_id, learner_ids, reason):
        # Another reason of theirs decides when they are due.
        await Run.delete().where(Run.id == run_id)
