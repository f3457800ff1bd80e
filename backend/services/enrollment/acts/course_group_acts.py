"""Putting people into classes of a session by hand, moving them between these and taking them out.

Nobody is enrolled, unenrolled or told by it, and progress stays. Each act is a run, so it can be undone.
"""

from collections.abc import Sequence

from asyncpg import Record

from backend.database import execute, fetch, row_by_id, transaction
from backend.schemas.enrollment.course_groups import CourseGroupMove, CourseGroupPeople, Placed
from backend.schemas.problem import Mistake
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.enrollment.acts import act_statements
from backend.services.enrollment.acts.enrollment_rows import by_hand, open_run
from backend.services.enrollment.writing.enrollment_writer import lock_sessions
from backend.services.errors import Conflict, Invalid, NotFound
from backend.tables import CourseGroup
from backend.words import Message


class Synced(Conflict):
    """A method keeps them in the class: whoever changes that changes the method, or the facts it follows."""

    type, title = "synced", Message("A method keeps some of them in this class")


class InAnotherClass(Conflict):
    """By hand everybody is in one class of a session: they are moved."""

    type, title = "in_another_class", Message("Some of them are in another class")


async def place(actor: Actor, session_id: int, course_group_id: int, asked: CourseGroupPeople) -> Placed:
    """Put people of the session into the class. Raises `InAnotherClass`, and `Invalid` for whoever is not enrolled."""
    async with transaction():
        await _locked(actor, session_id, course_group_id)
        rows = await _enrolled(session_id, asked.learner_ids)
        elsewhere = [row for row in rows if row["course_group_id"] not in (None, course_group_id)]
        if elsewhere:
            raise InAnotherClass(
                Message.plural(
                    "{count:,} of them is in another class of this session: move them from there.",
                    "{count:,} of them are in another class of this session: move them from there.",
                    len(elsewhere),
                ),
                extra={"learner_ids": [row["learner_id"] for row in elsewhere]},
            )
        return await _write(actor, session_id, rows, course_group_id, "class_add", course_group_id)


async def take_out(actor: Actor, session_id: int, course_group_id: int, asked: CourseGroupPeople) -> Placed:
    """Take people out of the class; they stay enrolled. Raises `Synced` where a method holds some of them there."""
    async with transaction():
        await _locked(actor, session_id, course_group_id)
        rows = await _members(session_id, course_group_id, asked.learner_ids)
        return await _write(actor, session_id, rows, None, "class_remove", course_group_id)


async def move(actor: Actor, session_id: int, course_group_id: int, asked: CourseGroupMove) -> Placed:
    """From this class into another one of the session. Raises `Synced` where a method holds some of them here."""
    async with transaction():
        await _locked(actor, session_id, course_group_id)
        try:
            await _course_group(session_id, asked.to_course_group_id)
        except NotFound as error:
            raise Invalid.at("to_course_group_id", "unknown", error.detail) from None
        rows = await _members(session_id, course_group_id, asked.learner_ids)
        return await _write(actor, session_id, rows, asked.to_course_group_id, "class_move", course_group_id)


async def _locked(actor: Actor, session_id: int, course_group_id: int) -> None:
    """Hold the session; for its staff, of whoever is in it, as of what else they do to participants."""
    await session_for(actor, session_id, "view")
    await _course_group(session_id, course_group_id)
    await lock_sessions([session_id])


async def _course_group(session_id: int, course_group_id: int) -> Record:
    row = await row_by_id(CourseGroup, course_group_id)
    if row is None or row["session_id"] != session_id:
        raise NotFound(Message("This session has no class {id}.", id=course_group_id))
    return row


async def _enrolled(session_id: int, learner_ids: Sequence[int]) -> list[Record]:
    """The live enrollments of all of these people. Raises `Invalid` with the place of whoever has none."""
    rows = await fetch(act_statements.ENROLLED_TO_PLACE, session_id, sorted(set(learner_ids)))
    enrolled = {row["learner_id"] for row in rows}
    message = Message("They are not enrolled in this session.")
    mistakes = [
        Mistake(path=f"learner_ids[{i}]", code="not_enrolled", message=message)
        for i, one in enumerate(learner_ids)
        if one not in enrolled
    ]
    if mistakes:
        raise Invalid.about(mistakes, told=1)
    return rows


async def _members(session_id: int, course_group_id: int, learner_ids: Sequence[int]) -> list[Record]:
    """The enrollments of these people, who are in the class by hand. Raises `Synced` for others who are in it."""
    rows = await _enrolled(session_id, learner_ids)
    held = [row["learner_id"] for row in rows if course_group_id in row["held_in"]]
    if held:
        raise Synced(
            Message.plural(
                "A method keeps {count:,} of them in this class: change the method, or what it follows.",
                "A method keeps {count:,} of them in this class: change the method, or what it follows.",
                len(held),
            ),
            extra={"learner_ids": held},
        )
    return [row for row in rows if row["course_group_id"] == course_group_id]


async def _write(  # noqa: PLR0913, PLR0917 - whom, where to, and what it is called
    actor: Actor, session_id: int, rows: Sequence[Record], to_id: int | None, act: str, course_group_id: int
) -> Placed:
    changing = [row for row in rows if row["course_group_id"] != to_id]
    if not changing:
        return Placed(run_id=None, done=0)
    detail = {"course_group_id": course_group_id, "to_course_group_id": to_id, "text": ""}
    run_id = await open_run(actor, session_id, act, detail, changing)
    await execute(
        act_statements.PLACE, [row["id"] for row in changing], to_id, run_id, by_hand("", "course_group")
    )
    return Placed(run_id=run_id, done=len(changing))
