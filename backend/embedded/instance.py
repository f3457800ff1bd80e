"""The data directory: who uses it, and the servers in it.

One process at a time holds the directory's lock and runs its servers (the supervisor, or a command when no supervisor
runs). Other commands find the servers' addresses in `running.json` and keep a shared lock on `users.lock` meanwhile, so
that a command which started the servers waits for those that lean on it before it ends them.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import msgspec

from backend.embedded.errors import EmbeddedError
from backend.embedded.postgres import EmbeddedPostgres
from backend.embedded.process import Patience
from backend.embedded.redis import EmbeddedRedis
from backend.embedded.server_restarts import Embedded, Servers

# A command that finds an instance starting waits this long for its servers.
WAIT_SECONDS = 60
POLL_SECONDS = 0.05
# A command that started the servers lets others finish with them, within reason.
LEND_SECONDS = 3600

Progress = Callable[[str], None]


class Running(msgspec.Struct, frozen=True):
    """What `running.json` says while the directory's lock is held."""

    pid: int
    serving: bool
    database_url: str | None = None
    redis_url: str | None = None
    address: str | None = None


class InUseError(EmbeddedError):
    """Another process holds the data directory."""


class Instance:
    """A data directory, made if need be: 0700, or passable but not readable when servers run as another user."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            # Root's servers run as another user, who must pass through to their own directories.
            self.data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
            probe = self.data_dir / f".writable-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            reason = error.strerror or error
            raise EmbeddedError(f"the data directory {self.data_dir} cannot be written: {reason}") from error
        self.data_dir = self.data_dir.resolve()
        self._lock: IO[bytes] | None = None

    def acquire(self, *, serving: bool) -> None:
        """Hold the directory's lock; raises `InUseError` when another process does."""
        lock = (self.data_dir / "lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise InUseError(self._in_use()) from error
        self._lock = lock
        self.publish(Running(pid=os.getpid(), serving=serving))

    def release(self) -> None:
        """Let go of the lock."""
        if self._lock is not None:
            (self.data_dir / "running.json").unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def publish(self, running: Running) -> None:
        """Write what other commands read."""
        draft = self.data_dir / "running.json.new"
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_bytes(msgspec.json.encode(running))
        draft.replace(self.data_dir / "running.json")

    def running(self) -> Running | None:
        """What the process that holds the lock has published; None for what a killed one left behind."""
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError, ProcessLookupError):
            found = msgspec.json.decode((self.data_dir / "running.json").read_bytes(), type=Running)
            os.kill(found.pid, 0)
            return found
        return None

    @contextmanager
    def servers(self, *, database_url: str | None, redis_url: str | None) -> Iterator[Servers]:
        """The servers for one command: those given, those of a running instance, or started for the duration."""
        if database_url and redis_url:
            yield Servers(database_url, redis_url)
            return
        with self._borrowed() as borrowed:
            if borrowed is not None:
                yield borrowed
                return
        try:
            with self.embedded(database_url=database_url, redis_url=redis_url) as own:
                running = Running(os.getpid(), serving=False, **msgspec.structs.asdict(own.servers))
                self.publish(running)
                try:
                    yield own.servers
                finally:
                    self._wait_for_borrowers()
        finally:
            self.release()

    @contextmanager
    def _borrowed(self) -> Iterator[Servers | None]:
        """The servers of whoever holds the lock; None (and the lock is then ours) when nobody does."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                self.acquire(serving=False)
            except InUseError:
                if time.monotonic() > deadline:
                    raise
            else:
                yield None
                return
            with (self.data_dir / "users.lock").open("ab") as users:
                fcntl.flock(users, fcntl.LOCK_SH)
                running = self.running()
                if running and running.database_url and running.redis_url:
                    yield Servers(running.database_url, running.redis_url)
                    return
            time.sleep(POLL_SECONDS)

    def _wait_for_borrowers(self) -> None:
        self.publish(Running(os.getpid(), serving=False))
        deadline = time.monotonic() + LEND_SECONDS
        with (self.data_dir / "users.lock").open("ab") as users:
            while time.monotonic() < deadline:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                time.sleep(POLL_SECONDS)

    @contextmanager
    def embedded(
        self, *, database_url: str | None, redis_url: str | None, progress: Progress = lambda _: None
    ) -> Iterator[Embedded]:
        """Start the servers that are not given; ends them on the way out. The caller holds the lock."""
        patience = Patience()
        postgres = None if database_url else EmbeddedPostgres(self.data_dir, patience=patience)
        redis = None if redis_url else EmbeddedRedis(self.data_dir, patience=patience)
        ours: dict[str, EmbeddedPostgres | EmbeddedRedis] = {}
        with ExitStack() as stack:
            thread = stack.enter_context(ThreadPoolExecutor(1, "embedded servers"))
            if postgres is not None:
                progress("starting PostgreSQL" if postgres.home.exists() else "creating the database cluster")
                ours["PostgreSQL"] = postgres
                stack.callback(postgres.stop)
                database_url = postgres.start()
            if redis is not None:
                progress("starting Redis")
                ours["Redis"] = redis
                stack.callback(redis.stop)
                redis_url = redis.start()
            servers = Servers(str(database_url), str(redis_url))
            embedded = Embedded(servers, ours, thread=thread, patience=patience)
            stack.callback(embedded.settle)
            yield embedded

    def _in_use(self) -> str:
        running = self.running()
        if running is None:
            return f"another Muster process is starting in {self.data_dir}: wait for it, or use another --data-dir"
        what = f"serving at {running.address}" if running.address else "working"
        return (
            f"another Muster process (pid {running.pid}) is {what} in {self.data_dir}: "
            "stop it, or use another --data-dir"
        )
