"""One socket's way out: what waits for it, and the end of those who do not read."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

from backend.live import metrics
from backend.schemas.live import CLOSE_TOO_SLOW

# A reader who takes longer for one frame is gone or asleep: it reconnects and gets fresh state.
SEND_SECONDS = 10.0
# Events waiting for one socket. States do not pile up: a newer one takes the older one's place.
WAITING_MOST = 2_000

SendText = Callable[[str], Awaitable[None]]
Close = Callable[[int, str], Awaitable[None]]


class Outlet:
    """Frames wait here in order and one task sends them, so that nobody ever waits for this socket."""

    def __init__(self, send: SendText, close: Close) -> None:
        self._send = send
        self._close = close
        self._waiting: dict[object, str] = {}
        self._numbers = itertools.count()
        self._wake = asyncio.Event()
        self._closing: tuple[int, str] | None = None

    def put(self, frame: str) -> None:
        """Send `frame` after all that waits; too many waiting close the socket."""
        self._waiting[next(self._numbers)] = frame
        if len(self._waiting) > WAITING_MOST:
            self.close(CLOSE_TOO_SLOW, "too slow")
        self._wake.set()

    def put_latest(self, key: str, frame: str) -> None:
        """Send `frame` in the place of an older one with the same key that still waits."""
        self._waiting[key] = frame
        self._wake.set()

    def forget(self, key: str) -> None:
        """Do not send what waits under `key`: its subscription ended or was replaced."""
        self._waiting.pop(key, None)

    def close(self, code: int, reason: str) -> None:
        """End the connection; what still waits is not sent."""
        if self._closing is None:
            self._closing = (code, reason)
            self._wake.set()

    async def drain(self) -> None:
        """Send until told to close; then close. Runs as long as the connection."""
        while self._closing is None:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting and self._closing is None:
                frame = self._waiting.pop(next(iter(self._waiting)))
                try:
                    async with asyncio.timeout(SEND_SECONDS):
                        await self._send(frame)
                except TimeoutError:
                    self.close(CLOSE_TOO_SLOW, "too slow")
                metrics.FRAMES.inc()
        code, reason = self._closing
        metrics.CLOSED.labels(str(code)).inc()
        await self._close(code, reason)
