"""Classes of a session: made, changed and deleted by who runs it, seen by these and by who instructs them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from asyncpg import Record
from msgspec import UNSET
from msgspec.structs import asdict

from backend import tables
from backend.database import fetch, row_by_id, transaction
from backend.schemas.base import Page
from backend.schemas.enrollment.course_groups import (
    CourseGroup,
    CourseGroupChange,
    CourseGroupInput,
    CourseGroupPeople,
    CourseGroupSync,
)
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import course_groups_in, is_session_staff, session_for
from backend.services.audiences import dependents
from backend.services.audiences.method_visibility import sealed_methods
from backend.services.audiences.visibility import reading_scope
from backend.services.enrollment.acts.course_group_acts import take_out
from backend.services.errors import Conflict, NotFound
from backend.services.learning import course_group_statements as sql
from backend.services.learning.instructors import write_instructors
from backend.services.people.person_names import people
from backend.services.versions import lock_row, write_columns
from backend.words import Message

# A session with more classes is several sessions.
MOST_IN_SESSION = 500


async def list_course_groups(actor: Actor, session_id: int) -> Page[CourseGroup]:
    """The classes of a session: all of them to its staff, to who instructs classes of it those."""
    session = await session_for(actor, session_id, "class")
    own = None if await is_session_staff(actor, session) else await course_groups_in(actor, session_id)
    items = await _shown(actor, session_id, own)
    return Page(items=items, next=None, total=len(items))


async def get_course_group(actor: Actor, session_id: int, course_group_id: int) -> CourseGroup:
    """One of the classes that the actor sees. Raises `NotFound`."""
    listed = await list_course_groups(actor, session_id)
    for one in listed.items:
        if one.id == course_group_id:
            return one
    raise _missing(course_group_id)


async def create_course_group(actor: Actor, session_id: int, data: CourseGroupInput) -> CourseGroup:
    """A new class. To name who instructs it, which gives them rights, takes the right to manage the session."""
    session = await session_for(actor, session_id, "manage" if data.instructor_ids else "view")
    group = tables.CourseGroup
    async with transaction():
        if await group.count().where(group.session_id == session_id) >= MOST_IN_SESSION:
            raise Conflict(Message("A session has at most {most} classes.", most=MOST_IN_SESSION))
        row = group(
            activity_id=session["activity_id"],
            session_id=session_id,
            name=data.name,
            external_id=data.external_id,
        )
        made = await group.insert(row).returning(group.id)
        course_group_id: int = made[0]["id"]
        await write_instructors(actor, tables.CourseGroupInstructor, course_group_id, data.instructor_ids)
        await audit.record(actor, "course_group.create", "course_group", course_group_id, name=data.name)
        actor.known.clear()
        return await get_course_group(actor, session_id, course_group_id)


async def change_course_group(
    actor: Actor, session_id: int, course_group_id: int, data: CourseGroupChange, if_match: int | None
) -> CourseGroup:
    """Change what is given; its instructors, as whoever manages the session."""
    await session_for(actor, session_id, "view" if data.instructor_ids is UNSET else "manage")
    await course_group_row(session_id, course_group_id)
    given: dict[str, Any] = {name: value for name, value in asdict(data).items() if value is not UNSET}
    instructors = given.pop("instructor_ids", None)
    async with transaction():
        await lock_row(tables.CourseGroup, course_group_id, if_match)
        await write_columns(tables.CourseGroup, course_group_id, given)
        if instructors is not None:
            await write_instructors(actor, tables.CourseGroupInstructor, course_group_id, instructors)
        await audit.record(
            actor, "course_group.change", "course_group", course_group_id, changed=sorted(given)
        )
        actor.known.clear()
        return await get_course_group(actor, session_id, course_group_id)


async def require_unused(actor: Actor, session_id: int, course_group_id: int) -> Record:
    """The row of a class that no method brings people into. Raises `NotFound`, `Forbidden`, `HasDependents`."""
    await session_for(actor, session_id, "view")
    row = await course_group_row(session_id, course_group_id)
    found = await dependents.named("method", sql.METHODS_OF_COURSE_GROUP, course_group_id)
    await dependents.refuse_to(actor, Message("Class “{name}”", name=row["name"]), found)
    return row


async def empty_course_group(actor: Actor, session_id: int, course_group_id: int) -> None:
    """Take out everybody who was put into it by hand: a run of its own."""
    enrollment = tables.Enrollment
    rows = await enrollment.select(enrollment.learner_id).where(
        enrollment.course_group_id == course_group_id, enrollment.state != "expired"
    )
    if rows:
        asked = CourseGroupPeople(learner_ids=[row["learner_id"] for row in rows])
        await take_out(actor, session_id, course_group_id, asked)


async def delete_course_group(actor: Actor, session_id: int, course_group_id: int) -> None:
    """Delete a class that nobody is in. Raises `HasDependents` while methods bring people into it, `Conflict` while people are."""
    async with transaction():
        row = await require_unused(actor, session_id, course_group_id)
        await lock_row(tables.CourseGroup, course_group_id, None)
        enrollment = tables.Enrollment
        placed = await enrollment.count().where(
            enrollment.course_group_id == course_group_id, enrollment.state != "expired"
        )
        if placed:
            message = Message.plural(
                "{count:,} person is in this class: move or remove them first.",
                "{count:,} people are in this class: move or remove them first.",
                placed,
            )
            raise Conflict(message, extra={"members": placed})
        # Before the class, so that an undo, which goes backwards, has the class there when they come back.
        instructor = tables.CourseGroupInstructor
        await instructor.delete().where(instructor.course_group_id == course_group_id)
        await tables.CourseGroup.delete().where(tables.CourseGroup.id == course_group_id)
        await audit.record(actor, "course_group.delete", "course_group", course_group_id, name=row["name"])


async def course_group_row(session_id: int, course_group_id: int) -> Record:
    """The row of a class of this session, for those whose right to the session has been checked. Raises `NotFound`."""
    row = await row_by_id(tables.CourseGroup, course_group_id)
    if row is None or row["session_id"] != session_id:
        raise _missing(course_group_id)
    return row


def _missing(course_group_id: int) -> NotFound:
    return NotFound(Message("This session has no class {id}.", id=course_group_id))


async def _shown(actor: Actor, session_id: int, own: Sequence[int] | None) -> list[CourseGroup]:
    rows = await fetch(sql.OF_SESSION, session_id, own)
    instructors = {
        person.id: person for person in await people([one for row in rows for one in row["instructor_ids"]])
    }
    syncing = await fetch(sql.SYNCED_BY, session_id)
    sealed = await sealed_methods(await reading_scope(actor), [row["id"] for row in syncing])
    synced: dict[int, list[CourseGroupSync]] = defaultdict(list)
    for row in syncing:
        unnamed = row["id"] in sealed or own is not None
        synced[row["course_group_id"]].append(
            CourseGroupSync(
                method_id=None if unnamed else row["id"],
                kind=None if unnamed else row["kind"],
                name=None if unnamed else row["name"],
            )
        )
    return [
        CourseGroup(
            **row,
            instructors=[instructors[one] for one in row["instructor_ids"] if one in instructors],
            synced_by=synced[row["id"]],
        )
        for row in rows
    ]
