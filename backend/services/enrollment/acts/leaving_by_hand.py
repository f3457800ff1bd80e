"""Taking people out of a session by hand: their enrollments end, and the session leaves them out from then on."""

from collections.abc import Sequence
from datetime import date

import msgspec
from asyncpg import Record
from pyroaring import BitMap

from backend.database import any_of, fetch, logged_as
from backend.index import FacetIndex
from backend.runtime import clock
from backend.schemas.enrollment import OnLeave
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.enrollment.acts import act_statements
from backend.services.enrollment.acts.enrollment_rows import by_hand, open_run
from backend.services.enrollment.rights.enrollment_rights import permit_for, require_no_closed_duty
from backend.services.enrollment.rights.legacy_sessions import LegacySession, is_legacy
from backend.services.enrollment.writing.enrollment_writer import write
from backend.services.enrollment.writing.erase_progress import Erasure
from backend.services.enrollment.writing.exclusions import put_exclusions
from backend.services.enrollment.writing.writes import Write
from backend.services.mail import notices
from backend.tables import Blocked, Run

# What ends here; who has completed stays, unless progress is erased.
ENDING = ("active", "suspended")
_FACETS = {"unenroll": "by_hand", "exclude": "excluded", "move": "moved"}


class WayOfLeaving(msgspec.Struct, frozen=True, kw_only=True):
    """How people are taken out, and until when the session leaves them out; `moved_to_id` is where they go on."""

    act: str
    reason: str = ""
    until: date | None = None
    moved_to_id: int | None = None
    on_leave: OnLeave = "expire"
    erasure: Erasure | None = None


async def require_to_let_go(
    actor: Actor, index: FacetIndex | None, session_id: int, learner_ids: Sequence[int]
) -> None:
    """Raises `Forbidden` for people outside the actor's groups, and where a duty that is not theirs to lift holds somebody."""
    if actor.is_admin or index is None:
        return
    permit = await permit_for(actor, index, await session_for(actor, session_id, "enroll"))
    people = BitMap(learner_ids)
    permit.require_people(entering=BitMap(), leaving=people)
    await require_no_closed_duty(permit, index, session_id, people)


async def leave_out(
    actor: Actor, session_id: int, learner_ids: Sequence[int], rows: Sequence[Record], how: WayOfLeaving
) -> int:
    """Do it to these people, of whom `rows` are the enrollments, in the caller's transaction, which holds the session's lock.

    The id of the run. In a legacy session nothing would enroll them again: it leaves nobody out. Raises `LegacySession` for other
    acts there.
    """
    legacy = await is_legacy(session_id)
    if legacy and how.act != "unenroll":
        raise LegacySession
    run_id = await open_run(actor, session_id, how.act, {"text": how.reason}, rows)
    if not legacy:
        await put_exclusions(
            run_id,
            session_id,
            learner_ids,
            reason=how.reason,
            until=how.until,
            moved_to_id=how.moved_to_id,
            by=actor.id or None,
        )
    await _end(session_id, run_id, rows, how)
    async with logged_as(run_id):
        await Blocked.delete().where(
            Blocked.session_id == session_id, any_of(Blocked.learner_id, learner_ids)
        )
    return run_id


async def _end(session_id: int, run_id: int, rows: Sequence[Record], how: WayOfLeaving) -> None:
    """Their enrollments end as asked here, whatever the methods say."""
    reason = by_hand(how.reason, _FACETS[how.act])
    ending = {
        row["learner_id"]: row["id"] for row in rows if row["state"] in ENDING or how.on_leave == "erase"
    }
    held = {
        row["method_id"]: row["learners"]
        for row in await fetch(act_statements.HELD_BY, session_id, list(ending))
    }
    await write(
        [
            Write(
                method_id=method_id,
                session_id=session_id,
                cause="act",
                run_id=run_id,
                leaving=learners,
                reasons=dict.fromkeys(learners, reason),
                confirmed=True,
                on_leave=how.on_leave,
                erasure=how.erasure,
            )
            for method_id, learners in held.items()
        ]
    )
    unheld = ending.keys() - {learner_id for learners in held.values() for learner_id in learners}
    if unheld:
        await _end_without_source(session_id, run_id, [ending[one] for one in unheld], reason)


async def _end_without_source(
    session_id: int, run_id: int, enrollment_ids: list[int], reason: dict[str, object]
) -> None:
    """Kept after the last source went, or never had one: only the enrollment itself is left to end."""
    ended = await fetch(act_statements.END_WITHOUT_SOURCE, enrollment_ids, run_id, clock.now(), reason)
    await Run.update({Run.left_count: Run.left_count + len(ended)}).where(Run.id == run_id)
    await notices.cancel_enrolled([row["learner_id"] for row in ended], session_id)
