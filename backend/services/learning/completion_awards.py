"""Certificates for what was completed: seen by comparing who had completed what before and after a write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.database import any_of, fetch
from backend.runtime import clock
from backend.services.learning import result_statements
from backend.tables import Step

Pair = tuple[int, int]


async def _completed(pairs: Sequence[Pair]) -> dict[Pair, datetime | None]:
    rows = await fetch(
        result_statements.COMPLETED_PAIRS, [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    )
    return {(row["learner_id"], row["activity_id"]): row["completed_at"] for row in rows}


@dataclass(slots=True)
class Completions:
    """Who had completed which certified activities before a write."""

    pairs: list[Pair]
    had: dict[Pair, datetime | None]
    with_steps: set[int]

    @classmethod
    async def before(cls, touched: Sequence[Pair]) -> "Completions":
        """Look at everything that results of these (learner, activity) pairs can complete."""
        above: dict[int, list[int]] = {}
        for row in await fetch(
            result_statements.CERTIFIED_ABOVE, list({activity for _, activity in touched})
        ):
            above.setdefault(row["base"], []).append(row["activity_id"])
        pairs = sorted({(learner, found) for learner, base in touched for found in above.get(base, ())})
        activities = list({activity for _, activity in pairs})
        stepped = await Step.select(Step.activity_id).where(any_of(Step.activity_id, activities)).distinct()
        return cls(pairs, await _completed(pairs) if pairs else {}, {row["activity_id"] for row in stepped})

    async def award(self, awarded_at: Mapping[Pair, datetime]) -> int:
        """Issue a certificate for everything completed since `before`; returns how many.

        An activity without steps that is completed anew, later, is awarded anew; one with steps when it becomes
        complete. What was awarded at or after that instant is not awarded again.
        """
        if not self.pairs:
            return 0
        now_completed = await _completed(self.pairs)
        holders = {
            (row["l"], row["a"])
            for row in await fetch(
                result_statements.ALREADY_AWARDED,
                [p[0] for p in now_completed],
                [p[1] for p in now_completed],
            )
        }
        wanted = []
        for pair, completed_at in now_completed.items():
            is_new = pair not in self.had or pair not in holders
            if not is_new and pair[1] not in self.with_steps:
                is_new = pair in awarded_at or completed_at != self.had[pair]
            if is_new:
                wanted.append((*pair, awarded_at.get(pair) or completed_at or clock.now()))
        if not wanted:
            return 0
        issued = await fetch(result_statements.ISSUE_AWARDS, *([row[i] for row in wanted] for i in range(3)))
        return len(issued)
