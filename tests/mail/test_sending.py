"""From the outbox to a real mail server: what is sent, to whom, in which words."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from backend.database import execute, fetch_row, fetch_value
from backend.mail import MailSettings
from backend.runtime import clock
from backend.services.access import sign_ins
from backend.services.mail import alerts, notices
from backend.services.mail.dispatch import send_due
from tests.mail.conftest import LATER, Sink, World, body

KINDS: tuple[Literal["held", "frozen"], ...] = ("held", "frozen")


async def test_one_message_a_person_with_everything(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(2)
    await execute("UPDATE organisation SET name = 'Ørsted <Learning>', timezone = 'Europe/Paris'")
    other = await world.path("First aid & more")
    due = datetime(2027, 3, 1, 9, tzinfo=UTC)
    await world.enroll(world.learners, due_at=due)
    await world.enroll(world.learners[:1], other)
    await notices.file_enrolled(world.learners, world.session, world.method, None)
    await notices.file_enrolled(world.learners[:1], other[1], other[2], None)
    due_at: datetime = await fetch_value("SELECT min(due_at) FROM message WHERE state = 'pending'")
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


async def test_in_the_recipients_language(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(0)
    for language in ("fr", "fr-CA", "de", "en"):
        await world.learner(f"{language}@example.org", language=language)
    await world.owe()
    await send_due(mail, clock.now() + LATER)
    subjects = {str(m["To"]).partition("<")[2].partition("@")[0]: str(m["Subject"]) for m in sink.messages}
    french, english = "Votre inscription à Safety", "You are enrolled in Safety"
    assert subjects == {"fr": french, "fr-CA": french, "de": english, "en": english}


async def test_only_those_who_still_are_to_be_told(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(5)
    await world.owe()
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
    # Whoever is suspended gets it when they are back.
    assert await world.states() == {"sent": 1, "dormant": 1, "cancelled": 3}


async def test_put_off_at_the_last_moment(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(1)
    await world.owe()
    await execute("UPDATE session SET starts_at = $1", clock.now() + timedelta(days=3))
    assert await send_due(mail, clock.now() + LATER) == 0
    assert await world.states() == {"pending": 1, "cancelled": 1}
    assert await send_due(mail, clock.now() + timedelta(days=3)) == 1


async def test_kept_without_a_mail_server(world: World) -> None:
    await world.make(2)
    await world.owe()
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
    assert await sign_ins.accept_invitation(token, "correct horse battery")
    # They are in: a second invitation has nothing to say.
    await notices.file_invitations(world.learners)
    assert await send_due(mail, clock.now()) == 0


@pytest.mark.parametrize(
    "address", ["a@example.org, b@example.org", "a@example.org\r\nBcc: b@example.org", "nobody"]
)
async def test_one_address_an_envelope(world: World, sink: Sink, mail: MailSettings, address: str) -> None:
    await world.make(0)
    await world.learner(address)
    await world.owe()
    assert await send_due(mail, clock.now() + LATER) == 0
    assert await world.states() == {"failed": 1}
    assert sink.asked == 0


async def test_names_cannot_write_headers(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(1)
    await execute(
        "UPDATE learner SET first_name = E'Ana\\r\\nBcc: other@example.org', last_name = '\"x\" <y@z>'"
    )
    await execute("UPDATE activity SET title = E'Safety\\nX-Evil: 1'")
    await world.owe()
    assert await send_due(mail, clock.now() + LATER) == 1
    assert sink.messages[0]["Bcc"] is None
    assert sink.messages[0]["X-Evil"] is None
    assert sink.recipients == ["person0@example.org"]


async def test_alerts_reach_whoever_is_in_charge(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(2)
    for kind in KINDS:
        await alerts.file_alert(world.learners, kind, session_id=world.session, method_id=world.method)
    await execute("UPDATE learner SET is_admin = true WHERE id = $1", world.learners[0])
    await execute("INSERT INTO session_instructor VALUES ($1, $2)", world.session, world.learners[1])
    # As the release before writes it: what the text begins with is the cause.
    text = "broken rule: rule.blocks[0].groups[0]: The group was deleted."
    await execute("UPDATE enrollment_method SET state = 'frozen', state_reason = $1", text)
    # One message an hour lists what waits.
    assert await send_due(mail, clock.now()) == 0
    assert await send_due(mail, clock.now() + LATER) == 2
    assert {str(m["Subject"]) for m in sink.messages} == {"Frozen: People in Paris"}
    told = {str(message["To"]): body(message, "plain") for message in sink.messages}
    named = {to: "The group was deleted." in text for to, text in told.items()}
    # What a rule names is for admins; the others hear that it cannot be worked out.
    assert sorted(named.values()) == [False, True]
    assert all("cannot be worked out" in text for text in told.values())
    # That it was held had been settled: nothing is said of it.
    assert await world.states() == {"sent": 2}
    assert not any("approval" in text for text in told.values())


async def test_what_waits_is_listed_in_one_message(world: World, sink: Sink, mail: MailSettings) -> None:
    await world.make(1)
    other = await fetch_value(
        "INSERT INTO enrollment_method (session_id, kind, name, state, created_at)"
        " VALUES ($1, 'audience', 'People in Lyon', 'frozen', muster_now()) RETURNING id",
        world.session,
    )
    await execute("UPDATE enrollment_method SET state = 'frozen'")
    await execute("UPDATE learner SET is_admin = true")
    for method in (world.method, other):
        await alerts.file_alert(world.learners, "frozen", session_id=world.session, method_id=method)
    assert await send_due(mail, clock.now() + LATER) == 1
    (message,) = sink.messages
    assert str(message["Subject"]) == "2 things wait for your decision"
    told = body(message, "plain")
    assert "People in Paris" in told
    assert "People in Lyon" in told
    assert "/needs-you" in told
