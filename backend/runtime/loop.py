"""The event loop of Muster's processes: uvloop, which tells how long it was held.

Between two waits for events the loop runs what is ready: for so long nobody else in the process is served. That is what is
measured, at the wait itself, so that no hold is missed and none is guessed. A hold on a busy machine is partly the time
that other processes took; the processor's own share of the longest is told beside it.
"""

import asyncio
import ctypes
import time
from collections.abc import Coroutine
from typing import Any

import uvloop
import uvloop.loop
from prometheus_client import Counter

from backend.runtime.metrics import NAME, process_gauge

# What nobody should wait behind, see docs/metrics.md.
LONG_SECONDS = 0.010
# The processor's time is asked of the kernel, which can take 30 µs where it is not the machine's own; so it is read once for turns that took so
# long together, and the processor's share of a hold is right to so much.
READ_SECONDS = 0.0005
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
        self._gauge.set(0.0)
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


class Turns:
    """What every turn of a loop is measured with, from the end of one wait to the beginning of the next."""

    def __init__(self) -> None:
        self._wall, self._processor = Longest("wall"), Longest("processor")
        self._since = time.perf_counter()
        self._since_processor = time.thread_time()
        # How long turns took together since the processor's time was read.
        self._unread = 0.0

    def ends(self) -> float:
        """The loop begins to wait; returns when."""
        now = time.perf_counter()
        held = now - self._since
        self._wall.take(held)
        self._unread += held
        if self._unread >= READ_SECONDS:
            # Waiting takes nothing of the processor: what it was at the end of the wait, it was at the beginning.
            processor = time.thread_time()
            self._processor.take(min(held, processor - self._since_processor))
            self._since_processor, self._unread = processor, 0.0
        if held > LONG_SECONDS:
            HOLDS.inc()
        return now

    def begins(self, at: float) -> None:
        """The loop has waited until `at`."""
        global _turn_began  # noqa: PLW0603 - one loop a process
        self._since = _turn_began = at
        self._wall.turn(at)
        self._processor.turn(at)

    @staticmethod
    def over() -> None:
        """The loop has ended: there are no turns."""
        global _turn_began  # noqa: PLW0603 - one loop a process
        _turn_began = 0.0


class UvTurns:
    """Measures the turns of a uvloop, by libuv's own hooks before and after each wait.

    uvloop gives out its `uv_loop_t`, and its library exports libuv's functions. libuv calls back while it still is within the wait:
    when the wait ended it knows from the time that was idle.
    """

    _PREPARE, _CHECK, _IDLE_TIME = "prepare", "check", 1
    # A handle takes about 120 bytes; libuv tells how many only at run time.
    _HANDLE_BYTES = 512

    def __init__(self, running: asyncio.AbstractEventLoop) -> None:
        self._uv = ctypes.CDLL(uvloop.loop.__file__)
        self._uv.uv_metrics_idle_time.restype = ctypes.c_uint64
        # In no stub of uvloop's, but there for what is built on libuv.
        get_loop: Any = getattr(uvloop.loop, "libuv_get_loop_t_ptr")  # noqa: B009 - for the type checker
        get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
        get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        self._loop = ctypes.c_void_p(get_pointer(get_loop(running), None))
        self._turns = Turns()
        self._waited_from = time.perf_counter()
        self._turns.begins(self._waited_from)
        if self._uv.uv_loop_configure(self._loop, self._IDLE_TIME) != 0:
            raise RuntimeError("libuv does not measure how long it is idle")
        self._idle = self._uv.uv_metrics_idle_time(self._loop)
        hook = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
        self._hooks = [
            (name, ctypes.create_string_buffer(self._HANDLE_BYTES), hook(called))
            for name, called in ((self._PREPARE, self._before_wait), (self._CHECK, self._after_wait))
        ]
        for name, handle, called in self._hooks:
            getattr(self._uv, f"uv_{name}_init")(self._loop, handle)
            getattr(self._uv, f"uv_{name}_start")(handle, called)
            # Hooks alone keep no loop running.
            self._uv.uv_unref(handle)

    def close(self) -> None:
        """Take the hooks out; the loop closes them in its next turn, and until then they stay in memory."""
        for _, handle, _ in self._hooks:
            self._uv.uv_close(handle, None)
        _closing.append(self)
        self._turns.over()

    def _before_wait(self, _: int) -> None:
        self._waited_from = self._turns.ends()

    def _after_wait(self, _: int) -> None:
        idle = self._uv.uv_metrics_idle_time(self._loop)
        self._turns.begins(self._waited_from + (idle - self._idle) / 1e9)
        self._idle = idle


# libuv writes to a handle once more after it was closed.
_closing: list[UvTurns] = []


def run(main: Coroutine[Any, Any, None]) -> None:
    """`asyncio.run` on uvloop, telling how long it was held."""

    async def measured() -> None:
        turns = UvTurns(asyncio.get_running_loop())
        try:
            await main
        finally:
            turns.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measured())
