"""Grading: whoever instructs or coaches a session says what its people scored on a step."""

from asyncpg import Record

from backend.database import fetch, row_by_id, transaction
from backend.schemas.learning.results import Grade, Standing
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import activity_for, looks_after, session_for
from backend.services.errors import Conflict, Forbidden, Invalid, NotFound
from backend.services.learning import result_statements
from backend.services.learning.learner_progress import standing_of
from backend.services.learning.results import Report, write_reports
from backend.tables import Step
from backend.words import Message
from backend.words.nouns import activity_kind


async def grade(actor: Actor, step_id: int, data: Grade) -> Standing:
    """Write what the learner scored; where they stand on the activity then.

    For platform admins, and for coaches and instructors of a session, or a class, in which the learner is. A score below the step's
    minimum completes the step, too, but is no success. Raises `Invalid` for whom the actor may not grade, `Forbidden` for a
    withdrawal by anybody but a platform admin.
    """
    step = await _step(actor, step_id)
    if data.revoke and not actor.is_admin:
        raise Forbidden(Message("Only platform admins may take a completion back."))
    async with transaction():
        session_id = await _session(actor, step["activity_id"], data.learner_id)
        report = Report(
            data.learner_id,
            step["activity_id"],
            step_id,
            session_id,
            "failed" if data.revoke else "completed",
            data.score,
            note=data.note,
            revoke=data.revoke,
        )
        await write_reports([report])
        await audit.record(
            actor,
            "step.revoke" if data.revoke else "step.grade",
            "step",
            step_id,
            learner_id=data.learner_id,
            score=data.score,
        )
        return await standing_of(data.learner_id, step["activity_id"])


async def _step(actor: Actor, step_id: int) -> Record:
    row = await row_by_id(Step, step_id)
    if row is not None:
        try:
            await activity_for(actor, row["activity_id"])
        except NotFound:
            row = None
    if row is None:
        raise NotFound(Message("There is no step {id}.", id=step_id))
    if row["kind"] != "content":
        raise Conflict(
            Message(
                "This step is a {kind} of its own: its steps are what is graded.",
                kind=activity_kind(row["kind"]),
            )
        )
    return row


async def _session(actor: Actor, activity_id: int, learner_id: int) -> int | None:
    """The session in which the actor may grade the learner; None where a path of theirs contains the activity."""
    enrollments = await fetch(result_statements.ENROLLMENTS_TO_GRADE, activity_id, learner_id)
    for row in enrollments:
        try:
            await session_for(actor, row["session_id"], "view")
        except (Forbidden, NotFound):
            if not await looks_after(actor, row["session_id"], learner_id):
                continue
        return row["session_id"] if row["activity_id"] == activity_id else None
    raise Invalid.at("learner_id", "unknown", Message("Nobody of this id is enrolled where you may grade."))
