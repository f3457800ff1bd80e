"""uvicorn's websocket protocol with a way to write from anywhere, and an end for those who do not read."""

import random
from collections.abc import Callable, Mapping
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

from backend.runtime import readiness, websocket_metrics
from backend.schemas.live.frames import CLOSE_TOO_SLOW

# What a reader who has stopped may hold in memory here before frames wait: a few of them.
WRITE_BUFFER_BYTES = 32 * 1024
# How long a closed connection may take to drain before it is cut.
DRAIN_SECONDS = 5.0
# Where the application finds the protocol that carries its socket.
WIRE = "muster.wire"


def text_frame(text: str) -> bytes:
    """A whole frame: what a server sends is not masked, so one serves all sockets."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def wire_of(scope: Mapping[str, Any]) -> "LiveProtocol":
    """The protocol that carries this socket."""
    found: LiveProtocol = scope["extensions"][WIRE]["protocol"]
    return found


def _ignore() -> None:
    """For what nobody waits for yet."""


class LiveProtocol(WebSocketsSansIOProtocol):
    """One socket. Frames go to the transport at once: no task, no lock, no copy for each of thousands.

    Closing does not wait for a reader who has stopped: uvicorn's own would, for ever, and hold the buffer.
    """

    paused: Callable[[], None] = staticmethod(_ignore)
    resumed: Callable[[], None] = staticmethod(_ignore)

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)

    def shutdown(self) -> None:
        # A handshake under way is finished first, so that the client hears why, and comes back: see send.
        if self.handshake_complete:
            patience = readiness.patience() or 0.0
            self.loop.call_later(random.random() * patience, self._go_away)  # noqa: S311 - no secret

    def _go_away(self) -> None:
        if not self.disconnected and not self.transport.is_closing():
            super().shutdown()
            self.loop.call_later(DRAIN_SECONDS, self.transport.abort)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if not self.handshake_complete:
            cast(dict[str, Any], self.scope["extensions"])[WIRE] = {"protocol": self}

    def pause_writing(self) -> None:
        super().pause_writing()
        self.paused()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.resumed()

    @property
    def has_room(self) -> bool:
        """Whether a frame written now goes out without waiting for the reader."""
        return self.writable.is_set()

    def write(self, frames: bytes) -> None:
        """Whole frames, in order after all that was written before; nothing once the socket is closed."""
        if not (self.close_sent or self.transport.is_closing()):
            self.transport.write(frames)

    def end(self, code: int, reason: str) -> None:
        """Say why and close; whoever does not read it is cut off after `DRAIN_SECONDS`. Does not wait."""
        if self.close_sent or self.transport.is_closing():
            return
        websocket_metrics.CLOSED.labels(str(code)).inc()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(DRAIN_SECONDS, self.transport.abort)

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close" and self.handshake_complete:
            self.end(message.get("code", 1000), message.get("reason") or "")
        else:
            await super().send(message)
            if message["type"] == "websocket.accept" and readiness.patience() is not None:
                self.shutdown()

    def keepalive_timeout(self) -> None:
        self.stop_keepalive()
        self.end(CLOSE_TOO_SLOW, "too slow")
