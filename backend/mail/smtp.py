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

# The reply to the end of a message: RFC 5321 (4.5.3.2.6). A server that has all of it may be delivering it; sent again, it arrives
# twice.
END_OF_DATA_SECONDS = 600.0
GOODBYE_SECONDS = 2.0
PERMANENT = 500


class Refused(Exception):
    """The server will never take this message."""


class Deferred(Exception):
    """Not now, or not certain: to be tried again with the same Message-ID."""


class Unreachable(Exception):
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
                await client.quit(timeout=GOODBYE_SECONDS)
        client.close()

    async def send(self, envelope: Envelope, now: datetime) -> None:
        """Hand the message over; returns once the server has taken it, else raises one of this module's answers."""
        try:
            message = envelope.message(now)
        except BadAddress as error:
            raise Refused(str(error)) from error
        client = await self._connected()
        try:
            await client.send_message(message)
        except SMTPNotSupported as error:
            raise Refused(error.message) from error
        except SMTPRecipientsRefused as error:
            raise self._answer(error.recipients[0]) from error
        except SMTPResponseException as error:
            raise self._answer(error) from error
        except (SMTPException, OSError, TimeoutError) as error:
            self._drop()
            raise Deferred(f"the connection broke: {error}") from error

    async def probe(self) -> None:
        """Connect and sign in, and send nothing; raises `Unreachable`."""
        await self._connected()

    def _answer(self, error: SMTPResponseException) -> Refused | Deferred:
        # What state a refusal leaves the dialogue in differs between servers: begin a new one.
        self._drop()
        said = f"{error.code} {error.message}"
        return Refused(said) if error.code >= PERMANENT else Deferred(said)

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
            raise Unreachable(f"{server.host}:{server.port}: {error}") from error
        self._client = client
        return client
