"""When long work on the event loop lets others have their turn."""

import time

# What one go may hold the event loop; with the longest step that cannot be divided it stays under 10 ms.
SLICE_SECONDS = 0.005


class Breath:
    """`if breath.due(): await asyncio.sleep(0)` inside a loop of short steps."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until = time.perf_counter() + SLICE_SECONDS

    def due(self) -> bool:
        """Whether the slice is used up; if so the next one begins."""
        now = time.perf_counter()
        if now < self._until:
            return False
        self._until = now + SLICE_SECONDS
        return True
