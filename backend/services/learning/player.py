"""An activity as the learner takes it: steps, how far they are, what they hold."""

from asyncpg import Record

from backend.database import fetch, fetch_row
from backend.schemas.live.boards import (
    Player,
    PlayerActivity,
    PlayerAward,
    PlayerEnrollment,
    PlayerStep,
    StandingStatus,
)
from backend.services.access.actor import Actor
from backend.services.access.rights import activity_for
from backend.services.learning import result_statements
from backend.services.learning.learner_progress import standing_row


def _progress(steps: list[Record], status: str) -> float:
    if not steps:
        return 1.0 if status == "completed" else 0.0
    done: int = sum(step["status"] == "completed" for step in steps)
    return done / len(steps)


async def steps_of(activity_id: int, learner_id: int) -> list[Record]:
    """The activity's steps in order, each as the learner stands on it."""
    return await fetch(result_statements.STEPS_OF_LEARNER, activity_id, learner_id)


async def play(actor: Actor, activity_id: int) -> Player:
    """The activity with the actor's own state on it. Raises `NotFound` for one that they may not know of."""
    activity = await activity_for(actor, activity_id)
    steps = await steps_of(activity_id, actor.id)
    enrollment = await fetch_row(result_statements.ENROLLMENT_TO_SHOW, activity_id, actor.id)
    award = await fetch_row(result_statements.LATEST_AWARD, activity_id, actor.id)
    standing = await standing_row(actor.id, activity_id)
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
