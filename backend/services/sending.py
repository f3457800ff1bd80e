"""Sending what is due, so that nothing is lost and nothing is sent twice by us, whenever a process dies.

A message goes pending → sending → sent, each step committed. While `sending`, its content is fixed and `retry_at` is its
lease: whoever finds a lease that has run out sends the message again under the same Message-ID. Without a mail server
messages end as `kept`, to be read in the outbox. What falls due for people who do not count, or whose enrollment is
suspended, becomes `dormant` and waits for them.
"""

import time
from collections.abc import Sequence
from datetime import datetime

import msgspec

from backend import clock
from backend.database import execute, fetch, fetch_value, transaction
from backend.mail import MailSettings
from backend.services import notices
from backend.services.composing import compose
from backend.services.delivering import LEASE, MOST_SECONDS, deliver_all
from backend.services.dormant_mail import put_to_sleep

# What has nothing to say any more, with why.
_CANCEL_SILENT = """
WITH silent AS (
    UPDATE message m SET state = 'cancelled', cancelled_why = CASE
        WHEN l.status NOT IN ('invited', 'active') THEN 'inactive'
        WHEN m.kind = 'invitation' THEN 'has_password'
        WHEN m.kind = 'alert' THEN 'settled'
        ELSE coalesce((
            SELECT CASE WHEN e.id IS NULL OR e.state = 'expired' THEN 'left'
                        WHEN e.state = 'completed' OR t.status = 'completed' THEN 'completed'
                        WHEN n.kind = 'due_changed' AND e.due_at IS NULL THEN 'no_due_date' END AS why
            FROM notice n
            LEFT JOIN enrollment e ON e.session_id = n.session_id AND e.learner_id = n.learner_id
            LEFT JOIN standing t ON t.activity_id = e.activity_id AND t.learner_id = e.learner_id
            WHERE n.message_id = m.id AND n.cancelled_at IS NULL ORDER BY why NULLS LAST LIMIT 1), 'nothing_left') END
    FROM learner l WHERE m.id = ANY($1::bigint[]) AND l.id = m.learner_id
    RETURNING m.id, m.cancelled_why
)
UPDATE notice n SET cancelled_at = $2, cancelled_why = s.cancelled_why FROM silent s
WHERE n.message_id = s.id AND n.cancelled_at IS NULL
"""

# One transaction renders this many; larger ones hold locks longer than they save.
BATCH = 200


class Claim(msgspec.Struct, frozen=True):
    """Messages that are ours to deliver until `lease`, how many were kept instead, how many were looked at."""

    message_ids: list[int]
    lease: datetime
    kept: int
    found: int


async def next_due() -> datetime | None:
    """When `send_due` has something to do next (in the past: now); None when nothing waits."""
    found: datetime | None = await fetch_value(
        """
        SELECT least((SELECT min(due_at) FROM message WHERE state = 'pending'),
                     (SELECT min(retry_at) FROM message WHERE state = 'sending'))
        """
    )
    return found


async def send_due(mail: MailSettings, now: datetime) -> int:
    """Send (or keep) every message due by `now`; returns how many went out or were kept.

    Any number of processes may call it at once. A message that the server defers is tried again later, one that it
    refuses fails with its reason; a server that cannot be reached leaves the rest for later.
    """
    done = 0
    deadline = time.monotonic() + MOST_SECONDS
    while True:
        claim = await _claim(mail, now)
        done += claim.kept
        if claim.message_ids and mail.server is not None:
            done += await deliver_all(mail, mail.server, claim.message_ids, claim.lease)
        if claim.found < BATCH or time.monotonic() > deadline:
            return done


async def _claim(mail: MailSettings, now: datetime) -> Claim:
    """Take up to `BATCH` due messages and fix what they say."""
    lease = clock.now() + LEASE
    async with transaction():
        rows = await fetch(
            """
            SELECT id, state FROM message
            WHERE state IN ('pending', 'sending') AND due_at <= $1 AND (state = 'pending' OR retry_at <= $1)
            ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
            """,
            now,
            BATCH,
        )
        resumed = [row["id"] for row in rows if row["state"] == "sending"]
        due = await _still_due([row["id"] for row in rows if row["state"] == "pending"], now)
        fresh = await put_to_sleep(due)
        composed = await compose(fresh, mail, now)
        speaking = [(c.message_id, c.email, c.rendered) for c in composed if c.rendered is not None]
        state = "kept" if mail.server is None else "sending"
        await execute(
            """
            UPDATE message m SET state = $7, email = w.email, subject = w.subject, html = w.html, body = w.body,
                   message_id = m.message_id || '@' || $8, retry_at = CASE WHEN $7 = 'sending' THEN $6::timestamptz END
            FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) AS w(id, email, subject, html, body)
            WHERE m.id = w.id
            """,
            [message_id for message_id, _, _ in speaking],
            [email for _, email, _ in speaking],
            [rendered.subject for _, _, rendered in speaking],
            [rendered.html for _, _, rendered in speaking],
            [rendered.text for _, _, rendered in speaking],
            lease,
            state,
            mail.host,
        )
        await _cancel_silent([c.message_id for c in composed if c.rendered is None], now)
        if mail.server is None:
            # They were under way when the mail server was taken out of the settings.
            await execute(
                "UPDATE message SET state = 'kept', retry_at = NULL WHERE id = ANY($1::bigint[])", resumed
            )
            return Claim([], lease, kept=len(speaking) + len(resumed), found=len(rows))
        await execute("UPDATE message SET retry_at = $2 WHERE id = ANY($1::bigint[])", resumed, lease)
    return Claim([*resumed, *(message_id for message_id, _, _ in speaking)], lease, kept=0, found=len(rows))


async def _still_due(message_ids: Sequence[int], now: datetime) -> list[int]:
    """Move notices of sessions whose start was put off behind our back; ids of the messages that stay due."""
    moved = await fetch(
        """
        SELECT DISTINCT n.session_id FROM notice n JOIN session s ON s.id = n.session_id
        WHERE n.message_id = ANY($1::bigint[]) AND n.kind = 'enrolled' AND n.cancelled_at IS NULL AND s.starts_at > $2
        """,
        list(message_ids),
        now,
    )
    if not moved:
        return list(message_ids)
    for row in moved:
        await notices.session_moved(row["session_id"])
    rows = await fetch(
        "SELECT id FROM message WHERE id = ANY($1::bigint[]) AND state = 'pending'", list(message_ids)
    )
    return [row["id"] for row in rows]


async def _cancel_silent(message_ids: list[int], now: datetime) -> None:
    if message_ids:
        await execute(_CANCEL_SILENT, message_ids, now)
