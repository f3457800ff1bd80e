"""Until when people are enrolled who were picked by name: said with the pick, and taken back with its run.

See docs/decisions/0065-places-ends-and-priorities.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from backend.database import execute, fetch_value
from backend.runtime import clock
from backend.services.enrollment.writing import picked_until_statements as sql


async def put_end(run_id: int, method_id: int, learner_ids: Sequence[int], until: date | None) -> None:
    """Have the method hold these of its people until a day, or for good; the run keeps what was said before."""
    before = await fetch_value(sql.PUT, method_id, list(learner_ids), until, clock.now())
    if before:
        await execute(sql.KEEP, run_id, before)


async def undo_ends(method_id: int, kept: Iterable[Sequence[Any]], undo_id: int) -> None:
    """What was said before the run, [person, day or null], of those whom the method still holds."""
    by_day: dict[date | None, list[int]] = defaultdict(list)
    for learner_id, day in kept:
        by_day[None if day is None else date.fromisoformat(day)].append(learner_id)
    replaced: list[Any] = []
    for until, learner_ids in by_day.items():
        replaced += await fetch_value(sql.PUT, method_id, learner_ids, until, clock.now())
    if replaced:
        await execute(sql.KEEP, undo_id, replaced)
