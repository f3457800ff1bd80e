"""Writing what happened some days ago, so that a demo has a history and not only a present."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from backend.database import execute, transaction
from backend.runtime import clock


@asynccontextmanager
async def days_ago(days: int) -> AsyncIterator[None]:
    """One transaction in which it is so many days ago, for the code and for SQL alike.

    Only for a process of one task at a time: the clock is the process's.
    """
    before = clock.offset()
    clock.set_offset(before - timedelta(days=days))
    try:
        async with transaction():
            await execute(
                "SELECT set_config('muster.clock_offset', $1, true)",
                f"{clock.offset().total_seconds()} seconds",
            )
            yield
    finally:
        clock.set_offset(before)
