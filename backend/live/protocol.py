"""uvicorn's websocket protocol with an end for those who do not read."""

import random
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from backend import readiness

# What a reader who has stopped may hold in memory here before `send` waits: a few frames.
WRITE_BUFFER_BYTES = 32 * 1024
# How long a closed connection may take to drain before it is cut.
DRAIN_SECONDS = 5.0


class LiveProtocol(WebSocketsSansIOProtocol):
    """Closing does not wait for a reader who has stopped: uvicorn's own would, for ever, and hold the buffer."""

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

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close" and not self.writable.is_set():
            self.writable.set()
            self.loop.call_later(DRAIN_SECONDS, self.transport.abort)
        await super().send(message)
        if message["type"] == "websocket.accept" and readiness.patience() is not None:
            self.shutdown()
