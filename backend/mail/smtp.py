"""One connection to the mail server, and what its answers mean for a message."""

import contextlib
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponse,
    SMTPResponseException,
)

from backend.mail.envelope import BadAddress, Envelope
from backend.mail.settings import SmtpServer
from backend.words import Message

# The reply to the end of a message: RFC 5321 (4.5.3.2.6). A server that has all of it may be delivering it; sent again, it arrives
# twice.
END_OF_DATA_SECONDS = 600.0
QUIT_SECONDS = 2.0
PERMANENT = 500
TOO_LONG = Message("The mail server took too long.")


class MailTrouble(Exception):
    """Why a message did not go; what the server said is quoted as it said it."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(MailTrouble):
    """The server will never take this message."""


class Deferred(MailTrouble):
    """Not now, or not certain: to be tried again with the same Message-ID."""


class Unreachable(MailTrouble):
    """The server takes nothing from us at present; this is not about any one message."""


class _Client(SMTP):
    """Waits for the reply to a whole message as long as the standard asks."""

    async def data(self, message: str | bytes, /, *, timeout: Any = None) -> SMTPResponse:  # noqa: ARG002, ASYNC109 - its signature
        return await super().data(message, timeout=END_OF_DATA_SECONDS)


class Connection:
    """`async with Connection(server) as connection: await connection.send(envelope, now)`; reconnects after trouble."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._client: SMTP | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        if error is None:
            with contextlib.suppress(SMTPException, OSError, TimeoutError):
                await client.quit(timeout=QUIT_SECONDS)
        client.close()

    async def send(self, envelope: Envelope, now: datetime) -> None:
        """Hand the message over; returns once the server has taken it, else raises one of this module's answers."""
        try:
            message = envelope.message(now)
        except BadAddress as error:
            raise Refused(error.reason) from error
        client = await self._connected()
        try:
            await client.send_message(message)
        except SMTPNotSupported as error:
            raise Refused(Message("The mail server cannot take it: “{said}”", said=error.message)) from error
        except SMTPRecipientsRefused as error:
            raise self._answer(error.recipients[0]) from error
        except SMTPResponseException as error:
            raise self._answer(error) from error
        except (SMTPException, OSError, TimeoutError) as error:
            self._drop()
            reason = Message("The connection to the mail server broke: “{said}”", said=str(error))
            raise Deferred(reason) from error

    async def probe(self) -> None:
        """Connect and sign in, and send nothing; raises `Unreachable`."""
        await self._connected()

    def _answer(self, error: SMTPResponseException) -> Refused | Deferred:
        # What state a refusal leaves the dialogue in differs between servers: begin a new one.
        self._drop()
        said = f"{error.code} {error.message}"
        if error.code >= PERMANENT:
            return Refused(Message("The mail server refused it: “{said}”", said=said))
        return Deferred(Message("The mail server put it off: “{said}”", said=said))

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def _connected(self) -> SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        server = self._server
        client = _Client(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.implicit_tls,
            validate_certs=server.verify,
            timeout=server.reply_seconds,
        )
        try:
            await client.connect()
        except (SMTPException, OSError, TimeoutError) as error:
            client.close()
            address = f"{server.host}:{server.port}"
            reason = Message(
                "The mail server {address} cannot be reached: “{said}”", address=address, said=str(error)
            )
            raise Unreachable(reason) from error
        self._client = client
        return client
