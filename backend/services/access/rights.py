"""Access functions: the only way to a learner, group, activity or session on somebody's behalf.

Each returns the row, or raises `NotFound` (it does not exist, or the actor may not know of it) or `Forbidden`
(they may know of it, but not do this).
"""

from typing import Literal

from asyncpg import Record
from piccolo.table import Table

from backend.database import Row, fetch_value, row_by_id
from backend.services.access import statements
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import (
    administered_groups,
    containing_groups,
    instructed_course_groups,
    instructed_sessions,
    is_staff,
    joined_groups,
    led_groups,
    team_groups,
)
from backend.services.errors import Forbidden, NotFound
from backend.tables import Activity, Learner, LearnerGroup, Session
from backend.words import Message
from backend.words.nouns import there_is_no

GroupNeed = Literal["see", "members", "manage"]
LearnerNeed = Literal["see", "manage"]
SessionNeed = Literal["see", "class", "view", "enroll", "manage"]
ActivityNeed = Literal["see", "manage"]


def require_admin(actor: Actor) -> None:
    """Raises `Forbidden` unless the actor is a platform admin."""
    if not actor.is_admin:
        raise Forbidden(Message("Only platform admins may do this."))


async def _row(table: type[Table], id_: int, what: str) -> Record:
    row = await row_by_id(table, id_)
    if row is None:
        raise NotFound(there_is_no(what, id_))
    return row


async def is_inside(actor: Actor, group_id: int) -> bool:
    """Whether a private group shows the actor its name: they are in it, or lead it."""
    return actor.is_admin or group_id in await joined_groups(actor) or group_id in await led_groups(actor)


async def group_for(actor: Actor, group_id: int, need: GroupNeed = "see") -> Record:
    """The row of `learner_group`.

    `see`: one's own groups, and for staff every group (a private one without its name, see `is_inside`);
    `members`: admins and coaches of it; `manage`: admins of it.
    """
    row = await _row(LearnerGroup, group_id, "group")
    if actor.is_admin:
        return row
    if not await is_inside(actor, group_id) and not await is_staff(actor):
        raise NotFound(there_is_no("group", group_id))
    if need == "members" and group_id not in await led_groups(actor):
        raise Forbidden(Message("Only admins and coaches of this group may see who is in it."))
    if need == "manage" and group_id not in await administered_groups(actor):
        raise Forbidden(Message("Only admins of this group may change it."))
    return row


async def learner_for(actor: Actor, learner_id: int, need: LearnerNeed = "see") -> Record:
    """The row of `learner`.

    `see`: oneself, members of groups one leads, one's direct and indirect reports, people enrolled in sessions one
    instructs or in classes one instructs; `manage`: platform admins.
    """
    row = await _row(Learner, learner_id, "learner")
    if actor.is_admin:
        return row
    mine = (
        actor.id in (learner_id, row["manager_id"])
        or await fetch_value(
            statements.SEEN_LEARNER,
            learner_id,
            list(await led_groups(actor)),
            list(await instructed_sessions(actor)),
        )
        or await reports_to(actor, learner_id)
        or await _is_classmate(actor, learner_id)
    )
    if not mine:
        raise NotFound(there_is_no("learner", learner_id))
    if need == "manage":
        raise Forbidden(Message("Only platform admins may change this account."))
    return row


async def _is_classmate(actor: Actor, learner_id: int) -> bool:
    """Whether they are in a class that the actor instructs."""
    classes = await instructed_course_groups(actor)
    return bool(classes and await fetch_value(statements.SEEN_CLASSMATE, learner_id, list(classes)))


async def course_groups_in(actor: Actor, session_id: int) -> list[int]:
    """The classes of the session that the actor instructs."""
    return [one for one, session in (await instructed_course_groups(actor)).items() if session == session_id]


async def looks_after(actor: Actor, session_id: int, learner_id: int) -> bool:
    """Whether the actor, who is not of the session's staff, instructs a class of it that the person is in."""
    classes = await course_groups_in(actor, session_id)
    return bool(classes and await fetch_value(statements.IN_COURSE_GROUPS, classes, session_id, learner_id))


async def reports_to(actor: Actor, learner_id: int) -> bool:
    """Whether the actor is the manager of this person, or of a manager above them."""
    found: bool = await fetch_value(statements.ABOVE, learner_id, actor.id)
    return found


async def is_session_staff(actor: Actor, session: Row) -> bool:
    """Whether the actor is platform admin, instructs the session, or is admin or coach of its group."""
    return (
        actor.is_admin
        or session["id"] in await instructed_sessions(actor)
        or session["group_id"] in await led_groups(actor)
    )


async def is_published_to_team(actor: Actor, session: Row) -> bool:
    """Whether managers enroll, and the session stands in the catalog of a group with somebody of the actor's team."""
    return session["catalog"] in {"group", "everyone"} and session["group_id"] in await team_groups(actor)


async def session_for(actor: Actor, session_id: int, need: SessionNeed = "view") -> Record:
    """The row of `session`.

    `see`: it is in one's catalog, or one is enrolled in it or waits for a place; `class` (the people of a class): its staff, and instructors of a class
    of it, whose people `looks_after` tells; `view` (who is enrolled, the board): admins and coaches of its
    group, its instructors; `enroll`: these too, and managers to whose team it is published, where managers enroll: whom and
    what, `enrolling_rights` says; `manage`: admins of its group.
    """
    row = await _row(Session, session_id, "session")
    if actor.is_admin:
        return row
    if await is_session_staff(actor, row):
        if need == "manage" and row["group_id"] not in await administered_groups(actor):
            raise Forbidden(Message("Only admins of this session's group may change it."))
        return row
    managed = await is_published_to_team(actor, row)
    if managed and need == "enroll":
        return row
    instructs = bool(await course_groups_in(actor, session_id))
    if instructs and need == "class":
        return row
    seen = (
        managed
        or instructs
        or row["catalog"] == "everyone"
        or (row["catalog"] == "group" and row["group_id"] in await containing_groups(actor))
        or await fetch_value(statements.IS_OF_SESSION, session_id, actor.id)
    )
    if not seen:
        raise NotFound(there_is_no("session", session_id))
    if need != "see":
        raise Forbidden(Message("Only this session's coaches and instructors may do this."))
    return row


async def activity_for(actor: Actor, activity_id: int, need: ActivityNeed = "see") -> Record:
    """The row of `activity`. `see`: staff, and whoever sees a session of it or of one it is a step of."""
    row = await _row(Activity, activity_id, "activity")
    if actor.is_admin:
        return row
    if not await is_staff(actor) and not await fetch_value(
        statements.SEEN_ACTIVITY,
        activity_id,
        actor.id,
        list(await containing_groups(actor) | await team_groups(actor)),
    ):
        raise NotFound(there_is_no("activity", activity_id))
    if need == "manage":
        raise Forbidden(Message("Only platform admins may change activities."))
    return row
