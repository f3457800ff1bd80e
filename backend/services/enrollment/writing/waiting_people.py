"""Those who wait no longer for a place elsewhere: their rows go run by run, for the log cannot tell from what is gone whose doing it was."""

from collections import defaultdict
from collections.abc import Sequence

from asyncpg import Record

from backend.database import any_of, fetch, logged_as
from backend.services.enrollment.writing import enrollment_statements as sql
from backend.tables import Blocked


async def free(entered: Sequence[Record]) -> None:
    """Whoever waited among those whom `ENTER` enrolled; that they were set free is noted there."""
    waiting: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in entered:
        if row["waited"]:
            waiting[row["method_id"], row["run_id"]].append(row["learner_id"])
    for (method_id, run_id), learner_ids in waiting.items():
        async with logged_as(run_id):
            await Blocked.delete().where(
                Blocked.method_id == method_id, any_of(Blocked.learner_id, learner_ids)
            )


async def release(method_id: int, run_id: int, learner_ids: Sequence[int], reasons: Sequence[object]) -> int:
    """The method wants them no longer; how many waited for it."""
    async with logged_as(run_id):
        return len(await fetch(sql.RELEASE, method_id, list(learner_ids), run_id, list(reasons)))
