"""Self enrollment: people enroll themselves where a session lets them, with the key if it asks for one, and leave again."""

import secrets
from typing import Any

from backend.database import fetch, transaction
from backend.enrollment.method_kinds.self_enrollment import takes_people
from backend.runtime import clock
from backend.schemas.enrollment import enrollments as wire
from backend.services.access import throttling
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.enrollment.lists.enrollment_lists import one
from backend.services.enrollment.rights.legacy_sessions import refuse_legacy
from backend.services.enrollment.self_enrollment import waiting_list, waiting_statements
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, write
from backend.services.enrollment.writing.writes import Write
from backend.services.errors import Conflict, Forbidden, Invalid, TooMany
from backend.tables import Enrollment, EnrollmentMethod, Exclusion, WaitingPlace
from backend.text import code_key
from backend.words import Message


class EnrolledElsewhere(Conflict):
    """One session of an activity at a time; nobody is moved silently."""

    type, title = "other_session", Message("You are enrolled in another session")


class NotJoined(Conflict):
    """Only who joined by themselves leaves by themselves."""

    type, title = "not_joined", Message("You did not enroll yourself")


async def self_enroll(actor: Actor, session_id: int, key: str | None) -> wire.Enrollment | wire.Waiting:
    """Enroll the actor, or let them wait for a place; who is enrolled already stays so.

    Raises `Forbidden`, `Invalid` (key) or `Conflict`.
    """
    session = await session_for(actor, session_id, "see")
    refuse_legacy(session)
    if session["ends_at"] is not None and session["ends_at"] <= clock.now():
        raise Conflict(Message("This session has ended."))
    method = await _method_for(actor, session_id, key)
    async with transaction():
        await lock_sessions([session_id])
        enrolled = await _enrolled(session_id, actor.id)
        if enrolled is None:
            # Under the lock nobody deletes it, closes it or gives it another key.
            if method not in await _open_methods(session_id):
                raise Conflict(Message("This session has just stopped taking self enrollments this way."))
            # A place that has become free belongs to who waits for it.
            await waiting_list.fill(session_id)
            if (enrolled := await _enrolled(session_id, actor.id)) is None:
                if await _has_to_wait(actor, session_id, method["id"]):
                    return await _wait(actor, session_id, method["id"])
                await _enroll(actor, session_id, method["id"])
                enrolled = await _enrolled(session_id, actor.id)
        if enrolled is None:
            raise RuntimeError("the enrollment that was just written is not there")
        return await one(actor, enrolled)


async def leave(actor: Actor, session_id: int) -> wire.Left:
    """Leave what the actor joined, or the list of those who wait. What others enrolled them by goes on holding them.

    Raises `NotJoined`, and `Conflict` for what is completed.
    """
    refuse_legacy(await session_for(actor, session_id, "see"))
    async with transaction():
        await lock_sessions([session_id])
        place = WaitingPlace
        waited = await (
            place.delete()
            .where(place.session_id == session_id, place.learner_id == actor.id)
            .returning(place.id)
        )
        joined = await fetch(waiting_statements.JOINED, session_id, actor.id)
        if not waited and not joined:
            raise NotJoined(Message("Only what you joined yourself can be left. Ask who leads the session."))
        if any(row["state"] == "completed" for row in joined):
            raise Conflict(Message("A completed enrollment is never revoked."))
        await write([_leaving(actor, session_id, row["method_id"]) for row in joined])
        await waiting_list.fill(session_id)
        return wire.Left(state="left" if await _enrolled(session_id, actor.id) is None else "enrolled")


def _leaving(actor: Actor, session_id: int, method_id: int) -> Write:
    return Write(
        method_id=method_id,
        session_id=session_id,
        cause="self",
        actor_id=actor.id,
        leaving=[actor.id],
        confirmed=True,
        # Whoever wants to go is not kept.
        on_leave="expire",
    )


async def _has_to_wait(actor: Actor, session_id: int, method_id: int) -> bool:
    return bool(await waiting_list.position_of(session_id, actor.id) or await waiting_list.is_full(method_id))


async def _wait(actor: Actor, session_id: int, method_id: int) -> wire.Waiting:
    await waiting_list.wait_for_place(method_id, session_id, actor.id)
    # Who came earlier may have a place by now.
    return wire.Waiting(position=await waiting_list.position_of(session_id, actor.id) or 1)


async def _enrolled(session_id: int, learner_id: int) -> int | None:
    """The learner's enrollment in the session, if they are in it."""
    row = (
        await Enrollment.select(Enrollment.id)
        .where(
            Enrollment.session_id == session_id,
            Enrollment.learner_id == learner_id,
            Enrollment.state != "expired",
        )
        .first()
    )
    return None if row is None else int(row["id"])


async def _open_methods(session_id: int) -> list[dict[str, Any]]:
    """Ids and keys of the methods by which people enroll themselves now."""
    method = EnrollmentMethod
    rows = (
        await method.select(method.id, method.key, method.open, method.opens_at, method.closes_at)
        .where(
            EnrollmentMethod.session_id == session_id,
            EnrollmentMethod.kind == "self",
            EnrollmentMethod.active.eq(True),
            EnrollmentMethod.state == "live",
            EnrollmentMethod.deleted_at.is_null(),
        )
        .order_by(EnrollmentMethod.id)
    )
    now = clock.now()
    return [row for row in rows if takes_people(row["opens_at"], row["closes_at"], now)]


async def _enroll(actor: Actor, session_id: int, method_id: int) -> None:
    (written,) = await write(
        [
            Write(
                method_id=method_id,
                session_id=session_id,
                cause="self",
                actor_id=actor.id,
                entering=[actor.id],
            )
        ]
    )
    if written.blocked:
        raise EnrolledElsewhere(
            Message("You are enrolled in another session of this. Ask to be moved if you prefer this one.")
        )
    if not written.entered and await _is_left_out(session_id, actor.id):
        raise Forbidden(
            Message("You have been taken out of this session. Ask whoever runs it to let you in again.")
        )
    if not written.entered:
        raise Forbidden(Message("Your account cannot be enrolled now."))


async def _is_left_out(session_id: int, learner_id: int) -> bool:
    found = Exclusion.exists().where(Exclusion.session_id == session_id, Exclusion.learner_id == learner_id)
    return bool(await found)


async def _method_for(actor: Actor, session_id: int, key: str | None) -> dict[str, Any]:
    """The method that lets the actor in. Guesses of keys are counted like guesses of passwords, for each person alone."""
    methods = await _open_methods(session_id)
    if not methods:
        raise Forbidden(Message("This session does not take self enrollments."))
    free = next((method for method in methods if method["open"]), None)
    if free is not None:
        return free
    if key is None:
        raise Invalid.at("key", "required", Message("This session asks for a key."))
    guessing = f"account:self-enroll:{session_id}:{actor.id}"
    try:
        await throttling.count_attempt(guessing)
    except TooMany:
        # Whoever guesses does not learn that the right key is among those they are stopped from trying.
        raise _wrong_key() from None
    given = code_key(key).encode()
    for method in methods:
        kept = code_key(method["key"] or "").strip()
        # A blank key, kept from before keys were looked at, lets nobody in.
        if kept and secrets.compare_digest(kept.encode(), given):
            await throttling.forget_attempts(guessing)
            return method
    raise _wrong_key()


def _wrong_key() -> Invalid:
    return Invalid.at(
        "key",
        "wrong",
        Message(
            "This is not the key of this session. After ten tries, further ones are refused for a quarter of an hour."
        ),
    )
