"""Taking an activity: a learner starts and completes its content steps themselves."""

from typing import Literal

from asyncpg import Record

from backend import clock
from backend.database import fetch_row, transaction
from backend.schemas.learning import Standing
from backend.services.actor import Actor
from backend.services.errors import Conflict, Forbidden, Invalid, NotFound
from backend.services.results import Report, write_reports
from backend.services.rights import activity_for

# One's live enrollment in the activity, or in one that contains it; its own and the open ones first.
_ENROLLMENT = """
WITH RECURSIVE above(id) AS (
    SELECT $1::integer UNION SELECT s.activity_id FROM step s JOIN above ON s.child_activity_id = above.id
)
SELECT e.state, e.activity_id, e.session_id, s.starts_at, s.ends_at
FROM enrollment e JOIN session s ON s.id = e.session_id JOIN above a ON a.id = e.activity_id
WHERE e.learner_id = $2 AND e.state <> 'expired'
ORDER BY (e.state = 'suspended'), (s.ends_at IS NOT NULL AND s.ends_at <= $3), (s.starts_at IS NOT NULL AND s.starts_at > $3),
         (e.activity_id = $1) DESC, e.since DESC
LIMIT 1
"""


async def _enrollment(actor: Actor, activity_id: int) -> Record:
    now = clock.now()
    row = await fetch_row(_ENROLLMENT, activity_id, actor.id, now)
    if row is None:
        raise Forbidden("You are not enrolled in this.")
    if row["state"] == "suspended":
        raise Forbidden("Your enrollment is suspended.")
    if row["starts_at"] is not None and row["starts_at"] > now:
        raise Conflict("This session has not started yet.")
    if row["ends_at"] is not None and row["ends_at"] <= now and row["state"] != "completed":
        raise Conflict("This session has ended.")
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
        raise Invalid.at("score", "not_yours", "Scores are given by instructors and coaches, not by oneself.")
    async with transaction():
        step = await fetch_row("SELECT * FROM step WHERE id = $1 AND activity_id = $2", step_id, activity_id)
        if step is None:
            raise NotFound(f"This activity has no step {step_id}.")
        if step["kind"] != "content":
            raise Conflict(f"This step is a {step['kind']} of its own: its steps are what is completed.")
        enrollment = await _enrollment(actor, activity_id)
        # Within a path the step's own activity has no session of its own here.
        own = enrollment["activity_id"] == activity_id
        await write_reports(
            [Report(actor.id, activity_id, step_id, enrollment["session_id"] if own else None, status)]
        )
        return await standing_of(actor.id, activity_id)


async def standing_of(learner_id: int, activity_id: int) -> Standing:
    """Where somebody stands on an activity."""
    row = await fetch_row(
        "SELECT activity_id, status, successful, steps_done, score, completed_at FROM standing"
        " WHERE learner_id = $1 AND activity_id = $2",
        learner_id,
        activity_id,
    )
    if row is None:
        return Standing(
            activity_id=activity_id,
            status="not_started",
            successful=False,
            steps_done=0,
            score=None,
            completed_at=None,
        )
    return Standing(**row)
