"""One socket's way out: what waits for it, and the end of those who do not read."""

import asyncio
import itertools

from backend.runtime import websocket_metrics
from backend.runtime.websocket_protocol import LiveProtocol
from backend.schemas.live.frames import CLOSE_TOO_SLOW

# Who makes no room for so long is gone or suspended: they reconnect and get fresh state.
STALLED_SECONDS = 10.0
# Events waiting for one socket. States do not pile up: a newer one takes the older one's place.
WAITING_MOST_BYTES = 1024 * 1024


class SendQueue:
    """Frames are written at once while the reader keeps up, and wait here in order while not. Nobody ever waits for it."""

    __slots__ = ("_deadline", "_events_bytes", "_numbers", "_waiting", "_wire")

    def __init__(self, wire: LiveProtocol) -> None:
        self._wire = wire
        self._waiting: dict[object, bytes] = {}
        self._numbers = itertools.count()
        self._events_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        wire.paused, wire.resumed = self._paused, self._resumed

    @property
    def is_free(self) -> bool:
        """Whether a frame goes out at once: nothing waits."""
        return not self._waiting and self._wire.has_room

    def put(self, frames: bytes) -> None:
        """Send whole frames after all that waits; too many waiting close the socket."""
        if not self._sent(frames):
            self._waiting[next(self._numbers)] = frames
            self._events_bytes += len(frames)
            if self._events_bytes > WAITING_MOST_BYTES:
                self.close(CLOSE_TOO_SLOW, "too slow")

    def put_latest(self, key: str, frame: bytes) -> None:
        """Send `frame` in the place of an older one with the same key that still waits."""
        if not self._sent(frame):
            self._waiting[key] = frame

    def forget(self, key: str) -> None:
        """Do not send what waits under `key`: its subscription ended or was replaced."""
        self._waiting.pop(key, None)

    def close(self, code: int, reason: str) -> None:
        """End the connection; what still waits is not sent."""
        self._waiting.clear()
        self._wire.end(code, reason)

    def release(self) -> None:
        """The socket is gone."""
        self._waiting.clear()
        self._resting()

    def _sent(self, frames: bytes) -> bool:
        if not self.is_free:
            return False
        self._wire.write(frames)
        websocket_metrics.FRAMES.inc()
        return True

    def _paused(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(
            STALLED_SECONDS, self.close, CLOSE_TOO_SLOW, "too slow"
        )

    def _resting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _resumed(self) -> None:
        self._resting()
        while self._waiting and self._wire.has_room:
            key = next(iter(self._waiting))
            frames = self._waiting.pop(key)
            if isinstance(key, int):
                self._events_bytes -= len(frames)
            self._wire.write(frames)
            websocket_metrics.FRAMES.inc()
