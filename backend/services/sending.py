"""Sending what is due, so that nothing is lost and nothing is sent twice by us, whenever a process dies.

A message goes pending → sending → sent, each step committed. While `sending`, its content is fixed and `retry_at` is its
lease: whoever finds a lease that has run out sends the message again under the same Message-ID. Without a mail server
messages end as `kept`, to be read in the outbox.
"""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from backend import clock
from backend.database import DATABASE_LOST, execute, fetch, fetch_row, fetch_value, transaction
from backend.mail import Connection, Deferred, Envelope, MailSettings, Refused, Unreachable
from backend.mail.settings import SmtpServer
from backend.services import notices
from backend.services.composing import compose

# One transaction renders this many; larger ones hold locks longer than they save.
BATCH = 200
# Connections to the mail server at once.
CONNECTIONS = 4
# Longer than one message can take (connect, greet, upgrade, authenticate, deliver; each reply has its own limit), so
# that only a dead sender loses its lease.
LEASE = timedelta(minutes=5)
LONGEST_DELIVERY_SECONDS = 240.0
# A database that is away when the mail server has taken a message is waited for: what is not written down is sent again.
RECORD_SECONDS = 45.0
RECORD_RETRY_SECONDS = 0.5
GRACE_SECONDS = 3.0
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=3)
# With those waits: about two and a half days, the order in which mail servers give up themselves.
MOST_ATTEMPTS = 28

_log = structlog.get_logger("muster.mail")


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
    while True:
        claim = await _claim(mail, now)
        done += claim.kept
        if claim.message_ids and mail.server is not None:
            done += await _deliver_all(mail, mail.server, claim)
        if claim.found < BATCH:
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
        fresh = await _still_due([row["id"] for row in rows if row["state"] == "pending"], now)
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
        await execute("UPDATE message SET state = 'cancelled' WHERE id = ANY($1::bigint[])", message_ids)
        await execute(
            "UPDATE notice SET cancelled_at = $2 WHERE message_id = ANY($1::bigint[]) AND cancelled_at IS NULL",
            message_ids,
            now,
        )


async def _deliver_all(mail: MailSettings, server: SmtpServer, claim: Claim) -> int:
    """Deliver over a few connections; returns how many the server took."""
    waiting = list(reversed(claim.message_ids))
    unreachable: list[str] = []
    lost: list[Exception] = []
    sent = 0
    organisation: str = await fetch_value("SELECT name FROM organisation")

    async def work() -> None:
        nonlocal sent
        async with Connection(server) as connection:
            while waiting and not unreachable and not lost:
                message_id = waiting.pop()
                try:
                    taken = await _to_the_end(
                        _deliver(mail, organisation, connection, (message_id, claim.lease))
                    )
                except Unreachable as error:
                    unreachable.append(str(error))
                except DATABASE_LOST as error:
                    # The others may have something to write down once it is back.
                    lost.append(error)
                else:
                    sent += taken

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(CONNECTIONS, len(waiting))):
                group.create_task(work())
    except asyncio.CancelledError:
        # Only a dead sender's messages wait for their lease.
        await _let_go(waiting, claim.lease)
        raise
    if lost:
        raise lost[0]
    if unreachable:
        _log.warning("the mail server cannot be reached", reason=unreachable[0], waiting=len(waiting))
        await _put_off(waiting, claim.lease, unreachable[0])
    return sent


async def _to_the_end(delivery: Coroutine[None, None, bool]) -> bool:
    """Await it; when cancelled, let the dialogue with the server end, or the message would have to be sent again."""
    task = asyncio.create_task(delivery)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=GRACE_SECONDS)
        task.cancel()
        raise


async def _deliver(
    mail: MailSettings, organisation: str, connection: Connection, claimed: tuple[int, datetime]
) -> bool:
    """Deliver one message under a new lease, unless another sender has taken it over; True when the server took it."""
    message_id, lease = claimed
    row = await fetch_row(
        """
        UPDATE message m SET attempts = m.attempts + 1, retry_at = $3 FROM learner l
        WHERE m.id = $1 AND m.state = 'sending' AND m.retry_at = $2 AND l.id = m.learner_id
        RETURNING m.message_id, m.email, m.subject, m.html, m.body, m.attempts, l.first_name, l.last_name
        """,
        message_id,
        lease,
        clock.now() + LEASE,
    )
    if row is None:
        return False
    envelope = Envelope(
        message_id=row["message_id"],
        sender=mail.sender,
        sender_name=organisation,
        recipient=row["email"],
        recipient_name=f"{row['first_name']} {row['last_name']}",
        subject=row["subject"],
        text=row["body"],
        html=row["html"],
    )
    try:
        async with asyncio.timeout(LONGEST_DELIVERY_SECONDS):
            await connection.send(envelope, clock.now())
    except Unreachable as error:
        await execute(
            "UPDATE message SET attempts = attempts - 1, retry_at = $2, error = $3 WHERE id = $1 AND state = 'sending'",
            message_id,
            clock.now() + FIRST_RETRY,
            str(error),
        )
        raise
    except Refused as error:
        await _fail(message_id, str(error))
        return False
    except (Deferred, TimeoutError) as error:
        await _defer(message_id, row["attempts"], str(error) or "the mail server took too long")
        return False
    await _write_down(message_id)
    return True


async def _write_down(message_id: int) -> None:
    """The mail server has taken it."""
    deadline = time.monotonic() + RECORD_SECONDS
    while True:
        try:
            # The link of an invitation is a key: once it is in the recipient's hands, ours is thrown away.
            await execute(
                """
                UPDATE message SET state = 'sent', sent_at = $2, retry_at = NULL, error = NULL,
                       html = regexp_replace(html, '/invite/[-_A-Za-z0-9]+', '/invite/…', 'g'),
                       body = regexp_replace(body, '/invite/[-_A-Za-z0-9]+', '/invite/…', 'g')
                WHERE id = $1 AND state = 'sending'
                """,
                message_id,
                clock.now(),
            )
        except DATABASE_LOST:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(RECORD_RETRY_SECONDS)
        else:
            return


def backoff(attempts: int) -> timedelta:
    """How long to wait after this many attempts."""
    return min(FIRST_RETRY * (1 << min(attempts - 1, 16)), LONGEST_RETRY)


async def _defer(message_id: int, attempts: int, reason: str) -> None:
    if attempts >= MOST_ATTEMPTS:
        await _fail(message_id, reason)
        return
    await execute(
        "UPDATE message SET retry_at = $2, error = $3 WHERE id = $1 AND state = 'sending'",
        message_id,
        clock.now() + backoff(attempts),
        reason,
    )


async def _fail(message_id: int, reason: str) -> None:
    _log.warning("a message was refused", message=message_id, reason=reason)
    await execute(
        "UPDATE message SET state = 'failed', retry_at = NULL, error = $2 WHERE id = $1 AND state = 'sending'",
        message_id,
        reason,
    )


async def _let_go(message_ids: list[int], lease: datetime) -> None:
    """Leave those not tried yet to whoever comes next."""
    await execute(
        "UPDATE message SET retry_at = $3 WHERE id = ANY($1::bigint[]) AND state = 'sending' AND retry_at = $2",
        message_ids,
        lease,
        clock.now(),
    )


async def _put_off(message_ids: list[int], lease: datetime, reason: str) -> None:
    """The server is away: those not tried yet wait; that is no attempt of theirs, so they never fail of it."""
    await execute(
        """
        UPDATE message SET retry_at = $3, error = $4
        WHERE id = ANY($1::bigint[]) AND state = 'sending' AND retry_at = $2
        """,
        message_ids,
        lease,
        clock.now() + FIRST_RETRY,
        reason,
    )
