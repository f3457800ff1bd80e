"""How far somebody is in a session, step by step, and a reminder from those who look after it."""

from datetime import datetime, timedelta

from backend.database import fetch_value, transaction
from backend.runtime import clock
from backend.schemas.enrollment import enrollments as wire
from backend.schemas.live.boards import PersonProgress, StepProgress
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.enrollment.acts.enrollment_rows import enrollment_for
from backend.services.errors import Conflict
from backend.services.learning import result_statements
from backend.services.learning.player import steps_of
from backend.services.mail import notices
from backend.words import Message
from backend.words.nouns import enrollment_state

# More often is not a reminder but a nuisance, whoever sends it.
NUDGE_EVERY = timedelta(days=1)


async def progress(actor: Actor, enrollment_id: int) -> PersonProgress:
    """The steps as this person stands on them, and when they were last reminded; for those who see the session."""
    row = await enrollment_for(actor, enrollment_id)
    steps = await steps_of(row["activity_id"], row["learner_id"])
    return PersonProgress(
        steps=[
            StepProgress(**{name: step[name] for name in StepProgress.__struct_fields__}) for step in steps
        ],
        nudged_at=await _last_nudge(row["session_id"], row["learner_id"]),
    )


async def nudge(actor: Actor, enrollment_id: int, request: wire.Nudge) -> PersonProgress:
    """Remind them by mail, at once. Raises `Conflict` when there is nothing left to do, or less than a day after the last."""
    async with transaction():
        row = await enrollment_for(actor, enrollment_id, lock=True)
        if row["state"] != "active":
            raise Conflict(
                Message(
                    "There is nothing to remind them of: it is {state}.", state=enrollment_state(row["state"])
                ),
                extra={"state": row["state"]},
            )
        last = await _last_nudge(row["session_id"], row["learner_id"])
        if last is not None and clock.now() - last < NUDGE_EVERY:
            raise Conflict(
                Message("They were reminded less than a day ago."), extra={"nudged_at": last.isoformat()}
            )
        await notices.file_nudge(row["learner_id"], row["session_id"], by=actor.id or None, note=request.note)
        await audit.record(actor, "enrollment.nudge", "enrollment", enrollment_id)
    return await progress(actor, enrollment_id)


async def _last_nudge(session_id: int, learner_id: int) -> datetime | None:
    last: datetime | None = await fetch_value(result_statements.LAST_NUDGE, session_id, learner_id)
    return last
