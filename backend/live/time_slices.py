"""Doing much without holding the event loop: previews, requests and pings get their turn in between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from backend.index.time_slices import TimeSlice
from backend.live.topics import Watcher

# Others get their turn on the event loop at least this often; answering a preview takes about four turns.
SLICE_SECONDS = 0.002


class Turn:
    """How long it is already."""

    def __init__(self) -> None:
        self._time_slice = TimeSlice(SLICE_SECONDS)

    async def give(self) -> None:
        """Let others have theirs, if this one was long enough."""
        if self._time_slice.used_up():
            await asyncio.sleep(0)


class SingleFlight:
    """One run of `work` for all who ask while it has not begun: of thousands who come at once, few ask the database.

    A run that is under way is not joined: it may not see what its caller has just done.
    """

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = work
        self._running = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None

    async def __call__(self) -> None:
        """Wait for a whole run; its exception is everybody's."""
        if self._next is None:
            self._next = asyncio.create_task(self._run(), name="live together")
        # One who leaves does not end it for the others.
        await asyncio.shield(self._next)

    async def _run(self) -> None:
        async with self._running:
            self._next = None
            await self._work()


async def in_slices(watchers: Iterable[Watcher]) -> AsyncIterator[Watcher]:
    """Those of `watchers` whose subscription still lasts when it is their turn."""
    turn = Turn()
    for watcher in watchers:
        if not watcher.over:
            yield watcher
        await turn.give()
