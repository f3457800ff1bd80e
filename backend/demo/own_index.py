"""An index of one's own for a command that enrolls by rules, also when no other process of Muster runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.database import on_commit
from backend.index import Follower
from backend.workers.sequencer import sequence_for_ever

# What was written just before may be half a million changes.
BACKLOG_SECONDS = 300.0


@asynccontextmanager
async def own_index() -> AsyncIterator[Follower]:
    """A follower that has caught up; the change log is numbered here unless another process does."""
    bell = asyncio.Event()

    async def ring() -> None:
        bell.set()

    on_commit(ring)
    sequencer = asyncio.create_task(sequence_for_ever(bell), name="sequencer")
    follower = Follower()
    await follower.start()
    try:
        async with asyncio.timeout(BACKLOG_SECONDS):
            await follower.loaded.wait()
        await follower.catch_up(BACKLOG_SECONDS)
        yield follower
    finally:
        await follower.stop()
        sequencer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sequencer
