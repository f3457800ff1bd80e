"""Acts on one enrollment by hand: suspend, resume, extend, unenroll, move.

Each is a run, so each can be undone. All work in the caller's transaction, where there is one.
"""

from typing import Literal

from backend.database import transaction
from backend.index import Follower
from backend.schemas.enrollment import acts as act_wire
from backend.schemas.enrollment import enrollments as wire
from backend.services.access.actor import Actor
from backend.services.audiences.index_access import current_index, loaded_index
from backend.services.enrollment.acts.enrollment_rows import (
    enrollment_for,
    locked_enrollment,
    locked_enrollments,
    readable_enrollment,
    require_fitting,
)
from backend.services.enrollment.acts.leaving_by_hand import WayOfLeaving, leave_out, require_to_let_go
from backend.services.enrollment.acts.moving import move_people, new_enrollment, not_to_move, require_to_come
from backend.services.enrollment.acts.state_and_due_date import change_due_date, change_state, check_extension
from backend.services.enrollment.lists.enrollment_lists import one
from backend.services.enrollment.writing.erase_progress import Erasure


async def get_enrollment(actor: Actor, follower: Follower, enrollment_id: int) -> wire.Enrollment:
    """One enrollment, for its session's staff, and managers who may enroll there: of their team."""
    await readable_enrollment(actor, enrollment_id)
    return await one(actor, enrollment_id, await loaded_index(follower))


async def suspend(actor: Actor, enrollment_id: int, reason: str = "") -> wire.Enrollment:
    """Access is paused; they stay enrolled. Raises `Conflict` unless it is active."""
    return await _change(actor, enrollment_id, "suspend", reason)


async def resume(actor: Actor, enrollment_id: int, reason: str = "") -> wire.Enrollment:
    """Access again. Raises `Conflict` unless it is suspended."""
    return await _change(actor, enrollment_id, "resume", reason)


async def _change(
    actor: Actor, enrollment_id: int, act: Literal["suspend", "resume"], reason: str
) -> wire.Enrollment:
    async with transaction():
        row = await locked_enrollment(actor, enrollment_id)
        require_fitting(row, act)
        await change_state(actor, row["session_id"], [row], act, reason)
    return await one(actor, enrollment_id)


async def extend(actor: Actor, enrollment_id: int, asked: act_wire.Extend) -> wire.Enrollment:
    """A due date by hand, which wins over all others; None takes it back, and the earliest of the methods counts.

    So much later is counted on the calendar, at the same time on the organisation's clocks; of what is not due at all, it is at
    the end of the day so much later than today.
    """
    check_extension(asked)
    async with transaction():
        row = await locked_enrollment(actor, enrollment_id)
        require_fitting(row, "extend")
        await change_due_date(actor, row["session_id"], [row], asked)
    return await one(actor, enrollment_id)


async def unenroll(
    actor: Actor, follower: Follower, enrollment_id: int, request: wire.Unenroll
) -> wire.Enrollment:
    """They leave the session, whatever methods hold them, and it leaves them out from now on.

    Raises `Forbidden` for people outside the actor's groups and where a mandatory method that they may not change holds the
    person, `Conflict` for a completed enrollment: it is never revoked, but may be erased; `EraseUnconfirmed` where what goes
    is not what was confirmed.
    """
    erasing = request.on_leave == "erase"
    async with transaction():
        row = await locked_enrollment(actor, enrollment_id)
        index = None if actor.is_admin else await current_index(follower)
        await require_to_let_go(actor, index, row["session_id"], [row["learner_id"]])
        require_fitting(row, "unenroll", *(("completed",) if erasing else ()))
        how = WayOfLeaving(
            act="unenroll",
            reason=request.reason,
            on_leave=request.on_leave,
            erasure=Erasure(request.certificates, request.confirm) if erasing else None,
        )
        await leave_out(actor, row["session_id"], [row["learner_id"]], [row], how)
    return await one(actor, enrollment_id, await loaded_index(follower))


async def move(
    actor: Actor, follower: Follower, enrollment_id: int, request: act_wire.Move
) -> wire.Enrollment:
    """Into another session of the activity, progress kept; the enrollment there.

    Raises `Forbidden` as for unenrolling here and enrolling there, `Invalid` for a session of something else, `Conflict` where
    they cannot be enrolled there.
    """
    async with transaction():
        known = await enrollment_for(actor, enrollment_id)
        index = await current_index(follower)
        # Before what the other session's answer would tell.
        await require_to_let_go(actor, index, known["session_id"], [known["learner_id"]])
        await require_to_come(actor, request.session_id)
        found = await locked_enrollments(actor, [enrollment_id], [request.session_id])
        ((session_id, (row,)),) = found.items()
        require_fitting(row, "move")
        for why in (await not_to_move(actor, index, session_id, [row], request.session_id)).values():
            raise why
        await move_people(actor, index, session_id, [row], request)
        moved = await new_enrollment(request.session_id, row["learner_id"])
    return await one(actor, moved, await loaded_index(follower))
