"""A mail server that really speaks SMTP, and a small world to write from."""

# ruff: noqa: ARG002, N802 - the names and arguments of aiosmtpd's handlers

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from backend.database import execute, fetch, fetch_value, transaction
from backend.mail import MailSettings
from backend.runtime import clock
from backend.services.mail import notices

OK = "250 taken"
# By then, whatever waits for the hour is due.
LATER = timedelta(hours=2)


def body(message: EmailMessage, kind: str) -> str:
    """One of the two forms of a message, `plain` or `html`."""
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


class Sink:
    """Takes mail as `reply` says; what it took is in `messages`, what it was asked for in `asked`."""

    port = 0
    server: asyncio.Server

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.asked = 0
        self.reply: Callable[[EmailMessage], str] = lambda _: OK
        self.recipient_reply: Callable[[str], str] = lambda _: OK

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, to: str, _: list[str]
    ) -> str:
        answer = self.recipient_reply(to)
        if answer == OK:
            envelope.rcpt_tos.append(to)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.asked += 1
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        answer = self.reply(message)
        if answer == OK:
            self.messages.append(message)
            self.recipients.extend(envelope.rcpt_tos)
        return answer

    def ids(self) -> list[str]:
        return [str(message["Message-ID"]) for message in self.messages]


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    made = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(made, hostname="sink.example", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
    )
    made.server = server
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


@pytest.fixture
def mail(sink: Sink) -> MailSettings:
    port = sink.port
    return MailSettings(f"smtp://127.0.0.1:{port}?from=muster@example.org", "https://muster.example")


class World:
    """One path with one session and people in it, by direct writes."""

    def __init__(self) -> None:
        self.learners: list[int] = []
        self.activity = 0
        self.session = 0
        self.method = 0

    async def make(self, people: int, starts_in: timedelta | None = None) -> "World":
        async with transaction():
            await self.learner(*(f"person{n}@example.org" for n in range(people)))
            self.activity, self.session, self.method = await self.path("Safety", starts_in)
        return self

    async def learner(self, *emails: str, language: str = "en") -> list[int]:
        rows = await fetch(
            "INSERT INTO learner (email, first_name, last_name, language, added_at) "
            "SELECT e, 'Ana', 'López', $2, muster_now() FROM unnest($1::text[]) e RETURNING id",
            list(emails),
            language,
        )
        self.learners += [row["id"] for row in rows]
        return [row["id"] for row in rows]

    async def path(self, title: str, starts_in: timedelta | None = None) -> tuple[int, int, int]:
        starts_at = None if starts_in is None else clock.now() + starts_in
        activity = await fetch_value(
            "INSERT INTO activity (kind, title) VALUES ('path', $1) RETURNING id", title
        )
        session = await fetch_value(
            "INSERT INTO session (activity_id, name, starts_at) VALUES ($1, $2, $3) RETURNING id",
            activity,
            f"{title} in spring",
            starts_at,
        )
        method = await fetch_value(
            "INSERT INTO enrollment_method (session_id, kind, name, state, created_at) "
            "VALUES ($1, 'audience', 'People in Paris', 'live', muster_now()) RETURNING id",
            session,
        )
        return activity, session, method

    async def enroll(
        self, learners: list[int], where: tuple[int, int, int] | None = None, due_at: datetime | None = None
    ) -> None:
        activity, session, method = where or (self.activity, self.session, self.method)
        await execute(
            "INSERT INTO enrollment (session_id, activity_id, learner_id, state, exclusive, since, due_at) "
            "SELECT $2, $3, l, 'active', true, muster_now(), $4 FROM unnest($1::integer[]) l",
            learners,
            session,
            activity,
            due_at,
        )
        await execute(
            "INSERT INTO source (method_id, learner_id, session_id, since) "
            "SELECT $2, l, $3, muster_now() FROM unnest($1::integer[]) l",
            learners,
            method,
            session,
        )

    async def owe(self) -> None:
        """Everybody is enrolled, and is to be told of it."""
        await self.enroll(self.learners)
        await notices.file_enrolled(self.learners, self.session, self.method, None)

    async def states(self) -> dict[str, int]:
        return {
            r["state"]: r["n"] for r in await fetch("SELECT state, count(*) AS n FROM message GROUP BY state")
        }


@pytest.fixture
def world(database: str) -> World:
    return World()
