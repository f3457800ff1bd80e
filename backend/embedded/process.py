"""Starting, watching and ending the processes of embedded servers."""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from backend.embedded.errors import EmbeddedError
from backend.embedded.identity import Identity, capabilities_for

LAUNCHER = Path(__file__).with_name("launch.py")
# sun_path holds 108 bytes with its closing zero; the longest name below a socket directory is `.s.PGSQL.5432.lock`.
SOCKET_DIRECTORY_BYTES = 107 - len("/.s.PGSQL.5432.lock")
# A server's log is kept for the person who looks into a trouble, not as an archive.
LOG_BYTES = 8 * 1024 * 1024
POLL_SECONDS = 0.02


class Patience:
    """Waiting that another thread can end: whoever waits then raises `EmbeddedError`."""

    def __init__(self) -> None:
        self._lost = threading.Event()

    def lose(self) -> None:
        """End what waits now, and let nothing wait any more."""
        self._lost.set()

    def wait(self, seconds: float) -> None:
        """Sleep, unless patience is lost."""
        if self._lost.wait(seconds):
            raise EmbeddedError("told to stop meanwhile")


def launch_command(
    command: Sequence[str | Path],
    *,
    end_signal: signal.Signals,
    identity: Identity | None = None,
    capabilities: int = 0,
) -> list[str]:
    """`command` such that it receives `end_signal` when this process dies, however it dies.

    Linux binds that to the thread that starts it: start servers from a thread that lives as long as the process.
    """
    user = f"{identity.user}:{identity.group}" if identity else "-"
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(end_signal)), user]
    return [*launcher, str(capabilities), "--", *(str(part) for part in command)]


def spawn(
    command: Sequence[str | Path],
    *,
    directory: Path,
    log: Path,
    identity: Identity | None,
    end_signal: signal.Signals,
) -> subprocess.Popen[bytes]:
    """Start a server as `identity` in its own process group, with its output appended to `log`."""
    program = Path(command[0])
    capabilities = capabilities_for(identity, program, directory) if identity else 0
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".old.log"))
    log.touch(mode=0o600)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own binaries
            launch_command(command, end_signal=end_signal, identity=identity, capabilities=capabilities),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            cwd="/",
            # A Ctrl-C on the terminal is for the supervisor, which ends servers last.
            start_new_session=True,
        )


def occupants(directory: Path, program: str) -> list[int]:
    """Processes of `program` whose working directory is `directory`: what an earlier instance left running there."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # The name may end in " (deleted)" after an upgrade.
            if (entry / "cwd").readlink() == directory and (entry / "exe").readlink().name.startswith(
                program
            ):
                found.append(int(entry.name))
    return found


def evict(
    directory: Path,
    program: str,
    *signals: tuple[signal.Signals, float],
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """End the processes of `program` that live in `directory`: each signal in turn, so many seconds after the last."""
    for number, patience in signals:
        for pid in occupants(directory, program):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + patience
        while occupants(directory, program):
            if time.monotonic() > deadline:
                break
            pause(POLL_SECONDS)
        else:
            return
    left = occupants(directory, program)
    if left:
        raise EmbeddedError(f"processes {left} of an earlier start still use {directory} and do not end")


def end(process: subprocess.Popen[bytes], *signals: tuple[signal.Signals, float]) -> None:
    """End `process`: each signal in turn, waiting that many seconds after it."""
    for number, patience in signals:
        if process.poll() is not None:
            return
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return
    process.kill()
    process.wait()


def tail(log: Path, *, start: int = 0, lines: int = 8) -> str:
    """The last lines of `log` after byte `start`, indented."""
    if not log.exists():
        return ""
    with log.open("rb") as opened:
        opened.seek(start)
        text = opened.read().decode(errors="replace")
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


def log_size(log: Path) -> int:
    """Bytes in `log`, 0 if it does not exist."""
    return log.stat().st_size if log.exists() else 0


def socket_directory(data_dir: Path, identity: Identity | None) -> Path:
    """A private directory for unix sockets: in `data_dir` if its path is short enough for one, else below /tmp."""
    inside = data_dir / "run"
    if len(os.fsencode(inside)) <= SOCKET_DIRECTORY_BYTES:
        return private_directory(inside, identity)
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return private_directory(Path(tempfile.gettempdir()) / f"muster-{name}", identity)


def private_directory(path: Path, identity: Identity | None) -> Path:
    """Make `path` if need be, for its owner alone; refuses one that belongs to somebody else."""
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    status = path.lstat()
    owners = {os.geteuid()} | ({identity.user} if identity else set())
    if path.is_symlink() or not path.is_dir() or status.st_uid not in owners:
        raise EmbeddedError(f"{path} belongs to somebody else: remove it, or choose another data directory")
    path.chmod(0o700)
    if identity:
        identity.own(path)
    return path
