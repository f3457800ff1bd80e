"""`muster backup` and `muster restore`."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import asyncpg
import typer

from backend import backup as backups
from backend import database
from backend.backup import BackupError, Manifest
from backend.commands.context import UNUSABLE, DataDir, connected, fail, say, understood
from backend.embedded import Instance, Servers
from backend.runtime import clock
from backend.settings import Settings, load_settings

MEBIBYTE = 1024**2

T = TypeVar("T")
File = Annotated[Path, typer.Argument(help="The backup", dir_okay=False)]


def backup(file: File, data_dir: DataDir = None) -> None:
    """Write everything to one file, as it is at one instant; Muster may be running."""

    async def work(_: Settings, servers: Servers) -> Manifest:
        return await backups.back_up(servers.database_url, file)

    _tell(file, _run(data_dir, work))


def restore(
    file: File,
    replace: Annotated[bool, typer.Option("--replace", help="Throw away what is there now")] = False,
    send_mail: Annotated[
        bool, typer.Option("--send-mail", help="Send what was waiting: nothing was sent since the backup")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only verify the file and say what is in it")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Make the database what the backup says; Muster must be stopped."""
    with understood(), _explained():
        manifest = backups.verify(file)
    _tell(file, manifest)
    if check:
        return

    async def work(settings: Settings, servers: Servers) -> None:
        found = await backups.look_at(servers.database_url)
        if found.foreign:
            raise BackupError(f"the schema public holds what is not Muster's: {', '.join(found.foreign)}")
        if found.learners and not replace:
            raise BackupError(f"there are {found.learners} people here now; --replace throws them away")
        say("→ restoring")
        held = await backups.restore(servers.database_url, file, manifest, send_mail=send_mail)
        say("→ bringing the schema up to date")
        async with connected(settings, servers):
            await database.migrate()
        print(f"restored {manifest.rows['learner']} people; {held} waiting messages were held back")

    _run(data_dir, work)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except BackupError as error:
        fail(error, UNUSABLE)
    except asyncpg.InsufficientPrivilegeError as error:
        fail(
            f"{error}: MUSTER_DATABASE_URL must name the role that owns the database and its schema public",
            UNUSABLE,
        )
    except OSError as error:
        fail(error, UNUSABLE)


def _tell(file: Path, manifest: Manifest) -> None:
    print(
        f"{file}: {file.stat().st_size / MEBIBYTE:.1f} MiB, made {manifest.made_at:%Y-%m-%d %H:%M} UTC by Muster "
        f"{manifest.version}: {manifest.rows['learner']} people, {manifest.rows['enrollment']} enrollments, "
        f"position {manifest.position} of the change log"
    )


def _run(data_dir: Path | None, work: Callable[[Settings, Servers], Coroutine[Any, Any, T]]) -> T:
    """Run `work` on the servers of the instance: given, running, or started for it."""
    with understood(), _explained():
        settings = load_settings(data_dir=data_dir)
        clock.set_offset(settings.clock_offset)
        instance = Instance(settings.data_dir)
        with instance.servers(database_url=settings.database_url, redis_url=settings.redis_url) as servers:
            return asyncio.run(work(settings, servers))
