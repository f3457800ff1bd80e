"""uvicorn's websocket protocol with an end for those who do not read."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# What a reader who has stopped may hold in memory here before `send` waits: a few frames.
WRITE_BUFFER_BYTES = 32 * 1024
# How long a closed connection may take to drain before it is cut.
DRAIN_SECONDS = 5.0


class LiveProtocol(WebSocketsSansIOProtocol):
    """Closing does not wait for a reader who has stopped: uvicorn's own would, for ever, and hold the buffer."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close" and not self.writable.is_set():
            self.writable.set()
            self.loop.call_later(DRAIN_SECONDS, self.transport.abort)
        await super().send(message)
