"""Grading: whoever instructs or coaches a session says what its people scored on a step."""

from asyncpg import Record

from backend.database import fetch, fetch_row, transaction
from backend.schemas.learning import Grade, Standing
from backend.services import audit
from backend.services.actor import Actor
from backend.services.errors import Conflict, Forbidden, Invalid, NotFound
from backend.services.results import Report, write_reports
from backend.services.rights import activity_for, session_for
from backend.services.taking import standing_of

# The learner's live enrollments in the step's activity, or in one that contains it; its own first.
_ENROLLMENTS = """
WITH RECURSIVE above(id) AS (
    SELECT $1::integer UNION SELECT s.activity_id FROM step s JOIN above ON s.child_activity_id = above.id
)
SELECT e.session_id, e.activity_id FROM enrollment e JOIN above a ON a.id = e.activity_id
WHERE e.learner_id = $2 AND e.state <> 'expired' ORDER BY (e.activity_id = $1) DESC, e.since DESC
"""


async def grade(actor: Actor, step_id: int, data: Grade) -> Standing:
    """Write what the learner scored; where they stand on the activity then.

    For platform admins, and for coaches and instructors of a session in which the learner is. A score below the step's
    minimum completes the step, too, but is no success. Raises `Invalid` for whom the actor may not grade, `Forbidden` for a
    withdrawal by anybody but a platform admin.
    """
    step = await _step(actor, step_id)
    if data.revoke and not actor.is_admin:
        raise Forbidden("Only platform admins may take a completion back.")
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
    row = await fetch_row("SELECT * FROM step WHERE id = $1", step_id)
    if row is not None:
        try:
            await activity_for(actor, row["activity_id"])
        except NotFound:
            row = None
    if row is None:
        raise NotFound(f"There is no step {step_id}.")
    if row["kind"] != "content":
        raise Conflict(f"This step is a {row['kind']} of its own: its steps are what is graded.")
    return row


async def _session(actor: Actor, activity_id: int, learner_id: int) -> int | None:
    """The session in which the actor may grade the learner; None where a path of theirs contains the activity."""
    enrollments = await fetch(_ENROLLMENTS, activity_id, learner_id)
    for row in enrollments:
        try:
            await session_for(actor, row["session_id"], "view")
        except (Forbidden, NotFound):
            continue
        return row["session_id"] if row["activity_id"] == activity_id else None
    raise Invalid.at("learner_id", "unknown", "Nobody of this id is enrolled where you may grade.")
