"""Certificates for what was completed: seen by comparing who had completed what before and after a write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend import clock
from backend.database import fetch

Pair = tuple[int, int]

# The activities themselves and all that contain them, as far as they award a certificate.
_CERTIFIED = """
WITH RECURSIVE up(base, id) AS (
    SELECT a, a FROM unnest($1::integer[]) AS w(a)
    UNION
    SELECT up.base, s.activity_id FROM step s JOIN up ON s.child_activity_id = up.id
)
SELECT up.base, up.id AS activity_id FROM up JOIN certificate c ON c.activity_id = up.id
"""
_COMPLETED = """
SELECT s.learner_id, s.activity_id, s.completed_at
FROM unnest($1::integer[], $2::integer[]) AS w(l, a)
JOIN standing s ON s.learner_id = w.l AND s.activity_id = w.a
WHERE s.status = 'completed'
"""
# Expiry is counted in months of the organisation's calendar.
_ISSUE = """
INSERT INTO award (learner_id, certificate_id, issued_at, expires_at)
SELECT w.learner_id, c.id, w.issued_at,
       ((w.issued_at AT TIME ZONE o.timezone) + make_interval(months => c.valid_months)) AT TIME ZONE o.timezone
FROM organisation o, unnest($1::integer[], $2::integer[], $3::timestamptz[]) AS w(learner_id, activity_id, issued_at)
JOIN certificate c ON c.activity_id = w.activity_id
WHERE NOT EXISTS (
    SELECT FROM award a
    WHERE a.learner_id = w.learner_id AND a.certificate_id = c.id AND a.issued_at >= w.issued_at)
RETURNING learner_id
"""
_AWARDED = """
SELECT w.l, w.a FROM unnest($1::integer[], $2::integer[]) AS w(l, a)
JOIN certificate c ON c.activity_id = w.a
WHERE EXISTS (SELECT FROM award x WHERE x.learner_id = w.l AND x.certificate_id = c.id)
"""


async def _completed(pairs: Sequence[Pair]) -> dict[Pair, datetime | None]:
    rows = await fetch(_COMPLETED, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
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
        for row in await fetch(_CERTIFIED, list({activity for _, activity in touched})):
            above.setdefault(row["base"], []).append(row["activity_id"])
        pairs = sorted({(learner, found) for learner, base in touched for found in above.get(base, ())})
        activities = list({activity for _, activity in pairs})
        stepped = await fetch("SELECT DISTINCT activity_id FROM step WHERE activity_id = ANY($1)", activities)
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
            for row in await fetch(_AWARDED, [p[0] for p in now_completed], [p[1] for p in now_completed])
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
        issued = await fetch(_ISSUE, *([row[i] for row in wanted] for i in range(3)))
        return len(issued)
