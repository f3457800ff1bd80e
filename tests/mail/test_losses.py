"""Once each, whatever is lost in between: servers, senders, the database."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from backend.database import execute, fetch, fetch_row
from backend.mail import MailSettings
from backend.runtime import clock
from backend.services.mail.delivery import CONNECTIONS, LEASE, backoff
from backend.services.mail.dispatch import send_due
from tests.mail.conftest import LATER, OK, Sink, World, body


async def test_deferred_is_tried_again_and_refused_is_not(
    world: World, sink: Sink, mail: MailSettings
) -> None:
    await world.make(3)
    await world.owe()
    sink.recipient_reply = lambda to: "550 no such mailbox" if "person1" in to else OK
    sink.reply = lambda m: "451 later" if "person2" in m["To"] else OK
    now = clock.now() + LATER
    assert await send_due(mail, now) == 1
    assert await world.states() == {"sent": 1, "failed": 1, "sending": 1}
    failed = await fetch_row("SELECT error FROM message WHERE state = 'failed'")
    assert failed is not None
    assert "550 no such mailbox" in failed["error"]
    deferred = await fetch_row(
        "SELECT error, retry_at, attempts, message_id FROM message WHERE state = 'sending'"
    )
    assert deferred is not None
    assert ("451 later" in deferred["error"], deferred["attempts"]) == (True, 1)
    assert timedelta(0) < deferred["retry_at"] - clock.now() <= backoff(1)
    sink.reply = lambda _: OK
    # At the end of an hour it would be due before it is tried again.
    await execute("UPDATE message SET due_at = retry_at + interval '1 minute' WHERE state = 'sending'")
    assert await send_due(mail, deferred["retry_at"]) == 0, "due_at still bounds what is sent"
    assert await send_due(mail, now + LATER) == 1
    assert f"<{deferred['message_id']}>" == sink.ids()[-1]
    assert sink.asked == 3


async def test_gives_up_in_the_end(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(1)
    await world.owe()
    sink.reply = lambda _: "452 full"
    now = clock.now() + LATER
    for _ in range(40):
        await send_due(mail, now)
        await execute("UPDATE message SET retry_at = $1 WHERE state = 'sending'", now)
    assert await world.states() == {"failed": 1}
    assert sink.asked < 40


async def test_a_server_that_is_away_costs_nobody_an_attempt(
    world: World, sink: Sink, mail: MailSettings
) -> None:
    await world.make(9)
    await world.owe()
    sink.server.close()
    now = clock.now() + LATER
    assert await send_due(mail, now) == 0
    rows = await fetch("SELECT attempts, error FROM message WHERE state = 'sending'")
    assert len(rows) == 9
    assert {row["attempts"] for row in rows} == {0}
    assert all("127.0.0.1" in row["error"] for row in rows)


async def test_a_connection_lost_before_the_reply_is_sent_again_under_the_same_id(
    world: World, sink: Sink, mail: MailSettings
) -> None:
    await world.make(1)
    await world.owe()

    async def drop(server: object, session: object, envelope: object) -> str:
        await original(server, session, envelope)  # type: ignore[arg-type]
        server.transport.close()  # type: ignore[attr-defined]
        return OK

    original = sink.handle_DATA
    sink.handle_DATA = drop  # type: ignore[method-assign]
    now = clock.now() + LATER
    assert await send_due(mail, now) == 0
    assert await world.states() == {"sending": 1}
    sink.handle_DATA = original  # type: ignore[method-assign]
    assert await send_due(mail, now + LATER) == 1
    assert len(sink.messages) == 2
    assert len(set(sink.ids())) == 1


async def test_left_over_by_a_dead_sender(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(1)
    await world.owe()
    now = clock.now() + LATER
    stalled = asyncio.Event()

    async def stall(*_: object) -> str:
        stalled.set()
        await asyncio.sleep(60)
        return OK

    original = sink.handle_DATA
    sink.handle_DATA = stall  # type: ignore[method-assign,assignment]
    sender = asyncio.create_task(send_due(mail, now))
    await stalled.wait()
    sender.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sender
    sink.handle_DATA = original  # type: ignore[method-assign]
    # Its lease protects it first, then anybody takes it up, with the content it was first given.
    await execute("UPDATE learner SET first_name = 'Changed'")
    assert await send_due(mail, clock.now()) == 0
    assert await send_due(mail, now + LEASE) == 1
    assert "Hello Ana," in body(sink.messages[0], "plain")


async def test_what_a_stopped_sender_had_not_begun(world: World, sink: Sink, mail: MailSettings) -> None:
    """It waits for nobody's lease."""
    await world.make(CONNECTIONS + 3)
    await world.owe()
    await execute("UPDATE message SET due_at = $1", clock.now())
    stalled = asyncio.Barrier(CONNECTIONS + 1)

    async def stall(*_: object) -> str:
        await stalled.wait()
        await asyncio.sleep(60)
        return OK

    original = sink.handle_DATA
    sink.handle_DATA = stall  # type: ignore[method-assign,assignment]
    sender = asyncio.create_task(send_due(mail, clock.now()))
    await stalled.wait()
    sender.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sender
    sink.handle_DATA = original  # type: ignore[method-assign]
    # Those under way are undecided.
    assert await send_due(mail, clock.now()) == 3
    assert await send_due(mail, clock.now() + LEASE) == CONNECTIONS


async def test_a_database_that_is_lost_meanwhile(
    database: str, world: World, sink: Sink, mail: MailSettings
) -> None:
    """What the mail server has taken is written down once the database is back, and not sent again."""
    await world.make(1)
    await world.owe()
    await execute("UPDATE message SET due_at = $1", clock.now())
    outside = await asyncpg.connect(database)
    limit = f'ALTER DATABASE "{urlsplit(database).path[1:]}" CONNECTION LIMIT'
    original = sink.handle_DATA

    async def lose_the_database(server: Any, session: Any, envelope: Any) -> str:
        await outside.execute(f"{limit} 0")
        await outside.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        asyncio.get_running_loop().call_later(1, lambda: found.set_result(None))
        return await original(server, session, envelope)

    sink.handle_DATA = lose_the_database  # type: ignore[method-assign]
    found: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    sending = asyncio.create_task(send_due(mail, clock.now()))
    await found
    await outside.execute(f"{limit} -1")
    await outside.close()
    assert await sending == 1
    assert await world.states() == {"sent": 1}
    assert len(sink.messages) == 1


async def test_many_senders_send_once(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(650)
    await world.owe()
    # Due now: hours later whoever is at a message would be taken for dead.
    now = clock.now()
    await execute("UPDATE message SET due_at = $1", now)
    sent = await asyncio.gather(*(send_due(mail, now) for _ in range(3)))
    assert sum(sent) == 650
    assert len(sink.messages) == len(set(sink.ids())) == len(set(sink.recipients)) == 650
