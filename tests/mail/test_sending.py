"""From the outbox to a real mail server: once each, in the right words, whatever happens in between."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import asyncpg
import pytest

from backend import clock
from backend.database import execute, fetch, fetch_row, fetch_value
from backend.mail import MailSettings
from backend.services import notices, signing_in
from backend.services.sending import CONNECTIONS, LEASE, backoff, next_due, send_due
from tests.mail.conftest import OK, Sink, World

LATER = timedelta(hours=2)
KINDS: tuple[Literal["held", "frozen"], ...] = ("held", "frozen")


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def test_one_message_a_person_with_everything(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(2)
    await execute("UPDATE organisation SET name = 'Ørsted <Learning>', timezone = 'Europe/Paris'")
    other = await world.path("First aid & more")
    due = datetime(2027, 3, 1, 9, tzinfo=UTC)
    await world.enroll(world.learners, due_at=due)
    await world.enroll(world.learners[:1], other)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
    await notices.file_enrolled(world.learners[:1], other[1], other[2], None)
    due_at = await next_due()
    assert due_at is not None
    assert await send_due(mail, clock.now()) == 0
    assert await send_due(mail, due_at) == 2
    assert sorted(sink.recipients) == ["person0@example.org", "person1@example.org"]
    first = next(m for m in sink.messages if "person0" in m["To"])
    assert first["Subject"] == "You are enrolled in 2 activities"
    assert str(first["From"]) == '"Ørsted <Learning>" <muster@example.org>'
    for kind in ("plain", "html"):
        text = body(first, kind)
        assert f"https://muster.example/learn/{world.activity}" in text
        assert "Monday 1 March 2027, 10:00 (Europe/Paris)" in text
        assert "You belong to the audience “People in Paris”." in text
    assert "First aid &amp; more" in body(first, "html")
    assert "First aid & more" in body(first, "plain")
    second = next(m for m in sink.messages if "person1" in m["To"])
    assert second["Subject"] == "You are enrolled in Safety"
    assert await world.states() == {"sent": 2}
    assert await send_due(mail, due_at + LATER) == 0
    assert await next_due() is None


async def test_in_the_recipients_language(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(0)
    for language in ("fr", "fr-CA", "de", "en"):
        await world.learner(f"{language}@example.org", language=language)
    await world.enroll(world.learners)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
    await send_due(mail, clock.now() + LATER)
    subjects = {str(m["To"]).partition("<")[2].partition("@")[0]: str(m["Subject"]) for m in sink.messages}
    french, english = "Votre inscription à Safety", "You are enrolled in Safety"
    assert subjects == {"fr": french, "fr-CA": french, "de": english, "en": english}


async def test_only_those_who_still_are_to_be_told(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(5)
    await world.enroll(world.learners)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
    stays, left, suspended, completed, elsewhere = world.learners
    await execute(
        "UPDATE enrollment SET state = 'expired', until = muster_now() WHERE learner_id = $1",
        left,
    )
    await execute("UPDATE learner SET status = 'suspended' WHERE id = $1", suspended)
    await execute(
        "INSERT INTO result (learner_id, activity_id, session_id, status) VALUES ($1, $2, $3, 'completed')",
        completed,
        world.activity,
        world.session,
    )
    # Completed before, without a session.
    await execute("UPDATE enrollment SET state = 'active' WHERE learner_id = $1", elsewhere)
    await execute(
        "INSERT INTO standing (learner_id, activity_id, status, successful, steps_done) VALUES ($1, $2, 'completed', true, 0)",
        elsewhere,
        world.activity,
    )
    assert await send_due(mail, clock.now() + LATER) == 1
    assert sink.recipients == [await fetch_value("SELECT email FROM learner WHERE id = $1", stays)]
    assert await world.states() == {"sent": 1, "cancelled": 4}


async def test_put_off_at_the_last_moment(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(1)
    await world.enroll(world.learners)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
    await execute("UPDATE session SET starts_at = $1", clock.now() + timedelta(days=3))
    assert await send_due(mail, clock.now() + LATER) == 0
    assert await world.states() == {"pending": 1, "cancelled": 1}
    assert await send_due(mail, clock.now() + timedelta(days=3)) == 1


async def test_kept_without_a_mail_server(world: World) -> None:
    await world.make(2)
    await world.enroll(world.learners)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
    await notices.file_invitations(world.learners)
    assert await send_due(MailSettings(None, "https://muster.example"), clock.now() + LATER) == 4
    assert await world.states() == {"kept": 4}
    row = await fetch_row("SELECT html, subject, message_id FROM message WHERE kind = 'invitation' LIMIT 1")
    assert row is not None
    assert "https://muster.example/invite/" in row["html"]
    assert row["message_id"].endswith("@muster.example")


async def test_an_invitation_opens_once_and_its_link_is_not_kept(
    world: World, sink: Sink, mail: MailSettings
) -> None:
    await world.make(1)
    await execute("UPDATE learner SET status = 'invited'")
    await notices.file_invitations(world.learners)
    assert await send_due(mail, clock.now()) == 1
    text = body(sink.messages[0], "plain")
    token = text.partition("https://muster.example/invite/")[2].split()[0]
    stored = await fetch_row("SELECT html, body FROM message")
    assert stored is not None
    assert token not in stored["html"] + stored["body"]
    assert await signing_in.accept_invitation(token, "correct horse battery")
    # They are in: a second invitation has nothing to say.
    await notices.file_invitations(world.learners)
    assert await send_due(mail, clock.now()) == 0


async def test_deferred_is_tried_again_and_refused_is_not(
    world: World, sink: Sink, mail: MailSettings
) -> None:
    await world.make(3)
    await world.enroll(world.learners)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
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
    assert (deferred["error"], deferred["attempts"]) == ("451 later", 1)
    assert timedelta(0) < deferred["retry_at"] - clock.now() <= backoff(1)
    sink.reply = lambda _: OK
    assert await send_due(mail, deferred["retry_at"]) == 0, "due_at still bounds what is sent"
    assert await send_due(mail, now + LATER) == 1
    assert f"<{deferred['message_id']}>" == sink.ids()[-1]
    assert sink.asked == 3


async def test_gives_up_in_the_end(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(1)
    await world.enroll(world.learners)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
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
    await world.enroll(world.learners)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
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
    await world.enroll(world.learners)
    await notices.file_enrolled(world.learners, world.session, world.method, None)

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
    await world.enroll(world.learners)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
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
    await world.enroll(world.learners)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
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
    await world.enroll(world.learners)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
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
    await world.enroll(world.learners)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
    now = clock.now() + LATER
    sent = await asyncio.gather(*(send_due(mail, now) for _ in range(3)))
    assert sum(sent) == 650
    assert len(sink.messages) == len(set(sink.ids())) == len(set(sink.recipients)) == 650


@pytest.mark.parametrize(
    "address", ["a@example.org, b@example.org", "a@example.org\r\nBcc: b@example.org", "nobody"]
)
async def test_one_address_an_envelope(world: World, sink: Sink, mail: MailSettings, address: str) -> None:
    await world.make(0)
    await world.learner(address)
    await world.enroll(world.learners)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
    assert await send_due(mail, clock.now() + LATER) == 0
    assert await world.states() == {"failed": 1}
    assert sink.asked == 0


async def test_names_cannot_write_headers(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(1)
    await execute(
        "UPDATE learner SET first_name = E'Ana\\r\\nBcc: other@example.org', last_name = '\"x\" <y@z>'"
    )
    await execute("UPDATE activity SET title = E'Safety\\nX-Evil: 1'")
    await world.enroll(world.learners)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
    assert await send_due(mail, clock.now() + LATER) == 1
    assert sink.messages[0]["Bcc"] is None
    assert sink.messages[0]["X-Evil"] is None
    assert sink.recipients == ["person0@example.org"]


async def test_alerts_reach_whoever_is_in_charge(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(2)
    for kind in KINDS:
        await notices.file_alert(world.learners, kind, session_id=world.session, method_id=world.method)
    await execute("UPDATE enrollment_method SET state = 'frozen', state_reason = 'The group was deleted.'")
    assert await send_due(mail, clock.now()) == 2
    assert {str(m["Subject"]) for m in sink.messages} == {"Frozen: People in Paris"}
    assert "The group was deleted." in body(sink.messages[0], "plain")
    # The one about being held had been settled.
    assert await world.states() == {"sent": 2, "cancelled": 2}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail", ("mail", 25, None, None, False, True)),
        ("smtp://u%40x:p%3A@mail:2525?verify=no", ("mail", 2525, "u@x", "p:", False, False)),
        ("smtp://u:p@mail", ("mail", 587, "u", "p", False, True)),
        ("smtps://u:p@mail", ("mail", 465, "u", "p", True, True)),
    ],
)
def test_smtp_urls(url: str, expected: tuple[object, ...]) -> None:
    server = MailSettings(url, "https://m.example:8000").server
    assert server is not None
    assert (
        server.host,
        server.port,
        server.username,
        server.password,
        server.implicit_tls,
        server.verify,
    ) == expected


def test_who_it_comes_from() -> None:
    assert MailSettings(None, "https://m.example:8000").sender == "muster@m.example"
    assert MailSettings(f"smtp://{quote('a@b.c', safe='')}:p@mail").sender == "a@b.c"
    assert MailSettings("smtp://u@mail?from=x@y.z").sender == "x@y.z"
    with pytest.raises(ValueError, match="MUSTER_SMTP_URL"):
        _ = MailSettings("http://mail").server
