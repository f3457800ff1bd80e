"""What every worker process shares: settings from the environment, the pool, the bell, and a clean end on SIGTERM."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import structlog

from backend import database
from backend.runtime import bell, clock, logs, loop, metrics
from backend.settings import Settings, SettingsError, load_settings

# Between tries while the database cannot be reached at the start.
RETRY_SECONDS = 0.5

DATABASE_LOST = database.DATABASE_LOST

_log = structlog.get_logger("muster.workers")


class Process(msgspec.Struct, frozen=True):
    """The settings of this process and the addresses that its supervisor gave it."""

    settings: Settings
    database_url: str
    redis_url: str


@contextlib.asynccontextmanager
async def connected(*, pool_size: int) -> AsyncIterator[Process]:
    """The pool and the bell of this process; waits for ever for the database to come."""
    logs.configure()
    metrics.begin()
    settings = load_settings()
    if settings.database_url is None or settings.redis_url is None:
        raise SettingsError("MUSTER_DATABASE_URL and MUSTER_REDIS_URL are needed; `muster serve` sets them")
    clock.set_offset(settings.clock_offset)
    while True:
        try:
            await database.connect(settings.database_url, max_size=pool_size)
            break
        except DATABASE_LOST as error:
            _log.warning("waiting for the database", error=error)
            await asyncio.sleep(RETRY_SECONDS)
    database.on_commit(bell.ring)
    bell.start(settings.redis_url)
    try:
        yield Process(settings, settings.database_url, settings.redis_url)
    finally:
        await bell.stop()
        await database.disconnect()


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Run `main` until it ends, or cancel it at SIGTERM or SIGINT: both end the process with status 0."""
    with contextlib.suppress(asyncio.CancelledError):
        loop.run(_until_told(main))


async def _until_told(main: Callable[[], Awaitable[None]]) -> None:
    task = asyncio.ensure_future(main())
    running = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, task.cancel)
    await task
