"""Moving people into another session of the same activity as one act: progress is kept, and they are never out of both.

Two runs tell of it, one in each session; whoever undoes one of them undoes the other, too.
"""

from collections.abc import Sequence
from typing import Any

from asyncpg import Record
from pyroaring import BitMap

from backend.database import execute, fetch, fetch_value
from backend.index import FacetIndex
from backend.runtime import clock
from backend.schemas.enrollment.acts import Move
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.enrollment.acts import move_statements
from backend.services.enrollment.acts.enrollment_rows import by_hand, open_run
from backend.services.enrollment.acts.leaving_by_hand import (
    WayOfLeaving,
    leave_out,
    require_to_let_go,
)
from backend.services.enrollment.rights.enrollment_rights import permit_for
from backend.services.enrollment.rights.legacy_sessions import refuse_legacy
from backend.services.enrollment.undo.run_pairs import pair_runs
from backend.services.enrollment.writing.enrollment_writer import write
from backend.services.enrollment.writing.exclusions import lift_exclusions
from backend.services.enrollment.writing.hand_picked import hand_picked_methods
from backend.services.enrollment.writing.writes import Write
from backend.services.errors import Conflict, Invalid
from backend.words import Message

# Of so many at once each is written with their own state and due date, not all alike.
OWN_TERMS_AT_ONCE = 100


async def require_to_come(actor: Actor, session_id: int) -> None:
    """Raises `NotFound` or `Forbidden` where the actor enrolls nobody, `LegacySession` where people are enrolled directly."""
    refuse_legacy(await session_for(actor, session_id, "enroll"))


async def not_to_move(
    actor: Actor, index: FacetIndex, session_id: int, rows: Sequence[Record], to_id: int
) -> dict[int, Conflict]:
    """By enrollment, why somebody cannot be enrolled in the other session. Raises `Invalid` where nobody could."""
    session = await session_for(actor, session_id, "view")
    refuse_legacy(session)
    other = await session_for(actor, to_id, "enroll")
    if to_id == session_id or other["activity_id"] != session["activity_id"]:
        raise Invalid.at(
            "session_id", "other_activity", Message("Choose another session of the same activity.")
        )
    if other["ends_at"] is not None and other["ends_at"] <= clock.now():
        raise Invalid.at("session_id", "ended", Message("This session has ended."))
    left_out = {
        row["learner_id"]
        for row in await fetch(
            move_statements.LEFT_OUT_FOR_GOOD,
            to_id,
            [row["learner_id"] for row in rows],
            clock.today(index.timezone),
        )
    }
    enrolled = index.live_enrollments(to_id)
    refused: dict[int, Conflict] = {}
    for row in rows:
        if row["learner_id"] in left_out:
            why = Message("That session leaves them out: lift that first.")
        elif row["learner_id"] in enrolled:
            why = Message("They are enrolled in that session already.")
        elif row["learner_id"] not in index.countable:
            why = Message("Their account cannot be enrolled now.")
        else:
            continue
        refused[row["id"]] = Conflict(why)
    return refused


async def move_people(
    actor: Actor, index: FacetIndex, session_id: int, rows: Sequence[Record], asked: Move
) -> list[int]:
    """Move these enrollments of one session, whom `not_to_move` refuses none of; the runs there and here.

    The caller holds both sessions' locks. Raises `Forbidden`.
    """
    learners = [row["learner_id"] for row in rows]
    await require_to_let_go(actor, index, session_id, learners)
    other = await session_for(actor, asked.session_id, "enroll")
    permit = await permit_for(actor, index, other)
    permit.require_people(entering=BitMap(learners), leaving=BitMap())
    came = await open_run(actor, asked.session_id, "move", {"text": asked.reason}, rows)
    await lift_exclusions(came, asked.session_id, learners)
    # For as long as both hold them, one enrollment does not exclude the other; so the log tells of the new one first.
    await execute(move_statements.ALLOW_BOTH, [row["id"] for row in rows])
    await _enter(actor, rows, asked, came)
    how = WayOfLeaving(act="move", reason=asked.reason, moved_to_id=asked.session_id)
    went = await leave_out(actor, session_id, learners, rows, how)
    await execute(move_statements.ALLOW_ONE_AGAIN, [row["id"] for row in rows])
    await pair_runs(came, went)
    return [came, went]


async def _enter(actor: Actor, rows: Sequence[Record], asked: Move, run_id: int) -> None:
    """Into the hand-picked method of the other session, suspended where they were, and due when somebody said by hand."""
    method_id = (await hand_picked_methods([asked.session_id], actor.id))[asked.session_id]
    own = [row for row in rows if row["state"] == "suspended" or row["due_by_hand"]]
    alike = sorted({row["learner_id"] for row in rows} - {row["learner_id"] for row in own})
    parts = [alike] if alike else []
    parts += [
        [row["learner_id"] for row in own[start : start + OWN_TERMS_AT_ONCE]]
        for start in range(0, len(own), OWN_TERMS_AT_ONCE)
    ]
    reason: dict[str, Any] = by_hand(asked.reason, "moved")
    entered = 0
    for part in parts:
        one = Write(
            method_id=method_id,
            session_id=asked.session_id,
            cause="act",
            actor_id=actor.id,
            run_id=run_id,
            entering=part,
            reasons=dict.fromkeys(part, reason),
            mail=asked.mail,
        )
        entered += (await write([one]))[0].entered
    if entered < len(rows):
        raise Conflict(Message("Some of them cannot be enrolled there now. Look at them again."))
    if own:
        await execute(move_statements.CARRY_OVER, asked.session_id, [row["id"] for row in own], run_id)


async def new_enrollment(session_id: int, learner_id: int) -> int:
    """The id of somebody's enrollment in a session."""
    found: int = await fetch_value(move_statements.ENROLLMENT_OF, session_id, learner_id)
    return found
