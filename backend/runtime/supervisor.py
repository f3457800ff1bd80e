"""Keeps Muster's processes running: starts them in order, starts again what dies, ends all of them together."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from backend.embedded.process import launch_command
from backend.runtime import logs, metrics, readiness

# A process that dies at once is started again after 0.2 s, then 0.4 s … up to 2 s: what it leads is not to wait long for a
# leader however often it was killed; one that lived is forgiven.
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0
FORGIVEN_AFTER_SECONDS = 30.0
# Before the first readiness this many deaths of one process mean that it cannot start.
HOPELESS_DEATHS = 4
# uvicorn gives open requests five seconds; jobs are resumed by the next start.
STOP_SECONDS = 7.0
KILLED_SECONDS = 2.0
# A million people's index without a checkpoint is read in under a minute; twice that beside other work.
SUCCEED_SECONDS = 120.0
# Log lines are forwarded whole up to this length.
LINE_BYTES = 1024 * 1024
LAST_WORDS_SECONDS = 1.0

Say = Callable[[str], None]


class HopelessError(Exception):
    """A process of ours dies again and again before Muster was ever ready."""


@dataclass(eq=False)
class Child:
    """One process to keep alive."""

    name: str
    arguments: Sequence[str]
    inherited: Sequence[socket.socket] = ()
    # Seconds it has to end by itself when told to.
    patience: float = STOP_SECONDS
    # What tells it to make way for a successor, and the seconds it has then.
    hand_over: signal.Signals = signal.SIGTERM
    hand_over_patience: float = STOP_SECONDS
    deaths: int = 0
    leaving: bool = False
    # Where a successor says that it is ready: the writing end of a pipe, until the process has it.
    ready: int | None = None
    process: asyncio.subprocess.Process | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class Supervisor:
    """Children that live until `stop`; each is `python -m …` in a session of its own.

    A Ctrl-C in the terminal therefore reaches only the supervisor, and a killed supervisor takes its children with
    it at once (they resume from what is committed), so that no port stays taken.
    """

    def __init__(self, environment: Mapping[str, str], say: Say, *, measures: str) -> None:
        self.environment = dict(environment)
        # The directory in which they keep what they measure.
        self.measures = measures
        self._people = logs.for_people()
        if self._people:
            self.environment[logs.FOR_PEOPLE] = "1"
        self.ready = False
        self._say = say
        self._groups: list[list[Child]] = []
        self._stopping = False
        self.hopeless: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self, *children: Child) -> None:
        """Start `children`; they end together, before those started earlier."""
        self._groups.append(list(children))
        for child in children:
            child.task = asyncio.create_task(self._keep(child), name=child.name)

    async def stop(self) -> None:
        """End everything, the last started first."""
        self._stopping = True
        for group in reversed(self._groups):
            await asyncio.gather(*(self._end(child) for child in group))

    async def replace_all(self) -> bool:
        """Replace every process by a new one, one at a time, in the order they were started; False when one failed."""
        for child in [child for group in self._groups for child in group]:
            if not await self._replace(child):
                return False
        return True

    async def _replace(self, child: Child) -> bool:
        """Start a successor and, once it is ready, let `child` make way. If it never is, `child` stays."""
        successor = replace(child, deaths=0, process=None, task=None)
        group = next(group for group in self._groups if child in group)
        group.append(successor)
        reading, successor.ready = os.pipe()
        successor.task = asyncio.create_task(self._keep(successor), name=child.name)
        came = await _said(reading)
        gone = child if came else successor
        gone.leaving = True
        if came:
            await self._signal(child, child.hand_over, child.hand_over_patience)
        await self._end(gone)
        group.remove(gone)
        return came

    async def _keep(self, child: Child) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            status = await self._run(child)
            if self._stopping or child.leaving:
                return
            child.deaths += 1
            if time.monotonic() - began > FORGIVEN_AFTER_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            elif not self.ready and child.deaths >= HOPELESS_DEATHS:
                if not self.hopeless.done():
                    self.hopeless.set_exception(HopelessError(f"{child.name} does not start: see above"))
                return
            self._say(f"{child.name} ended with {_described(status)}; starting it again in {pause:.1f} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _run(self, child: Child) -> int:
        environment = self.environment | {metrics.PROCESS: child.name, metrics.DIRECTORY: self.measures}
        inherited = [inherited.fileno() for inherited in child.inherited]
        ready, child.ready = child.ready, None
        if ready is not None:
            environment[readiness.PIPE] = str(ready)
            inherited.append(ready)
        child.process = await asyncio.create_subprocess_exec(
            *launch_command([sys.executable, *child.arguments], end_signal=signal.SIGKILL),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            pass_fds=inherited,
            start_new_session=True,
            limit=LINE_BYTES,
        )
        if ready is not None:
            # The process alone holds it now: its death is heard too.
            os.close(ready)
        forwarding = asyncio.create_task(self._forward(child.name, child.process.stdout))
        try:
            status = await child.process.wait()
            metrics.forget(child.process.pid, self.measures)
            # What it left behind in its session.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            await asyncio.wait([forwarding], timeout=LAST_WORDS_SECONDS)
        finally:
            forwarding.cancel()
        return status

    async def _forward(self, name: str, output: asyncio.StreamReader | None) -> None:
        while output is not None:
            try:
                line = await output.readline()
            except ValueError:
                # Longer than the limit: asyncio has dropped what it held of it.
                continue
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            # A full disk below the log must not end the forwarding: the process would wait for ever to be read.
            with contextlib.suppress(OSError):
                sys.stderr.write(f"{name:<9} | {text}\n" if self._people else f"{_structured(name, text)}\n")
                sys.stderr.flush()

    async def _end(self, child: Child) -> None:
        if child.task is None:
            return
        for number, patience in ((signal.SIGTERM, child.patience), (signal.SIGKILL, KILLED_SECONDS)):
            await self._signal(child, number, patience)
            if child.task.done():
                return

    async def _signal(self, child: Child, number: signal.Signals, patience: float) -> None:
        """Send `number`, then wait for the end."""
        if child.task is None or child.task.done():
            return
        if child.process is not None and child.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.process.send_signal(number)
        else:
            # Between two lives: it is waiting to start again.
            child.task.cancel()
        await asyncio.wait([child.task], timeout=patience)


async def _said(pipe: int) -> bool:
    """Whether the process at the other end says in time that it is ready."""
    loop = asyncio.get_running_loop()
    said: asyncio.Future[bool] = loop.create_future()

    def read() -> None:
        loop.remove_reader(pipe)
        said.set_result(bool(os.read(pipe, 1)))

    loop.add_reader(pipe, read)
    try:
        async with asyncio.timeout(SUCCEED_SECONDS):
            return await said
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(pipe)
        os.close(pipe)


def _structured(name: str, text: str) -> str:
    """A line of a process as it is, or what Python itself said at its end as one."""
    if text.startswith("{"):
        return text
    return msgspec.json.encode({"process": name, "level": "error", "event": text}).decode()


def _described(status: int) -> str:
    if status < 0:
        return signal.Signals(-status).name
    return f"status {status}"
