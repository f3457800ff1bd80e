"""What lately happened to people in a session, read from the change log, with the fact behind it.

What many share is one happening with their number, as the socket tells it: a fill of thousands is not a list of whoever comes
first in it, and does not push out what happened before.
"""

from typing import Any

from asyncpg import Record

from backend.database import fetch
from backend.index import FacetIndex, Follower
from backend.schemas.board import Happening, HappeningLearner, Happenings
from backend.services.actor import Actor
from backend.services.audiences import loaded
from backend.services.reason_reading import ReasonReader, reader_of
from backend.services.rights import session_for

# A ticker is for what is happening; the runs keep the rest.
MOST = 100
# An enrollment's due date may change without anything happening; so a few more rows are read than are shown.
READ_AHEAD = 3

_LATEST = """
SELECT c.seq, c.at, c.facet, c.old, c.new, c.people, l.id AS learner_id, l.first_name, l.last_name,
       why.reason, why.method_id, c.ref_id
FROM (
    -- The first of many stands for all of them: they share the reason, too.
    (SELECT seq, at, facet, ref_id, old, new, coalesce(learner_id, learners[1]) AS learner_id,
            coalesce(cardinality(learners), 1) AS people, learners IS NOT NULL AS shared
     FROM change_log WHERE facet = 'enrollment' AND ref_id = $1 ORDER BY seq DESC LIMIT $2)
    UNION ALL
    (SELECT seq, at, facet, ref_id, old, new, learner_id, 1, false FROM change_log WHERE facet = 'blocked'
     AND ref_id IN (SELECT id FROM enrollment_method WHERE session_id = $1) ORDER BY seq DESC LIMIT $2)
    ORDER BY seq DESC LIMIT $2
) c
JOIN learner l ON l.id = c.learner_id
LEFT JOIN LATERAL (
    -- The run that wrote this change did so in the same transaction, a moment before.
    SELECT did.reason, r.method_id FROM (
        SELECT run_id, change, reason FROM run_change WHERE learner_id = c.learner_id AND NOT c.shared
        UNION ALL
        SELECT s.run_id, s.change, s.reason FROM source x JOIN run_change_shared s ON s.run_id IN (x.run_id, x.end_run_id)
        WHERE c.shared AND x.learner_id = c.learner_id AND x.session_id = $1
          AND c.learner_id BETWEEN s.first_id AND s.last_id AND c.learner_id = ANY(s.learners)
    ) did JOIN run r ON r.id = did.run_id
    WHERE r.session_id = $1 AND did.reason IS NOT NULL
      AND r.created_at BETWEEN c.at - interval '10 seconds' AND c.at + interval '1 second'
      AND did.change = CASE WHEN c.facet = 'blocked' THEN CASE WHEN c.new IS NULL THEN 'unblocked' ELSE 'blocked' END
                            WHEN c.new IS NULL OR c.new->>0 = 'expired' THEN 'left' ELSE 'entered' END
    ORDER BY did.run_id DESC LIMIT 1
) why ON true
ORDER BY c.seq DESC
"""
_GONE = (None, "expired")


def event_of(facet: str, old: Any, new: Any) -> str | None:
    """The name of what a row of the log means for a session; None when nothing visible happened."""
    if facet == "blocked":
        return "unblocked" if new is None else "blocked"
    before, after = old and old[0], new and new[0]
    if before == after:
        return None
    if after == "completed" and before not in _GONE:
        return "completed"
    if before in _GONE:
        return "entered"
    return "left" if after in _GONE else "updated"


def _happening(row: Record, event: str, index: FacetIndex, reader: ReasonReader) -> Happening:
    learner_id = row["learner_id"]
    blocks = row["facet"] == "blocked"
    learner = None
    # Who only waits is no participant: they are named to those who see them anyway.
    if row["people"] == 1 and (not blocks or reader.sees(index, learner_id)):
        learner = HappeningLearner(id=learner_id, first_name=row["first_name"], last_name=row["last_name"])
    reason = reader.tell(index, row["reason"], method_id=row["method_id"], learner_id=learner_id)
    if event == "blocked":
        reason = reader.elsewhere(index, row["new"])
    return Happening(
        event=event, learner=learner, count=row["people"], reason=reason, at=row["at"], position=row["seq"]
    )


async def latest(actor: Actor, follower: Follower, session_id: int, limit: int) -> Happenings:
    """Up to `limit` happenings, the latest first. Raises `NotFound` or `Forbidden` as the board itself."""
    await session_for(actor, session_id)
    index, reader = await loaded(follower), await reader_of(actor)
    items: list[Happening] = []
    for row in await fetch(_LATEST, session_id, limit * READ_AHEAD):
        event = event_of(row["facet"], row["old"], row["new"])
        if event is not None and len(items) < limit:
            items.append(_happening(row, event, index, reader))
    return Happenings(items=items)
