"""Who is enrolled in an activity, in all of its sessions together."""

from backend.index import Follower
from backend.schemas.base import Page
from backend.schemas.enrollment import enrollments as wire
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import instructed_sessions, led_groups, team_groups
from backend.services.access.rights import activity_for
from backend.services.access.statements import IS_REPORT
from backend.services.audiences.index_access import loaded_index
from backend.services.enrollment.lists.enrollment_lists import (
    EnrollmentQuery,
    page_of_enrollments,
    page_of_waiting,
)
from backend.services.where_clauses import Conditions

# As `session_for` and `of_session` decide for one session: all of those that one coaches or instructs, and of those in
# the catalogs of one's team the team alone.
_OPEN = f"""
s.group_id = ANY({{1}}::integer[]) OR s.id = ANY({{2}}::integer[])
OR s.catalog IN ('group', 'everyone') AND s.group_id = ANY({{3}}::integer[]) AND {IS_REPORT}
"""


async def of_activity(
    actor: Actor, follower: Follower, activity_id: int, query: EnrollmentQuery
) -> Page[wire.Enrollment]:
    """Who is, or was, enrolled in the sessions of the activity whose lists the actor sees; only people who count."""
    await activity_for(actor, activity_id, "see")
    conditions = Conditions()
    conditions.add("s.activity_id = {}", activity_id)
    conditions.add("l.status IN ('invited', 'active')")
    if not actor.is_admin:
        conditions.add(
            _OPEN,
            actor.id,
            list(await led_groups(actor)),
            list(await instructed_sessions(actor)),
            list(await team_groups(actor)),
        )
    index = await loaded_index(follower)
    if query.state == "blocked":
        return await page_of_waiting(actor, index, conditions, query)
    conditions.add("e.activity_id = {}", activity_id)
    return await page_of_enrollments(actor, index, conditions, query)
