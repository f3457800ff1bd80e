"""`muster serve`: API and workers under one supervisor."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Annotated, NoReturn

import msgspec
import typer

from backend import database
from backend.commands.context import UNUSABLE, DataDir, apply_timezone, connected, fail, say, understood
from backend.commands.reload import reload_when_told, take_hangups
from backend.commands.roles import Roles, address_of, healthy, sequencer
from backend.demo.organisation import ADMIN, COACH, LEARNER, PASSWORD
from backend.embedded import Embedded, EmbeddedError, Instance, Servers
from backend.embedded.instance import InUseError, Running
from backend.embedded.process import launch_command
from backend.runtime import metrics
from backend.runtime.serving import listening_socket
from backend.runtime.supervisor import LONGEST_PAUSE_SECONDS, HopelessError, Supervisor
from backend.settings import Settings, load_settings

READY_POLL_SECONDS = 0.1
# How soon a server that died is noticed.
WATCH_SECONDS = 0.5
# A command that uses the data directory is waited for this long.
COMMAND_SECONDS = 60


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on, 0 for any free one")] = 8000,
    data_dir: DataDir = None,
    api: Annotated[int, typer.Option(min=0, max=64, help="API processes")] = 1,
    workers: Annotated[int, typer.Option(min=0, max=64, help="Worker processes")] = 1,
    metrics_port: Annotated[
        int | None, typer.Option(help="Port for /metrics of this machine's processes, beside the API's own")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Load the demo organisation if there is nobody yet")
    ] = False,
) -> None:
    """Serve Muster: API and workers, with embedded PostgreSQL and Redis unless others are given."""
    if not api and not workers:
        fail("nothing to serve: --api and --workers are both 0", UNUSABLE)
    # Until the event loop takes signals over, SIGTERM unwinds what was started, as SIGINT does.
    signal.signal(signal.SIGTERM, _leave)
    with understood(), ExitStack() as stack:
        settings = load_settings(data_dir=data_dir)
        listener = stack.enter_context(_listen(host, port)) if api else None
        measures = stack.enter_context(metrics.shared_directory())
        if metrics_port is not None:
            stack.callback(_measured(host, metrics_port, measures))
        instance = Instance(settings.data_dir)
        embedded = stack.enter_context(_servers(instance, settings, borrow=not api or not workers))
        status = asyncio.run(
            Serving(settings, instance, embedded, Roles(api, workers, demo), listener, measures).run()
        )
    raise typer.Exit(status)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listening_socket(host, port)
    except OSError as error:
        _taken(host, port, "--port", error)


def _measured(host: str, port: int, measures: str) -> Callable[[], None]:
    try:
        return metrics.serve(host, port, measures)
    except OSError as error:
        _taken(host, port, "--metrics-port", error)


def _taken(host: str, port: int, option: str, error: OSError) -> NoReturn:
    fail(
        f"cannot listen on {host} port {port}: {error.strerror or error}; choose another with {option}",
        UNUSABLE,
    )


@contextmanager
def _servers(instance: Instance, settings: Settings, *, borrow: bool) -> Iterator[Embedded]:
    """The servers to serve with. One role alone may lean on the instance that another supervisor runs here."""
    given = {"database_url": settings.database_url, "redis_url": settings.redis_url}
    if settings.database_url and settings.redis_url:
        yield Embedded(Servers(settings.database_url, settings.redis_url))
        return
    try:
        _acquire(instance)
    except InUseError:
        if not borrow:
            raise
        with instance.servers(**given) as servers:
            yield Embedded(servers)
        return
    try:
        with instance.embedded(**given, progress=lambda text: say(f"→ {text}")) as embedded:
            instance.publish(Running(os.getpid(), serving=True, **msgspec.structs.asdict(embedded.servers)))
            yield embedded
    finally:
        instance.release()


def _acquire(instance: Instance) -> None:
    """Take the data directory, waiting for a command that is at work in it."""
    deadline = time.monotonic() + COMMAND_SECONDS
    told = False
    while True:
        try:
            return instance.acquire(serving=True)
        except InUseError as error:
            running = instance.running()
            if running is None or running.serving or time.monotonic() > deadline:
                raise
            if not told:
                say(f"→ waiting: {error}")
                told = True
            time.sleep(READY_POLL_SECONDS)


class Serving:
    """One run of `muster serve`, from migrations to the last process ended."""

    def __init__(
        self,
        settings: Settings,
        instance: Instance,
        embedded: Embedded,
        roles: Roles,
        listener: socket.socket | None,
        measures: str,
    ) -> None:
        self.settings = settings
        self.instance = instance
        self.embedded = embedded
        self.roles = roles
        self.listener = listener
        self.measures = measures
        self.address = address_of(listener)
        self.sign_ins: list[str] = []
        self.reload = asyncio.Event()

    async def run(self) -> int:
        """Serve until a signal; the exit status."""
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, told.set)
        take_hangups(stop=told, reload=self.reload)
        servers = self.embedded.servers
        environment = self.settings.environment(
            database_url=servers.database_url, redis_url=servers.redis_url, base_url=self.address
        )
        supervisor = Supervisor(environment, say, measures=self.measures)
        work = asyncio.create_task(self._work(supervisor))
        stop = asyncio.create_task(told.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if stop.done():
                say("→ stopping")
            return await self._outcome(work)
        finally:
            stop.cancel()
            await supervisor.stop()

    async def _outcome(self, work: asyncio.Task[None]) -> int:
        if not work.done():
            work.cancel()
            await asyncio.wait([work])
        if work.cancelled():
            return 0
        error = work.exception()
        if isinstance(error, HopelessError | EmbeddedError):
            say(f"muster: {error}")
            return 1
        if error is not None:
            raise error
        return 0

    async def _work(self, supervisor: Supervisor) -> None:
        say("→ bringing the schema up to date")
        async with connected(self.settings, self.embedded.servers):
            await database.migrate()
            await apply_timezone(self.settings)
        if self.roles.workers:
            supervisor.start(sequencer())
        if self.roles.demo:
            await self._load_demo(supervisor.environment)
            self.sign_ins = await self._demo_sign_ins()
        say(f"→ starting {self.roles}")
        supervisor.start(*self.roles.children(self.listener))
        watching = asyncio.create_task(self._watch(supervisor))
        try:
            if self.listener is not None:
                await self._until_healthy(watching)
            supervisor.ready = True
            self._announce()
            reloading = asyncio.create_task(reload_when_told(self.reload, supervisor))
            try:
                await watching
            finally:
                reloading.cancel()
        finally:
            watching.cancel()

    async def _load_demo(self, environment: dict[str, str]) -> None:
        """In a process of its own, like any `muster demo`."""
        loading = await asyncio.create_subprocess_exec(
            *launch_command(
                [sys.executable, "-m", "backend.cli", "demo", "--first"], end_signal=signal.SIGKILL
            ),
            env=environment,
        )
        try:
            if await loading.wait() != 0:
                raise HopelessError("the demo organisation could not be loaded: see above")
        finally:
            if loading.returncode is None:
                loading.kill()

    async def _demo_sign_ins(self) -> list[str]:
        """Who can sign in to the demo organisation; nobody when others were here first."""
        async with connected(self.settings, self.embedded.servers):
            here = await database.fetch_value("SELECT count(*) FROM learner WHERE lower(email) = $1", ADMIN)
        who = (("admin", ADMIN), ("coach", COACH), ("learner", LEARNER))
        return [f"  {role:<8} {email}   password: {PASSWORD}" for role, email in who] if here else []

    async def _watch(self, supervisor: Supervisor) -> None:
        """Start embedded servers that died again, for as long as it takes (a full disk may have ended them).

        Raises when something cannot start before Muster was ever ready.
        """
        pause = WATCH_SECONDS
        while True:
            await asyncio.wait([supervisor.hopeless], timeout=pause)
            if supervisor.hopeless.done():
                supervisor.hopeless.result()
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            for name in self.embedded.dead():
                say(f"{name} died; starting it again")
                try:
                    await self.embedded.revive(name)
                except EmbeddedError as error:
                    if not supervisor.ready:
                        raise
                    say(f"{error}\ntrying again in {pause:.0f} s")
                    break
                say(f"{name} was started again")
            else:
                pause = WATCH_SECONDS

    async def _until_healthy(self, watching: asyncio.Task[None]) -> None:
        say("→ waiting for the index to be read")
        while not await asyncio.to_thread(healthy, self.address, workers=self.roles.workers):
            await asyncio.wait([watching], timeout=READY_POLL_SECONDS)
            if watching.done():
                watching.result()

    def _announce(self) -> None:
        servers = self.embedded.servers
        if self.instance.running() is not None and not (
            self.settings.database_url and self.settings.redis_url
        ):
            self.instance.publish(
                Running(
                    os.getpid(), serving=True, address=self.address or None, **msgspec.structs.asdict(servers)
                )
            )
        if not self.address:
            say("Muster's workers are running")
            return
        print(f"Muster is ready at {self.address}", flush=True)
        if self.sign_ins:
            print("\n".join(["Sign in to the demo organisation as", *self.sign_ins]), flush=True)
