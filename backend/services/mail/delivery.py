"""Claimed messages to the mail server: each ends as sent or failed, or waits for another try."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta

import structlog
from piccolo.columns import And, Column, Where
from piccolo.columns.combination import WhereRaw

from backend.database import DATABASE_LOST, any_of, as_json, execute, fetch_row
from backend.mail import Connection, Deferred, Envelope, MailSettings, Refused, Unreachable
from backend.mail.settings import SmtpServer
from backend.mail.smtp import TOO_LONG
from backend.runtime import clock
from backend.services.mail import statements
from backend.tables import Message, Organisation
from backend.words import Message as Text

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
    unreachable: list[Text] = []
    lost: list[Exception] = []
    sent = 0
    deadline = time.monotonic() + MOST_SECONDS
    (organisation,) = await Organisation.select(Organisation.name).output(as_list=True)

    async def work() -> None:
        nonlocal sent
        async with Connection(server) as connection:
            while waiting and not unreachable and not lost and time.monotonic() < deadline:
                message_id = waiting.pop()
                try:
                    taken = await _to_the_end(_deliver(mail, organisation, connection, (message_id, lease)))
                except Unreachable as error:
                    unreachable.append(error.reason)
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


async def _leave_the_rest(message_ids: list[int], lease: datetime, unreachable: Sequence[Text]) -> None:
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
        statements.BEGIN_DELIVERY,
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
        await Message.update(
            {
                Message.attempts: Message.attempts - 1,
                Message.retry_at: clock.now() + FIRST_RETRY,
                **_told(error.reason),
            }
        ).where(*_under_way(message_id))
        raise
    except Refused as error:
        await _fail(message_id, error.reason)
        return False
    except Deferred as error:
        await _defer(message_id, row["attempts"], error.reason)
        return False
    except TimeoutError:
        await _defer(message_id, row["attempts"], TOO_LONG)
        return False
    await _write_down(message_id)
    return True


async def _write_down(message_id: int) -> None:
    """The mail server has taken it."""
    deadline = time.monotonic() + RECORD_SECONDS
    while True:
        try:
            # The link of an invitation is a key: once it is in the recipient's hands, ours is thrown away.
            await execute(statements.WRITE_DOWN_SENT, message_id, clock.now())
        except DATABASE_LOST:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(RECORD_RETRY_SECONDS)
        else:
            return


def backoff(attempts: int) -> timedelta:
    """How long to wait after this many attempts."""
    return min(FIRST_RETRY * (1 << min(attempts - 1, 16)), LONGEST_RETRY)


async def _defer(message_id: int, attempts: int, reason: Text) -> None:
    if attempts >= MOST_ATTEMPTS:
        await _fail(message_id, reason)
        return
    later: dict[Column | str, object] = {
        Message.retry_at: clock.now() + backoff(attempts),
        **_told(reason),
    }
    await Message.update(later).where(*_under_way(message_id))


async def _fail(message_id: int, reason: Text) -> None:
    _log.warning("a message was refused", message=message_id, reason=reason)
    await Message.update({Message.state: "failed", Message.retry_at: None, **_told(reason)}).where(
        *_under_way(message_id)
    )


def _told(reason: Text) -> dict[Column | str, object]:
    return {Message.error: str(reason), Message.error_made_of: as_json(reason.parts())}


def _under_way(message_id: int) -> tuple[Where, Where]:
    return (Message.id == message_id, Message.state == "sending")


def _ours(message_ids: list[int], lease: datetime) -> And:
    """Those of them that nobody has taken over since."""
    return (
        (Message.state == "sending")
        & (Message.retry_at == lease)
        & WhereRaw("{}", any_of(Message.id, message_ids))
    )


async def _let_go(message_ids: list[int], lease: datetime) -> None:
    """Leave those not tried yet to whoever comes next."""
    await Message.update({Message.retry_at: clock.now()}).where(_ours(message_ids, lease))


async def _put_off(message_ids: list[int], lease: datetime, reason: Text) -> None:
    """The server is away: those not tried yet wait; that is no attempt of theirs, so they never fail of it."""
    await Message.update({Message.retry_at: clock.now() + FIRST_RETRY, **_told(reason)}).where(
        _ours(message_ids, lease)
    )
