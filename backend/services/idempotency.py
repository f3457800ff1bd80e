"""Idempotency keys: the same write sent twice is done once, and answered twice.

The key is stored in the transaction of the write itself, so either both are there or neither; a second request with the
same key waits for the first one's commit on the unique index.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from backend import clock
from backend.database import execute, fetch_row, fetch_value
from backend.services.actor import Actor
from backend.services.errors import Invalid

KEPT_FOR = timedelta(hours=24)
LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered the first time."""

    status: int
    body: bytes
    media_type: str


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
            "Idempotency-Key", "length", f"An idempotency key has 1 to {LONGEST_KEY} characters."
        )
    await execute(
        "DELETE FROM idempotency WHERE learner_id = $1 AND key = $2 AND created_at < $3",
        actor.id,
        key,
        clock.now() - KEPT_FOR,
    )
    claimed = await fetch_value(
        "INSERT INTO idempotency (learner_id, key, request_hash, created_at) VALUES ($1, $2, $3, muster_now())"
        " ON CONFLICT DO NOTHING RETURNING true",
        actor.id,
        key,
        request_hash,
    )
    if claimed:
        return None
    row = await fetch_row("SELECT * FROM idempotency WHERE learner_id = $1 AND key = $2", actor.id, key)
    if row is None or row["request_hash"] != request_hash:
        raise Invalid.at("Idempotency-Key", "reused", "This idempotency key was used for another request.")
    return Answer(row["status"], row["body"], row["media_type"])


async def finish(actor: Actor, key: str, answer: Answer) -> None:
    """Keep the answer, in the same transaction."""
    await execute(
        "UPDATE idempotency SET status = $3, body = $4, media_type = $5 WHERE learner_id = $1 AND key = $2",
        actor.id,
        key,
        answer.status,
        answer.body,
        answer.media_type,
    )


async def forget_old_keys() -> None:
    """Drop keys past their time; run on a schedule."""
    await execute("DELETE FROM idempotency WHERE created_at < $1", clock.now() - KEPT_FOR)
