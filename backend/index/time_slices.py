"""When long work on the event loop lets others have their turn."""

import time

from backend.runtime.loop import turn_began

# For how long the event loop is held, with whoever was served in the same turn before; with the longest step that cannot be
# divided (5 ms of a million people) it stays under 10 ms.
SLICE_SECONDS = 0.004


class TimeSlice:
    """`if time_slice.used_up(): await asyncio.sleep(0)` inside a loop of short steps."""

    __slots__ = ("_began", "_seconds")

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = SLICE_SECONDS if seconds is None else seconds
        self._began = time.perf_counter()

    def used_up(self) -> bool:
        """Whether the slice is used up; if so the next one begins."""
        now = time.perf_counter()
        if now < (turn_began() or self._began) + self._seconds:
            return False
        self._began = now
        return True
