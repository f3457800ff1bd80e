"""What every command begins with: settings, and a connection to the servers of the instance it is for."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer

from backend import database
from backend.embedded import EmbeddedError, Instance, Servers
from backend.runtime import bell, clock
from backend.services.errors import MusterError
from backend.settings import Settings, SettingsError, load_settings

# Of every command: something outside Muster must be put right first.
UNUSABLE = 2

T = TypeVar("T")

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", help="Directory of the instance [MUSTER_DATA_DIR or ./.muster]", show_default=False
    ),
]


def say(text: str) -> None:
    """One line of progress, for people: on stderr, so that stdout holds nothing but the answer."""
    # A full disk below the log, or a reader that is gone, must not end what is told of.
    with suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def fail(message: object, status: int = 1) -> NoReturn:
    """End with one clear line."""
    say(f"muster: {message}")
    raise typer.Exit(status)


@contextmanager
def understood() -> Iterator[None]:
    """Turn errors that a person can do something about into one line and an exit status."""
    try:
        yield
    except (SettingsError, EmbeddedError) as error:
        fail(error, UNUSABLE)
    except MusterError as error:
        say(f"muster: {error.detail}")
        for mistake in error.errors:
            say(f"  {mistake.path}: {mistake.message}")
        raise typer.Exit(1) from error


def run_command(
    data_dir: Path | None, work: Callable[[Settings, Servers], Awaitable[T]], *, migrated: bool = True
) -> T:
    """Run `work` connected to the instance's database: the given servers, a running instance's, or started for it."""
    with understood():
        settings = load_settings(data_dir=data_dir)
        instance = Instance(settings.data_dir)
        with instance.servers(database_url=settings.database_url, redis_url=settings.redis_url) as servers:
            return asyncio.run(_connected(settings, servers, work, migrated=migrated))


async def _connected(
    settings: Settings,
    servers: Servers,
    work: Callable[[Settings, Servers], Awaitable[T]],
    *,
    migrated: bool,
) -> T:
    async with connected(settings, servers):
        if migrated and await database.pending_migrations():
            await database.migrate()
        return await work(settings, servers)


@asynccontextmanager
async def connected(settings: Settings, servers: Servers) -> AsyncIterator[None]:
    """Give the process its pool and its bell."""
    clock.set_offset(settings.clock_offset)
    try:
        await database.connect(servers.database_url)
    except OSError as error:
        fail(f"the database does not answer: {error}", UNUSABLE)
    database.on_commit(bell.ring)
    bell.start(servers.redis_url)
    try:
        if await database.put_back_what_was_cut_short():
            say("→ a restore was cut short: what was there before is back")
        yield
    finally:
        await bell.stop()
        await database.disconnect()


async def apply_timezone(settings: Settings) -> None:
    """Give the organisation the time zone of the settings, if they name one."""
    if settings.timezone:
        await database.execute(
            "UPDATE organisation SET timezone = $1 WHERE timezone <> $1", settings.timezone
        )
