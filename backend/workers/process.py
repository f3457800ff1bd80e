"""What every worker process shares: settings from the environment, the pool, and a clean end on SIGTERM."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import msgspec
import structlog

from backend.database import connect, disconnect

# Between tries while the database cannot be reached at the start.
RETRY_SECONDS = 0.5

_log = structlog.get_logger("muster.workers")


class Addresses(msgspec.Struct, frozen=True):
    """Where the servers are."""

    database_url: str
    redis_url: str


@contextlib.asynccontextmanager
async def connect_database(*, pool_size: int) -> AsyncIterator[Addresses]:
    """The process's pool on the database of the settings; waits for ever for the server to come."""
    settings = Addresses(os.environ["MUSTER_DATABASE_URL"], os.environ["MUSTER_REDIS_URL"])
    while True:
        try:
            await connect(settings.database_url, max_size=pool_size)
            break
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            _log.warning("waiting for the database", error=repr(error))
            await asyncio.sleep(RETRY_SECONDS)
    try:
        yield settings
    finally:
        await disconnect()


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Run `main` until it ends, or cancel it at SIGTERM or SIGINT: both end the process with status 0."""
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_until_told(main))


async def _until_told(main: Callable[[], Awaitable[None]]) -> None:
    task = asyncio.ensure_future(main())
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, task.cancel)
    await task
