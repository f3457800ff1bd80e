"""A real SMTP server that keeps what it is sent."""

import threading
from asyncio.base_events import Server
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

WAIT_SECONDS = 20


@dataclass(frozen=True)
class Delivery:
    """One message as it arrived, with its envelope."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def text(self) -> str:
        """The plain text part."""
        body = self.message.get_body(("plain",))
        return "" if body is None else str(body.get_content())


@dataclass
class SmtpSink:
    """What has arrived so far; `url` is for `MUSTER_SMTP_URL`. Set `refuse` to an SMTP reply to turn messages away."""

    url: str = ""
    refuse: str = ""
    deliveries: list[Delivery] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Called by aiosmtpd for every message."""
        if self.refuse:
            return self.refuse
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        with self._changed:
            self.deliveries.append(Delivery(envelope.mail_from, tuple(envelope.rcpt_tos), message))
            self._changed.notify_all()
        return "250 kept"

    def to(self, email: str) -> list[Delivery]:
        """Everything for this address, oldest first."""
        return [delivery for delivery in self.deliveries if email in delivery.recipients]

    def wait_for(
        self, condition: Callable[[list[Delivery]], bool], timeout: float = WAIT_SECONDS
    ) -> list[Delivery]:
        """Wait until `condition` holds for all that arrived; fails after `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self.deliveries), timeout):
                raise AssertionError(f"the expected mail did not arrive; there is {self.deliveries}")
            return list(self.deliveries)

    def forget(self) -> None:
        """Forget what arrived."""
        with self._changed:
            self.deliveries.clear()


class _FreePort(Controller):
    """A controller that can listen on port 0."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd has no types


@contextmanager
def smtp_server(sink: SmtpSink | None = None) -> Iterator[SmtpSink]:
    """A server on a free port of the loopback address, for `sink` or a new one."""
    sink = sink or SmtpSink()
    controller = _FreePort(sink, hostname="127.0.0.1", port=0, ready_timeout=10)
    controller.start()
    try:
        sink.url = f"smtp://127.0.0.1:{controller.port}"
        yield sink
    finally:
        controller.stop()
