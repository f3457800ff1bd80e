"""Enrolling in legacy sessions: people are enrolled and unenrolled directly, by name, without a plan.

Also here nobody is enrolled without a source: it is that of the session's hand-picked method.
"""

from collections.abc import Callable, Sequence

from asyncpg import Record
from pyroaring import BitMap

from backend.database import any_of, fetch, transaction
from backend.index import Follower
from backend.schemas.enrollment import acts as wire
from backend.schemas.problem import Mistake
from backend.services.access import throttling
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.audiences.index_access import current_index
from backend.services.enrollment.acts import act_statements, exclusion_statements
from backend.services.enrollment.acts.enrollment_rows import FITTING, locked_enrollments, open_run
from backend.services.enrollment.acts.leaving_by_hand import WayOfLeaving, leave_out
from backend.services.enrollment.rights.enrollment_rights import Permit, permit_for
from backend.services.enrollment.rights.legacy_sessions import require_legacy
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, write
from backend.services.enrollment.writing.hand_picked import hand_picked_methods
from backend.services.enrollment.writing.writes import Write
from backend.services.errors import Invalid
from backend.tables import Blocked, Run
from backend.text import address_key
from backend.words import Message

_NOBODY = Message("None of the people whom you may enroll here is this.")


async def enroll(
    actor: Actor, follower: Follower, session_id: int, request: wire.DirectEnrollment
) -> wire.DirectlyEnrolled:
    """Enroll them. Raises `AudienceSession` for a session of the other kind, `Invalid` for whom the actor may not enroll."""
    async with transaction():
        session = await _session(actor, session_id)
        learner_ids = await _named(actor, follower, session, request, lambda permit: permit.reach)
        method_id = (await hand_picked_methods([session_id], actor.id))[session_id]
        run_id = await open_run(actor, session_id, "enroll", {"text": ""})
        (written,) = await write(
            [
                Write(
                    method_id=method_id,
                    session_id=session_id,
                    cause="act",
                    actor_id=actor.id,
                    run_id=run_id,
                    entering=learner_ids,
                )
            ]
        )
        if written.did_nothing:
            await Run.delete().where(Run.id == run_id)
        unchanged = len(learner_ids) - written.entered - written.blocked
        return wire.DirectlyEnrolled(
            run_id=None if written.did_nothing else run_id,
            entered=written.entered,
            blocked=written.blocked,
            unchanged=unchanged,
        )


async def unenroll(
    actor: Actor, follower: Follower, session_id: int, request: wire.DirectEnrollment
) -> wire.DirectlyEnrolled:
    """Their access ends and their progress stays; who has completed stays enrolled. Raises as `enroll`."""
    async with transaction():
        session = await _session(actor, session_id)
        learner_ids = await _named(actor, follower, session, request, lambda permit: permit.members)
        live = await fetch(exclusion_statements.LIVE_OF, session_id, learner_ids)
        found = await locked_enrollments(actor, [row["id"] for row in live]) if live else {}
        rows = [row for row in found.get(session_id, []) if row["state"] in FITTING["unenroll"]]
        left = [row["learner_id"] for row in rows]
        waiting = await Blocked.exists().where(
            Blocked.session_id == session_id, any_of(Blocked.learner_id, learner_ids)
        )
        run_id = None
        if left or waiting:
            run_id = await leave_out(actor, session_id, learner_ids, rows, WayOfLeaving(act="unenroll"))
        return wire.DirectlyEnrolled(run_id=run_id, left=len(left), unchanged=len(learner_ids) - len(left))


async def _session(actor: Actor, session_id: int) -> Record:
    session = await session_for(actor, session_id, "enroll")
    require_legacy(session)
    await lock_sessions([session_id])
    return session


async def _named(
    actor: Actor,
    follower: Follower,
    session: Record,
    request: wire.DirectEnrollment,
    within: Callable[[Permit], BitMap],
) -> list[int]:
    """The people who are named, each once. What does not exist and what is not the actor's are answered alike."""
    index = await current_index(follower)
    allowed = within(await permit_for(actor, index, session)) & index.learners
    keys = [address_key(text) for text in request.emails]
    if keys and not actor.is_admin:
        await throttling.count(f"pasted:{actor.id}", attempts=len(set(keys)))
    accounts = {row["email"]: row["id"] for row in await fetch(act_statements.ACCOUNTS, sorted(set(keys)))}
    given: Sequence[tuple[str, int | None]] = [
        *((f"learner_ids[{i}]", one) for i, one in enumerate(request.learner_ids)),
        *((f"emails[{i}]", accounts.get(key)) for i, key in enumerate(keys)),
    ]
    if not given:
        raise Invalid.at("learner_ids", "required", Message("Name somebody."))
    unknown = [
        Mistake(path=path, code="unknown", message=_NOBODY)
        for path, one in given
        if one is None or one not in allowed
    ]
    if unknown:
        raise Invalid.about(unknown, told=1)
    return sorted({one for _, one in given if one is not None})
