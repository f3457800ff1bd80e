"""uvicorn's HTTP that does not wait for ever: half a request whose rest does not come is given up.

Judged by silence, never by how long the whole takes: an upload may be slow. uvicorn alone keeps such a connection, and what it
has read of it, until the client goes away.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# No byte of a request that was begun, or of the first one of a connection, for so long.
SILENCE_SECONDS = 10.0
# Looked at once more after this: we may not have been reading (`flow.read_paused`), and then the silence was ours.
AGAIN_SECONDS = 1.0
_GIVEN_UP = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class PatientProtocol(HttpToolsProtocol):
    """One connection, with one timer for as long as it lives."""

    _heard = 0.0
    _suspected = False
    # From the first byte of a request to its last; before the first request one is awaited, too.
    _in_request = False
    _listening: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._heard = self.loop.time()
        self._listening = self.loop.call_later(SILENCE_SECONDS, self._listen)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_listening()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self._stop_listening()
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        self._heard = self.loop.time()
        self._suspected = False
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._in_request = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self._in_request = False
        super().on_message_complete()

    def _stop_listening(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None

    def _listen(self) -> None:
        silent = self.loop.time() - self._heard
        # None before the first request, whatever uvicorn declares.
        cycle: Any = self.cycle
        awaiting = self._in_request or cycle is None
        if not awaiting or self.flow.read_paused or silent < SILENCE_SECONDS:
            self._suspected = False
            wait = SILENCE_SECONDS - silent if silent < SILENCE_SECONDS else SILENCE_SECONDS
        elif not self._suspected:
            self._suspected = True
            wait = AGAIN_SECONDS
        else:
            self._give_up(answered=cycle is not None and cycle.response_started)
            return
        self._listening = self.loop.call_later(wait, self._listen)

    def _give_up(self, *, answered: bool) -> None:
        if self._in_request and not answered:
            self.transport.write(_GIVEN_UP)
        self.transport.close()
