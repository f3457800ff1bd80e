"""How much somebody still has before them, for lists of people: one question for all of a page."""

from collections.abc import Sequence

from backend.database import fetch
from backend.runtime import clock
from backend.schemas.people import OpenEnrollments
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import instructed_sessions, led_groups
from backend.services.people import statements


async def open_enrollments(actor: Actor, learner_ids: Sequence[int]) -> dict[int, OpenEnrollments]:
    """Of each of these people, whom the actor may see."""
    groups, sessions = await led_groups(actor), await instructed_sessions(actor)
    rows = await fetch(
        statements.OPEN_ENROLLMENTS,
        list(learner_ids),
        clock.now(),
        actor.is_admin,
        actor.id,
        list(groups),
        list(sessions),
    )
    found = {row["learner_id"]: OpenEnrollments(open=row["open"], overdue=row["overdue"]) for row in rows}
    return {one: found.get(one, OpenEnrollments(open=0, overdue=0)) for one in learner_ids}
