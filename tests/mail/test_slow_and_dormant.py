"""A mail server that takes its time, and people who are away when their mail falls due."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from backend.database import execute, fetch, fetch_value
from backend.mail import MailSettings
from backend.mail.smtp import END_OF_DATA_SECONDS
from backend.runtime import clock
from backend.services.mail import dormant_notices, notices
from backend.services.mail.delivery import LEASE, LONGEST_DELIVERY_SECONDS
from backend.services.mail.dispatch import send_due
from tests.mail.conftest import LATER, Sink, World, body


def test_leases_outlast_the_longest_wait() -> None:
    assert END_OF_DATA_SECONDS == 600
    assert END_OF_DATA_SECONDS < LONGEST_DELIVERY_SECONDS < LEASE.total_seconds()


async def test_a_late_answer_is_waited_for(world: World, sink: Sink) -> None:
    """Replies are waited for half a second here, but not the one to a whole message."""
    mail = MailSettings(
        f"smtp://127.0.0.1:{sink.port}?from=muster@example.org&timeout=0.5", "https://muster.example"
    )
    await world.make(1)
    await world.owe()
    original = sink.handle_DATA
    begun = asyncio.Event()

    async def late(*arguments: Any) -> str:
        begun.set()
        await asyncio.sleep(1.5)
        return await original(*arguments)

    sink.handle_DATA = late  # type: ignore[method-assign,assignment]
    # By the real clock, for leases are made by it.
    now = clock.now()
    await execute("UPDATE message SET due_at = $1", now)
    first = asyncio.create_task(send_due(mail, now))
    await begun.wait()
    # Others look meanwhile, and find nothing to do.
    while not first.done():
        assert await send_due(mail, now) == 0
        await asyncio.sleep(0.1)
    assert await first == 1
    assert sink.asked == len(sink.messages) == 1
    assert await world.states() == {"sent": 1}


@pytest.mark.parametrize("timeout", ["0", "31", "-1", "soon"])
def test_timeouts_that_are_none(timeout: str) -> None:
    with pytest.raises(ValueError, match=r"timeout|float"):
        _ = MailSettings(f"smtp://mail.example?timeout={timeout}").server


async def away(world: World, how: str) -> None:
    if how == "enrollment":
        await execute("UPDATE enrollment SET state = 'suspended' WHERE learner_id = $1", world.learners[0])
    else:
        await execute("UPDATE learner SET status = $2 WHERE id = $1", world.learners[0], how)


async def back(world: World, how: str) -> None:
    if how == "enrollment":
        await execute("UPDATE enrollment SET state = 'active' WHERE learner_id = $1", world.learners[0])
        await dormant_notices.revive(world.learners[:1])
    else:
        await execute("UPDATE learner SET status = 'active' WHERE id = $1", world.learners[0])


@pytest.mark.parametrize("how", ["suspended", "deactivated", "pending", "enrollment"])
async def test_who_is_away_gets_it_when_they_are_back(
    world: World, sink: Sink, mail: MailSettings, how: str
) -> None:
    await world.make(2)
    await world.owe()
    await away(world, how)
    now = clock.now() + LATER
    assert await send_due(mail, now) == 1
    assert await world.states() == {"sent": 1, "dormant": 1}
    # However often is looked, and whatever else falls due.
    await notices.file_due_changed(world.learners[:1], world.session)
    assert await send_due(mail, now + LATER) == 0
    await back(world, how)
    assert await send_due(mail, now + LATER) == 1
    assert sink.recipients == ["person1@example.org", "person0@example.org"]
    assert "Safety" in body(sink.messages[1], "plain")
    assert await send_due(mail, now + 2 * LATER) == 0


async def test_one_message_of_all_that_waited(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(1)
    await world.owe()
    other = await world.path("Hygiene", timedelta(hours=3))
    await world.enroll(world.learners, other)
    await notices.file_enrolled(world.learners, other[1], other[2], None)
    await away(world, "suspended")
    for hours in (2, 4):
        await send_due(mail, clock.now() + timedelta(hours=hours))
    assert await world.states() == {"dormant": 2}
    await back(world, "suspended")
    assert await send_due(mail, clock.now() + timedelta(hours=4)) == 1
    text = body(sink.messages[0], "plain")
    assert "Safety" in text
    assert "Hygiene" in text
    whys = await fetch("SELECT state, cancelled_why FROM message ORDER BY id")
    assert [tuple(row) for row in whys] == [("sent", None), ("cancelled", "gathered")]


async def test_one_suspended_session_does_not_hold_the_others(
    world: World, sink: Sink, mail: MailSettings
) -> None:
    await world.make(1)
    await world.owe()
    other = await world.path("Hygiene")
    await world.enroll(world.learners, other)
    await notices.file_enrolled(world.learners, other[1], other[2], None)
    await execute("UPDATE enrollment SET state = 'suspended' WHERE session_id = $1", other[1])
    now = clock.now() + LATER
    assert await send_due(mail, now) == 1
    assert "Hygiene" not in body(sink.messages[0], "plain")
    assert await world.states() == {"sent": 1, "dormant": 1}
    await execute("UPDATE enrollment SET state = 'active' WHERE session_id = $1", other[1])
    await dormant_notices.revive(world.learners)
    assert await send_due(mail, now) == 1
    assert "Safety" not in body(sink.messages[1], "plain")


async def test_who_leaves_while_away_is_not_told(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(1)
    await world.owe()
    await away(world, "suspended")
    now = clock.now() + LATER
    await send_due(mail, now)
    await execute("UPDATE enrollment SET state = 'expired', until = muster_now()")
    await notices.cancel_enrolled(world.learners, world.session)
    await back(world, "suspended")
    assert await send_due(mail, now) == 0
    assert await fetch_value("SELECT cancelled_why FROM message") == "left"
    assert sink.messages == []


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE enrollment SET state = 'completed', completed_at = muster_now()", "completed"),
        ("UPDATE enrollment SET state = 'expired', until = muster_now()", "left"),
        ("UPDATE notice SET kind = 'due_changed'", "no_due_date"),
    ],
)
async def test_what_has_nothing_to_say_says_why(
    world: World, sink: Sink, mail: MailSettings, sql: str, why: str
) -> None:
    await world.make(1)
    await world.owe()
    await execute(sql)
    assert await send_due(mail, clock.now() + LATER) == 0
    row = (await fetch("SELECT state, cancelled_why FROM message"))[0]
    assert tuple(row) == ("cancelled", why)
    assert await fetch_value("SELECT cancelled_why FROM notice") == why
    assert sink.asked == 0
