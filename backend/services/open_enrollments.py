"""How much somebody still has before them, for lists of people: one question for all of a page."""

from collections.abc import Sequence

from backend import clock
from backend.database import fetch
from backend.schemas.people import OpenEnrollments
from backend.services.actor import Actor
from backend.services.reach import instructed_sessions, led_groups

# As the list of one person's enrollments: of others than oneself and one's team, those in sessions one sees.
_OPEN = """
SELECT e.learner_id, count(*) AS open, count(*) FILTER (WHERE e.due_at < $2) AS overdue
FROM enrollment e JOIN session s ON s.id = e.session_id JOIN learner l ON l.id = e.learner_id
WHERE e.learner_id = ANY($1::integer[]) AND e.state IN ('active', 'suspended')
  AND ($3 OR $4 IN (l.id, l.manager_id) OR s.group_id = ANY($5::integer[]) OR s.id = ANY($6::integer[]))
GROUP BY e.learner_id
"""


async def open_enrollments(actor: Actor, learner_ids: Sequence[int]) -> dict[int, OpenEnrollments]:
    """Of each of these people, whom the actor may see."""
    groups, sessions = await led_groups(actor), await instructed_sessions(actor)
    rows = await fetch(
        _OPEN, list(learner_ids), clock.now(), actor.is_admin, actor.id, list(groups), list(sessions)
    )
    found = {row["learner_id"]: OpenEnrollments(open=row["open"], overdue=row["overdue"]) for row in rows}
    return {one: found.get(one, OpenEnrollments(open=0, overdue=0)) for one in learner_ids}
