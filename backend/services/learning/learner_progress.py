"""Taking an activity: a learner starts and completes its content steps themselves."""

from typing import Any, Literal

from asyncpg import Record

from backend import tables
from backend.database import fetch_row, row_by_id, transaction
from backend.runtime import clock
from backend.schemas.learning.results import Standing
from backend.services.access.actor import Actor
from backend.services.access.rights import activity_for
from backend.services.errors import Conflict, Forbidden, Invalid, NotFound
from backend.services.learning import result_statements
from backend.services.learning.results import Report, write_reports
from backend.words import Message
from backend.words.nouns import activity_kind


async def _enrollment(actor: Actor, activity_id: int) -> Record:
    now = clock.now()
    row = await fetch_row(result_statements.ENROLLMENT_TO_TAKE, activity_id, actor.id, now)
    if row is None:
        raise Forbidden(Message("You are not enrolled in this."))
    if row["state"] == "suspended":
        raise Forbidden(Message("Your enrollment is suspended."))
    if row["starts_at"] is not None and row["starts_at"] > now:
        raise Conflict(Message("This session has not started yet."))
    if row["ends_at"] is not None and row["ends_at"] <= now and row["state"] != "completed":
        raise Conflict(Message("This session has ended."))
    return row


async def report_step(
    actor: Actor,
    activity_id: int,
    step_id: int,
    status: Literal["started", "completed"],
    score: float | None = None,
) -> Standing:
    """Record that the actor started or completed a content step; where they stand on the activity then.

    Raises `Invalid` for a score: nobody grades themselves.
    """
    await activity_for(actor, activity_id)
    if score is not None:
        raise Invalid.at(
            "score", "not_yours", Message("Scores are given by instructors and coaches, not by oneself.")
        )
    async with transaction():
        step = await row_by_id(tables.Step, step_id)
        if step is None or step["activity_id"] != activity_id:
            raise NotFound(Message("This activity has no step {id}.", id=step_id))
        if step["kind"] != "content":
            raise Conflict(
                Message(
                    "This step is a {kind} of its own: its steps are what is completed.",
                    kind=activity_kind(step["kind"]),
                )
            )
        enrollment = await _enrollment(actor, activity_id)
        # Within a path the step's own activity has no session of its own here.
        own = enrollment["activity_id"] == activity_id
        await write_reports(
            [Report(actor.id, activity_id, step_id, enrollment["session_id"] if own else None, status)]
        )
        return await standing_of(actor.id, activity_id)


async def standing_of(learner_id: int, activity_id: int) -> Standing:
    """Where somebody stands on an activity."""
    row = await standing_row(learner_id, activity_id)
    if row is None:
        return Standing(
            activity_id=activity_id,
            status="not_started",
            successful=False,
            steps_done=0,
            score=None,
            completed_at=None,
        )
    return Standing(**{name: row[name] for name in Standing.__struct_fields__})


async def standing_row(learner_id: int, activity_id: int) -> dict[str, Any] | None:
    """The row of `standing`, if there is anything to say."""
    return (
        await tables.Standing.select()
        .where(tables.Standing.learner_id == learner_id, tables.Standing.activity_id == activity_id)
        .first()
    )
