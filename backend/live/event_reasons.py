"""Who it was that something happened to, and why: by the run that the log names, told alike by sockets, timelines and runs."""

from collections.abc import Iterable
from typing import Any

from asyncpg import Record

from backend.database import fetch
from backend.enrollment.events import recorded_as
from backend.index import FacetIndex
from backend.live.connection import ReasonSource
from backend.schemas.enrollment.reasons import Reason

# Learner, event, and the run that did it, where one did.
Happened = tuple[int, str, int | None]

# What many share is recorded once; what a few are told of is looked for where each is by themselves first.
_WHO_AND_WHY = """
SELECT w.learner_id, l.first_name, l.last_name, why.reason, r.method_id,
       coalesce(nullif(trim(concat_ws(' ', nullif(by.first_name, ''), nullif(by.last_name, ''))), ''), by.email) AS by_name
FROM unnest($1::integer[], $2::text[], $3::bigint[]) WITH ORDINALITY AS w(learner_id, change, run_id, place)
LEFT JOIN learner l ON l.id = w.learner_id
LEFT JOIN run r ON r.id = w.run_id
LEFT JOIN learner by ON by.id = r.actor_id
LEFT JOIN LATERAL (
    SELECT c.reason FROM run_change c
    WHERE c.run_id = w.run_id AND c.learner_id = w.learner_id AND c.change = w.change
    UNION ALL
    SELECT s.reason FROM run_change_shared s
    WHERE s.run_id = w.run_id AND s.change = w.change AND w.learner_id BETWEEN s.first_id AND s.last_id
      AND w.learner_id = ANY(s.learners)
    LIMIT 1
) why ON true
ORDER BY w.place
"""


async def who_and_why(happened: Iterable[Happened]) -> dict[Happened, Record]:
    """Of each the person's `first_name` and `last_name`, None of those who are gone, and `reason`, `method_id` and `by_name` of the run."""
    asked = list(dict.fromkeys(happened))
    if not asked:
        return {}
    learners, events, runs = zip(*asked, strict=True)
    rows = await fetch(_WHO_AND_WHY, list(learners), [recorded_as(event) for event in events], list(runs))
    return dict(zip(asked, rows, strict=True))


def reason_of(  # noqa: PLR0913 - what is known of it, and who asks
    index: FacetIndex,
    reader: ReasonSource,
    event: str,
    *,
    learner_id: int,
    recorded: Any,
    method_id: int | None,
    other_session_id: Any,
    by: str | None = None,
) -> Reason | None:
    """Why it happened, as far as the reader may know: of who waits, where they are enrolled; of all else, what the run recorded."""
    if event == "blocked":
        return reader.elsewhere(index, other_session_id)
    return reader.tell(index, recorded, method_id=method_id, learner_id=learner_id, by=by)
