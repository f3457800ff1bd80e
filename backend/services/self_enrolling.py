"""Self enrollment: people enroll themselves where a session lets them, with the key if it asks for one."""

import secrets

from asyncpg import Record

from backend import clock
from backend.database import fetch, fetch_value, transaction
from backend.schemas.enrolling import enrollments as wire
from backend.services import throttling
from backend.services.actor import Actor
from backend.services.enrollment_lists import one
from backend.services.enrollment_writer import Write, lock_sessions, write
from backend.services.errors import Conflict, Forbidden, Invalid, TooMany
from backend.services.rights import session_for
from backend.text import code_key

_METHODS = """
SELECT id, key FROM enrollment_method
WHERE session_id = $1 AND kind = 'self' AND active AND state = 'live' AND deleted_at IS NULL ORDER BY id
"""
_STILL_OPEN = """
SELECT EXISTS (SELECT FROM enrollment_method WHERE id = $1 AND key IS NOT DISTINCT FROM $2 AND active AND state = 'live'
               AND deleted_at IS NULL)
"""
_ENROLLED = "SELECT id FROM enrollment WHERE session_id = $1 AND learner_id = $2 AND state <> 'expired'"


class EnrolledElsewhere(Conflict):
    """One session of an activity at a time; nobody is moved silently."""

    type, title = "other_session", "You are enrolled in another session"


async def self_enroll(actor: Actor, session_id: int, key: str | None) -> wire.Enrollment:
    """Enroll the actor; who is enrolled already stays so. Raises `Forbidden`, `Invalid` (key) or `Conflict`."""
    session = await session_for(actor, session_id, "see")
    if session["ends_at"] is not None and session["ends_at"] <= clock.now():
        raise Conflict("This session has ended.")
    method = await _method_for(actor, session_id, key)
    async with transaction():
        await lock_sessions([session_id])
        enrolled = await fetch_value(_ENROLLED, session_id, actor.id)
        if enrolled is None:
            # Under the lock nobody deletes it, closes it or gives it another key.
            if not await fetch_value(_STILL_OPEN, method["id"], method["key"]):
                raise Conflict("This session has just stopped taking self enrollments this way.")
            await _enroll(actor, session_id, method["id"])
            enrolled = await fetch_value(_ENROLLED, session_id, actor.id)
        return await one(actor, enrolled)


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
            "You are enrolled in another session of this. Ask to be moved if you prefer this one."
        )
    if not written.entered:
        raise Forbidden("Your account cannot be enrolled now.")


async def _method_for(actor: Actor, session_id: int, key: str | None) -> Record:
    """The method that lets the actor in. Guesses of keys are counted like guesses of passwords, for each person alone."""
    methods = await fetch(_METHODS, session_id)
    if not methods:
        raise Forbidden("This session does not take self enrollments.")
    free = next((method for method in methods if method["key"] is None), None)
    if free is not None:
        return free
    if key is None:
        raise Invalid.at("key", "required", "This session asks for a key.")
    guessing = f"account:self-enroll:{session_id}:{actor.id}"
    try:
        await throttling.count_attempt(guessing)
    except TooMany:
        # Whoever guesses does not learn that the right key is among those they are stopped from trying.
        raise _wrong_key() from None
    given = code_key(key).encode()
    for method in methods:
        kept = code_key(method["key"]).strip()
        # A blank key, kept from before keys were looked at, lets nobody in.
        if kept and secrets.compare_digest(kept.encode(), given):
            await throttling.forget_attempts(guessing)
            return method
    raise _wrong_key()


def _wrong_key() -> Invalid:
    return Invalid.at(
        "key",
        "wrong",
        "This is not the key of this session. After ten tries, further ones are refused for a quarter of an hour.",
    )
