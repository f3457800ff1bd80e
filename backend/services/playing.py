"""An activity as the learner takes it: steps, how far they are, what they hold."""

from asyncpg import Record

from backend.database import fetch, fetch_row
from backend.schemas.board import (
    Player,
    PlayerActivity,
    PlayerAward,
    PlayerEnrollment,
    PlayerStep,
    StandingStatus,
)
from backend.services.actor import Actor
from backend.services.rights import activity_for

# A step is as its own best report says, else as the activity that it is stands.
_STEPS = """
SELECT s.id, s.kind, s.child_activity_id AS activity_id, s.title, s.body, s.mandatory, s.min_score,
       coalesce(own.status, child.status, 'not_started') AS status,
       CASE WHEN own.status IS NULL THEN child.score ELSE own.score END AS score,
       CASE WHEN own.status IS NULL THEN child.completed_at ELSE own.completed_at END AS completed_at
FROM step s
LEFT JOIN LATERAL (
    SELECT r.status, r.score, r.completed_at FROM result r
    WHERE r.step_id = s.id AND r.activity_id = s.activity_id AND r.learner_id = $2
    ORDER BY array_position(ARRAY['completed', 'failed', 'started'], r.status), r.completed_at DESC NULLS LAST
    LIMIT 1
) own ON true
LEFT JOIN standing child ON child.activity_id = s.child_activity_id AND child.learner_id = $2
WHERE s.activity_id = $1
ORDER BY s.position
"""
# Of several live enrollments the latest; a step inside a path is taken through the path's own enrollment.
_ENROLLMENT = """
WITH RECURSIVE above(id) AS (
    SELECT $1::integer UNION SELECT s.activity_id FROM step s JOIN above ON s.child_activity_id = above.id
)
SELECT e.id, e.session_id, s.name AS session_name, e.state, s.starts_at, e.due_at
FROM enrollment e JOIN session s ON s.id = e.session_id JOIN above a ON a.id = e.activity_id
WHERE e.learner_id = $2 AND e.state <> 'expired'
ORDER BY (e.activity_id = $1) DESC, e.since DESC
LIMIT 1
"""
_AWARD = """
SELECT c.title, a.issued_at, a.expires_at FROM award a JOIN certificate c ON c.id = a.certificate_id
WHERE c.activity_id = $1 AND a.learner_id = $2 ORDER BY a.issued_at DESC, a.id DESC LIMIT 1
"""


def _progress(steps: list[Record], status: str) -> float:
    if not steps:
        return 1.0 if status == "completed" else 0.0
    done: int = sum(step["status"] == "completed" for step in steps)
    return done / len(steps)


async def steps_of(activity_id: int, learner_id: int) -> list[Record]:
    """The activity's steps in order, each as the learner stands on it."""
    return await fetch(_STEPS, activity_id, learner_id)


async def play(actor: Actor, activity_id: int) -> Player:
    """The activity with the actor's own state on it. Raises `NotFound` for one that they may not know of."""
    activity = await activity_for(actor, activity_id)
    steps = await steps_of(activity_id, actor.id)
    enrollment = await fetch_row(_ENROLLMENT, activity_id, actor.id)
    award = await fetch_row(_AWARD, activity_id, actor.id)
    standing = await fetch_row(
        "SELECT status, successful FROM standing WHERE activity_id = $1 AND learner_id = $2",
        activity_id,
        actor.id,
    )
    status: StandingStatus = standing["status"] if standing else "not_started"
    return Player(
        activity=PlayerActivity(
            id=activity_id,
            kind=activity["kind"],
            title=activity["title"],
            description=activity["description"],
        ),
        steps=[PlayerStep(**step) for step in steps],
        enrollment=PlayerEnrollment(**enrollment) if enrollment else None,
        status=status,
        successful=bool(standing and standing["successful"]),
        progress=_progress(steps, status),
        award=PlayerAward(**award) if award else None,
    )
