"""Idempotency keys: the same write sent twice is done once, and answered twice.

The key is stored in the transaction of the write itself, so either both are there or neither; a second request with the
same key waits for the first one's commit on the unique index.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from piccolo.columns import And

from backend.database import NOW
from backend.runtime import clock
from backend.services.access.actor import Actor
from backend.services.errors import Invalid
from backend.tables import Idempotency
from backend.words import Message

KEPT_FOR = timedelta(hours=24)
LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered the first time."""

    status: int
    body: bytes
    media_type: str
    # The run of what was done, which the header `Run` names.
    run_id: int | None = None


def hash_request(method: str, path: str, query: bytes, body: bytes) -> bytes:
    """What must be the same for a key to mean the same request."""
    digest = hashlib.sha256()
    for part in (method.encode(), path.encode(), query, body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


async def begin(actor: Actor, key: str, request_hash: bytes) -> Answer | None:
    """Claim `key` inside the current transaction; the earlier answer if there is one.

    Raises `Invalid` for a key that is too long or that was used for another request.
    """
    if not 0 < len(key) <= LONGEST_KEY:
        raise Invalid.at(
            "Idempotency-Key",
            "length",
            Message("An idempotency key has 1 to {longest} characters.", longest=LONGEST_KEY),
        )
    await Idempotency.delete().where(_is(actor, key), Idempotency.created_at < clock.now() - KEPT_FOR)
    claimed = (
        await Idempotency.insert(
            Idempotency(learner_id=actor.id, key=key, request_hash=request_hash, created_at=NOW)
        )
        .on_conflict(action="DO NOTHING")
        .returning(Idempotency.key)
    )
    if claimed:
        return None
    row = await Idempotency.select().where(_is(actor, key)).first()
    if row is None or row["request_hash"] != request_hash:
        raise Invalid.at(
            "Idempotency-Key", "reused", Message("This idempotency key was used for another request.")
        )
    return Answer(row["status"], row["body"], row["media_type"], row["run_id"])


async def finish(actor: Actor, key: str, answer: Answer) -> None:
    """Keep the answer, in the same transaction."""
    await Idempotency.update(
        {
            Idempotency.status: answer.status,
            Idempotency.body: answer.body,
            Idempotency.media_type: answer.media_type,
            Idempotency.run_id: answer.run_id,
        }
    ).where(_is(actor, key))


def _is(actor: Actor, key: str) -> And:
    return (Idempotency.learner_id == actor.id) & (Idempotency.key == key)


async def forget_old_keys() -> None:
    """Drop keys past their time; run on a schedule."""
    await Idempotency.delete().where(Idempotency.created_at < clock.now() - KEPT_FOR)
