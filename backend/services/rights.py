"""Access functions: the only way to a learner, group, activity or session on somebody's behalf.

Each returns the row, or raises `NotFound` (it does not exist, or the actor may not know of it) or `Forbidden`
(they may know of it, but not do this).
"""

from typing import Literal

from asyncpg import Record

from backend.database import fetch_row, fetch_value
from backend.schemas.commons import LARGEST_ID
from backend.services.actor import Actor
from backend.services.errors import Forbidden, NotFound
from backend.services.reach import (
    administered_groups,
    containing_groups,
    instructed_sessions,
    is_staff,
    joined_groups,
    led_groups,
    team_groups,
)

GroupNeed = Literal["see", "members", "manage"]
LearnerNeed = Literal["see", "manage"]
SessionNeed = Literal["see", "view", "enroll", "manage"]
ActivityNeed = Literal["see", "manage"]

_ENROLLED_SESSION = "SELECT 1 FROM enrollment WHERE session_id = $1 AND learner_id = $2"
# An activity is seen through a session of it, or as a step of one that is seen.
_SEEN_ACTIVITY = """
WITH RECURSIVE above(id) AS (
    SELECT $1::integer
    UNION SELECT s.activity_id FROM step s JOIN above ON s.child_activity_id = above.id
)
SELECT 1 FROM session s JOIN above a ON a.id = s.activity_id
WHERE s.catalog = 'everyone' OR (s.catalog = 'group' AND s.group_id = ANY($3::integer[]))
   OR EXISTS (SELECT FROM enrollment e WHERE e.session_id = s.id AND e.learner_id = $2)
LIMIT 1
"""
_SEEN_LEARNER = """
SELECT 1 FROM membership WHERE learner_id = $1 AND group_id = ANY($2::integer[])
UNION ALL
SELECT 1 FROM enrollment WHERE learner_id = $1 AND session_id = ANY($3::integer[])
LIMIT 1
"""
# Whether $2 is among the managers above the learner $1. Circles end where they were before.
_ABOVE = """
WITH RECURSIVE above(id) AS (
    SELECT manager_id FROM learner WHERE id = $1
    UNION SELECT l.manager_id FROM learner l JOIN above a ON l.id = a.id
)
SELECT EXISTS (SELECT FROM above WHERE id = $2)
"""


def require_admin(actor: Actor) -> None:
    """Raises `Forbidden` unless the actor is a platform admin."""
    if not actor.is_admin:
        raise Forbidden("Only platform admins may do this.")


async def _row(table: str, id_: int, what: str) -> Record:
    row = await fetch_row(f"SELECT * FROM {table} WHERE id = $1", id_) if 0 < id_ <= LARGEST_ID else None
    if row is None:
        raise NotFound(f"There is no {what} {id_}.")
    return row


async def is_inside(actor: Actor, group_id: int) -> bool:
    """Whether a private group shows the actor its name: they are in it, or lead it."""
    return actor.is_admin or group_id in await joined_groups(actor) or group_id in await led_groups(actor)


async def group_for(actor: Actor, group_id: int, need: GroupNeed = "see") -> Record:
    """The row of `learner_group`.

    `see`: one's own groups, and for staff every group (a private one without its name, see `is_inside`);
    `members`: admins and coaches of it; `manage`: admins of it.
    """
    row = await _row("learner_group", group_id, "group")
    if actor.is_admin:
        return row
    if not await is_inside(actor, group_id) and not await is_staff(actor):
        raise NotFound(f"There is no group {group_id}.")
    if need == "members" and group_id not in await led_groups(actor):
        raise Forbidden("Only admins and coaches of this group may see who is in it.")
    if need == "manage" and group_id not in await administered_groups(actor):
        raise Forbidden("Only admins of this group may change it.")
    return row


async def learner_for(actor: Actor, learner_id: int, need: LearnerNeed = "see") -> Record:
    """The row of `learner`.

    `see`: oneself, members of groups one leads, one's direct and indirect reports, people enrolled in sessions one
    instructs; `manage`: platform admins.
    """
    row = await _row("learner", learner_id, "learner")
    if actor.is_admin:
        return row
    mine = (
        actor.id in (learner_id, row["manager_id"])
        or await fetch_value(
            _SEEN_LEARNER, learner_id, list(await led_groups(actor)), list(await instructed_sessions(actor))
        )
        or await reports_to(actor, learner_id)
    )
    if not mine:
        raise NotFound(f"There is no learner {learner_id}.")
    if need == "manage":
        raise Forbidden("Only platform admins may change this account.")
    return row


async def reports_to(actor: Actor, learner_id: int) -> bool:
    """Whether the actor is the manager of this person, or of a manager above them."""
    found: bool = await fetch_value(_ABOVE, learner_id, actor.id)
    return found


async def is_session_staff(actor: Actor, session: Record) -> bool:
    """Whether the actor is platform admin, instructs the session, or is admin or coach of its group."""
    return (
        actor.is_admin
        or session["id"] in await instructed_sessions(actor)
        or session["group_id"] in await led_groups(actor)
    )


async def is_published_to_team(actor: Actor, session: Record) -> bool:
    """Whether managers enroll, and the session stands in the catalog of a group with somebody of the actor's team."""
    return session["catalog"] != "hidden" and session["group_id"] in await team_groups(actor)


async def session_for(actor: Actor, session_id: int, need: SessionNeed = "view") -> Record:
    """The row of `session`.

    `see`: it is in one's catalog or one is enrolled in it; `view` (who is enrolled, the board): admins and coaches of its
    group, its instructors; `enroll`: these too, and managers to whose team it is published, where managers enroll: whom and
    what, `enrolling_rights` says; `manage`: admins of its group.
    """
    row = await _row("session", session_id, "session")
    if actor.is_admin:
        return row
    if await is_session_staff(actor, row):
        if need == "manage" and row["group_id"] not in await administered_groups(actor):
            raise Forbidden("Only admins of this session's group may change it.")
        return row
    managed = await is_published_to_team(actor, row)
    if managed and need == "enroll":
        return row
    seen = (
        managed
        or row["catalog"] == "everyone"
        or (row["catalog"] == "group" and row["group_id"] in await containing_groups(actor))
        or await fetch_value(_ENROLLED_SESSION, session_id, actor.id)
    )
    if not seen:
        raise NotFound(f"There is no session {session_id}.")
    if need != "see":
        raise Forbidden("Only this session's coaches and instructors may do this.")
    return row


async def activity_for(actor: Actor, activity_id: int, need: ActivityNeed = "see") -> Record:
    """The row of `activity`. `see`: staff, and whoever sees a session of it or of one it is a step of."""
    row = await _row("activity", activity_id, "activity")
    if actor.is_admin:
        return row
    if not await is_staff(actor) and not await fetch_value(
        _SEEN_ACTIVITY, activity_id, actor.id, list(await containing_groups(actor) | await team_groups(actor))
    ):
        raise NotFound(f"There is no activity {activity_id}.")
    if need == "manage":
        raise Forbidden("Only platform admins may change activities.")
    return row
