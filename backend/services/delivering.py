"""Claimed messages to the mail server: each ends as sent or failed, or waits for another try."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta

import structlog

from backend import clock
from backend.database import DATABASE_LOST, execute, fetch_row, fetch_value
from backend.mail import Connection, Deferred, Envelope, MailSettings, Refused, Unreachable
from backend.mail.settings import SmtpServer

# Connections to the mail server at once.
CONNECTIONS = 4
# Longer than one message can take (connect, greet, upgrade, authenticate, each with half a minute; ten minutes for the reply to the
# message), so that only a dead sender loses its lease.
LEASE = timedelta(minutes=15)
LONGEST_DELIVERY_SECONDS = 840.0
# What one call begins to deliver; the rest is left to the next one, so that no job outlives arq's patience.
MOST_SECONDS = 200.0
# A database that is away when the mail server has taken a message is waited for: what is not written down is sent again.
RECORD_SECONDS = 45.0
RECORD_RETRY_SECONDS = 0.5
GRACE_SECONDS = 3.0
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=3)
# With those waits: about two and a half days, the order in which mail servers give up themselves.
MOST_ATTEMPTS = 28

_log = structlog.get_logger("muster.mail")


async def deliver_all(
    mail: MailSettings, server: SmtpServer, message_ids: Sequence[int], lease: datetime
) -> int:
    """Deliver these messages, ours until `lease`, over a few connections; returns how many the server took."""
    waiting = list(reversed(message_ids))
    unreachable: list[str] = []
    lost: list[Exception] = []
    sent = 0
    deadline = time.monotonic() + MOST_SECONDS
    organisation: str = await fetch_value("SELECT name FROM organisation")

    async def work() -> None:
        nonlocal sent
        async with Connection(server) as connection:
            while waiting and not unreachable and not lost and time.monotonic() < deadline:
                message_id = waiting.pop()
                try:
                    taken = await _to_the_end(_deliver(mail, organisation, connection, (message_id, lease)))
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
        await _let_go(waiting, lease)
        raise
    if lost:
        raise lost[0]
    await _leave_the_rest(waiting, lease, unreachable)
    return sent


async def _leave_the_rest(message_ids: list[int], lease: datetime, unreachable: Sequence[str]) -> None:
    """What was not begun is for whoever comes next; for later, if the server is away."""
    if unreachable:
        _log.warning("the mail server cannot be reached", reason=unreachable[0], waiting=len(message_ids))
        await _put_off(message_ids, lease, unreachable[0])
    elif message_ids:
        await _let_go(message_ids, lease)


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
