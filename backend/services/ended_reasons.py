"""Why enrollments are without a method: they ended, or stay by policy."""

from collections.abc import Sequence
from typing import Any

from asyncpg import Record

from backend.database import fetch
from backend.enrollment.causes import OF_RUNS
from backend.index import FacetIndex
from backend.schemas.enrolling.reasons import Reason
from backend.services.reason_reading import ReasonReader

# $1 sessions, $2 learners. The run that took the last source, or ended an enrollment that had none, and what it recorded.
_ENDED = """
SELECT p.session_id, p.learner_id, r.cause, r.method_id, r.detail->>'text' AS note, r.detail->>'act' AS act,
       r.detail->'method_after'->>'deleted_at' IS NOT NULL AS method_removed,
       (SELECT c.reason FROM run_changes_of(r.id, ARRAY[p.learner_id]) c WHERE c.change = 'left' LIMIT 1) AS reason
FROM unnest($1::integer[], $2::integer[]) AS p(session_id, learner_id)
CROSS JOIN LATERAL (
    SELECT max(run_id) AS run_id FROM (
        SELECT x.end_run_id AS run_id FROM source x WHERE x.learner_id = p.learner_id AND x.session_id + 0 = p.session_id
        UNION ALL
        SELECT c.run_id FROM run_change c JOIN run o ON o.id = c.run_id
        WHERE c.learner_id = p.learner_id AND c.change = 'left' AND o.session_id = p.session_id AND o.state = 'applied'
    ) ended
) last
JOIN run r ON r.id = last.run_id
"""

Key = tuple[int, int]


async def ended_reasons(index: FacetIndex, reader: ReasonReader, rows: Sequence[Record]) -> dict[Key, Reason]:
    """By session and learner, of enrollments that have ended; one query."""
    ended = [row for row in rows if row["state"] == "expired"]
    if not ended:
        return {}
    found = await fetch(_ENDED, [row["session_id"] for row in ended], [row["learner_id"] for row in ended])
    return {(row["session_id"], row["learner_id"]): _reason(index, reader, row) for row in found}


def _reason(index: FacetIndex, reader: ReasonReader, row: Any) -> Reason:
    learner_id = row["learner_id"]
    # What was said of somebody is for those who look after them.
    note = None if reader.own == learner_id else row["note"]
    if row["act"] is not None or (row["reason"] or {}).get("facet") == "by_hand":
        return reader.of_act("by_hand", note)
    told = reader.tell(index, row["reason"], method_id=row["method_id"], learner_id=learner_id)
    if told is not None:
        return told
    return reader.of_act("method_removed" if row["method_removed"] else OF_RUNS.get(row["cause"], "unknown"))
