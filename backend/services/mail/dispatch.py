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

from backend.database import any_of, execute, fetch, transaction
from backend.mail import MailSettings
from backend.runtime import clock
from backend.services.mail import notices, statements
from backend.services.mail.composition import compose
from backend.services.mail.delivery import LEASE, MOST_SECONDS, deliver_all
from backend.services.mail.dormant_notices import make_dormant
from backend.tables import Message

# One transaction renders this many; larger ones hold locks longer than they save.
BATCH = 200


class Claim(msgspec.Struct, frozen=True):
    """Messages that are ours to deliver until `lease`, how many were kept instead, how many were looked at."""

    message_ids: list[int]
    lease: datetime
    kept: int
    found: int


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
            statements.CLAIM,
            now,
            BATCH,
        )
        resumed = [row["id"] for row in rows if row["state"] == "sending"]
        due = await _still_due([row["id"] for row in rows if row["state"] == "pending"], now)
        fresh = await make_dormant(due)
        composed = await compose(fresh, mail, now)
        speaking = [(c.message_id, c.email, c.rendered) for c in composed if c.rendered is not None]
        state = "kept" if mail.server is None else "sending"
        await execute(
            statements.FIX_CONTENTS,
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
            await Message.update({Message.state: "kept", Message.retry_at: None}).where(
                any_of(Message.id, resumed)
            )
            return Claim([], lease, kept=len(speaking) + len(resumed), found=len(rows))
        await Message.update({Message.retry_at: lease}).where(any_of(Message.id, resumed))
    return Claim([*resumed, *(message_id for message_id, _, _ in speaking)], lease, kept=0, found=len(rows))


async def _still_due(message_ids: Sequence[int], now: datetime) -> list[int]:
    """Move notices of sessions whose start was put off past the services, in the database; ids of the messages that stay due."""
    moved = await fetch(
        statements.MOVED_SESSIONS,
        list(message_ids),
        now,
    )
    if not moved:
        return list(message_ids)
    for row in moved:
        await notices.session_moved(row["session_id"])
    rows = await Message.select(Message.id).where(any_of(Message.id, message_ids), Message.state == "pending")
    return [row["id"] for row in rows]


async def _cancel_silent(message_ids: list[int], now: datetime) -> None:
    if message_ids:
        await execute(statements.CANCEL_SILENT, message_ids, now)
