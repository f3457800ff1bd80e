"""The event loop of Muster's processes: asyncio's own, which tells how long it was held.

Between two waits for events the loop runs what is ready: for so long nobody else in the process is served. That is what is
measured, at the wait itself, so that no hold is missed and none is guessed. A hold on a busy machine is partly the time
that other processes took; the processor's own share of the longest is told beside it.
"""

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any

from prometheus_client import Counter

from backend.metrics import NAME, process_gauge

# What nobody should wait behind, see docs/metrics.md.
LONG_SECONDS = 0.010
# The longest hold is that of the current such span and the one before it.
SPAN_SECONDS = 30.0

_longest = process_gauge(
    "muster_loop_longest_hold_seconds",
    "Longest time that the event loop was held, within the last minute",
    "clock",
)
HOLDS = Counter("muster_loop_holds_total", "Times that the event loop was held over 10 ms")


_turn_began = 0.0


def turn_began() -> float:
    """When the loop's present turn began, by `time.perf_counter`; 0 where no such loop runs.

    What holds the loop for long measures its slices from here: whoever was served before it in the same turn has held it too.
    """
    return _turn_began


class Longest:
    """The longest of late: forgets after one to two spans."""

    def __init__(self, clock: str) -> None:
        self._gauge = _longest.labels(NAME, clock)
        self._before = self._now = 0.0
        self._until = time.monotonic() + SPAN_SECONDS

    def take(self, seconds: float) -> None:
        """One hold has ended."""
        if seconds > self._now:
            self._now = seconds
            if seconds > self._before:
                self._gauge.set(seconds)

    def turn(self, now: float) -> None:
        """Begin another span if this one is over."""
        if now >= self._until:
            self._until = now + SPAN_SECONDS
            self._before, self._now = self._now, 0.0
            self._gauge.set(self._before)


class HeldSelector(selectors.DefaultSelector):
    """Measures from the end of one wait to the beginning of the next."""

    def __init__(self) -> None:
        super().__init__()
        self._wall, self._processor = Longest("wall"), Longest("processor")
        self._since = time.perf_counter()
        self._since_processor = time.thread_time()

    def select(self, timeout: float | None = None) -> Any:
        """Wait for events."""
        now = time.perf_counter()
        held = now - self._since
        self._wall.take(held)
        self._processor.take(time.thread_time() - self._since_processor)
        if held > LONG_SECONDS:
            HOLDS.inc()
        global _turn_began  # noqa: PLW0603 - one loop a process
        try:
            return super().select(timeout)
        finally:
            self._since = _turn_began = time.perf_counter()
            self._since_processor = time.thread_time()
            self._wall.turn(self._since)
            self._processor.turn(self._since)

    def close(self) -> None:
        """The loop has ended: there are no turns."""
        global _turn_began  # noqa: PLW0603 - one loop a process
        _turn_began = 0.0
        super().close()


def run(main: Coroutine[Any, Any, None]) -> None:
    """`asyncio.run`, on a loop that tells how long it was held."""
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(HeldSelector())) as runner:
        runner.run(main)
