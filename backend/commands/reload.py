"""New processes for old ones while Muster serves: what SIGHUP asks the supervisor for."""

import asyncio
import os
import signal
import sys
from contextlib import suppress

from backend.commands.context import say
from backend.embedded.process import launch_command
from backend.runtime.supervisor import Supervisor


async def reload_when_told(told: asyncio.Event, supervisor: Supervisor) -> None:
    """Reload each time `told` is set, until cancelled. A reload that fails leaves the old processes at work."""
    while True:
        await told.wait()
        told.clear()
        say("→ reloading")
        try:
            say(await _reload(supervisor))
        except OSError as error:
            say(f"muster: not reloaded: {error}")


async def _reload(supervisor: Supervisor) -> str:
    if not await _migrate(supervisor):
        return "muster: not reloaded: the schema could not be brought up to date, see above"
    if not await supervisor.replace_all():
        return "muster: not reloaded: a new process did not become ready, see above; the old one stays"
    return "Muster has been reloaded"


async def _migrate(supervisor: Supervisor) -> bool:
    """In a process of its own: this one still has the code it was started with."""
    migrating = await asyncio.create_subprocess_exec(
        *launch_command([sys.executable, "-m", "backend.cli", "migrate"], end_signal=signal.SIGKILL),
        env=supervisor.environment,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        return await migrating.wait() == 0
    finally:
        if migrating.returncode is None:
            with suppress(ProcessLookupError):
                migrating.kill()


def take_hangups(*, stop: asyncio.Event, reload: asyncio.Event) -> None:
    """Let SIGHUP set `stop` when it came because the terminal was closed, and `reload` otherwise."""
    had_terminal = _terminal_at_hand()

    def hang_up() -> None:
        (stop if had_terminal and not _terminal_at_hand() else reload).set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hang_up)


def _terminal_at_hand() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
