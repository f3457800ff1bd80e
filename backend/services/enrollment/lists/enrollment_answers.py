"""Enrollments as they are answered: with their sources, classes and reasons, as far as the reader may know them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from asyncpg import Record

from backend.database import fetch
from backend.index import FacetIndex
from backend.runtime import clock
from backend.schemas.enrollment import enrollments as wire
from backend.schemas.enrollment.course_groups import EnrollmentCourseGroup
from backend.schemas.people import Person
from backend.services.access.actor import Actor
from backend.services.audiences.method_visibility import sealed_methods
from backend.services.audiences.reason_reader import ReasonReader
from backend.services.audiences.visibility import reading_scope
from backend.services.enrollment.lists import list_statements
from backend.services.enrollment.lists.state_reasons import state_reasons
from backend.services.enrollment.rights.sealed_to_managers import sealed_to_managers


async def enrollment_answers(
    actor: Actor, rows: Sequence[Record], index: FacetIndex | None
) -> list[wire.Enrollment]:
    """The rows of `list_statements.COLUMNS` as this reader may see them; with the index also why each is in its state."""
    sources = await _sources(actor, index, rows)
    classes = await _course_groups(rows)
    reasons = {} if index is None else await state_reasons(actor, index, rows)
    now = clock.now()
    return [
        wire.Enrollment(
            **{name: row[name] for name in _PLAIN},
            learner=_person(row),
            overdue=is_overdue(row["state"], row["due_at"], now),
            progress=progress_of(row),
            sources=sources[row["session_id"], row["learner_id"]],
            course_groups=classes[row["session_id"], row["learner_id"]],
            reason=reasons.get((row["session_id"], row["learner_id"])),
        )
        for row in rows
    ]


_PLAIN = (
    "id", "session_id", "session_name", "activity_id", "activity_title", "state", "role", "since", "until", "due_at",
    "mandatory", "completed_at", "score", "version",
)  # fmt: skip


async def _sources(
    actor: Actor, index: FacetIndex | None, rows: Sequence[Record]
) -> dict[tuple[int, int], list[wire.EnrollmentSource]]:
    found: dict[tuple[int, int], list[wire.EnrollmentSource]] = defaultdict(list)
    if not rows:
        return found
    sessions, learners = [row["session_id"] for row in rows], [row["learner_id"] for row in rows]
    held = await fetch(list_statements.SOURCES, sessions, learners)
    others = {row["method_id"] for row in held if row["learner_id"] != actor.id}
    sealed = await sealed_methods(await reading_scope(actor), others)
    if index is not None:
        sealed |= await sealed_to_managers(actor, index, others)
    for row in held:
        own = row["learner_id"] == actor.id and not actor.is_admin
        # One's own reasons are those that the method shows its people; others' are a matter of rights.
        unnamed = not row["visible"] if own else row["method_id"] in sealed
        found[row["session_id"], row["learner_id"]].append(
            wire.EnrollmentSource(
                method_id=None if unnamed else row["method_id"],
                kind=None if unnamed else row["kind"],
                name=None if unnamed else row["name"],
                since=row["since"],
                kept=row["kept"],
                until=None if unnamed else row["ends_on"],
                picked=not unnamed and row["hand_picked"],
            )
        )
    return found


async def _course_groups(
    rows: Sequence[Record],
) -> dict[tuple[int, int], list[EnrollmentCourseGroup]]:
    found: dict[tuple[int, int], list[EnrollmentCourseGroup]] = defaultdict(list)
    if not rows:
        return found
    sessions, learners = [row["session_id"] for row in rows], [row["learner_id"] for row in rows]
    for row in await fetch(list_statements.COURSE_GROUPS, sessions, learners):
        found[row["session_id"], row["learner_id"]].append(
            EnrollmentCourseGroup(id=row["id"], name=row["name"], synced=row["synced"])
        )
    return found


def progress_of(row: Any) -> float:
    """0 to 1: the share of steps done; without steps, all or nothing. `row` has state, standing, steps_done, steps."""
    if row["state"] == "completed" or row["standing"] == "completed":
        return 1.0
    if not row["steps"] or not row["steps_done"]:
        return 0.0
    return min(1.0, float(row["steps_done"] / row["steps"]))


def is_overdue(state: str, due_at: datetime | None, now: datetime) -> bool:
    """Whether it should have been completed by now."""
    return state in ("active", "suspended") and due_at is not None and due_at < now


def _person(row: Record) -> Person:
    return Person(
        id=row["learner_id"], email=row["email"], first_name=row["first_name"], last_name=row["last_name"]
    )


def blocked_answer(row: Record, index: FacetIndex, reader: ReasonReader) -> wire.Enrollment:
    """Somebody who is blocked, as an enrollment that is not there: its id is the person's, negative."""
    reason = reader.elsewhere(index, row["other_session_id"])
    return wire.Enrollment(
        id=-row["learner_id"],
        session_id=row["session_id"],
        session_name=row["session_name"],
        activity_id=row["activity_id"],
        activity_title=row["activity_title"],
        learner=_person(row),
        state="blocked",
        role="learner",
        since=row["since"],
        until=None,
        due_at=None,
        mandatory=False,
        overdue=False,
        completed_at=None,
        progress=0.0,
        score=None,
        version=0,
        sources=[],
        other_session_id=reason.ref,
        reason=reason,
    )
