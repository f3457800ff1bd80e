"""The instance that suffers: which processes it has, and how to reach behind it."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import asyncpg

from backend import database
from backend.embedded.process import occupants
from backend.runtime import clock
from tests.faults.redis import GivenRedis
from tests.harness.instance import Muster, clean_environment

# How a role's processes are recognised: the last words of their command line, or the server's program and directory.
MODULES = {
    "api": "backend.runtime.serving",
    "worker": "backend.workers",
    "sequencer": "backend.workers.sequencer",
}
SERVERS = {"postgres": ("postgres", "postgres/cluster"), "redis": ("redis-server", "redis")}
CONNECT_SECONDS = 30.0


class Instance:
    """`muster serve` with two API and two worker processes and embedded servers, on one port over all its lives."""

    def __init__(self, directory: Path, smtp_url: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        environment = clean_environment(MUSTER_SMTP_URL=smtp_url)
        self.muster = Muster(directory, environment, "--port", str(port), "--api", "2", "--workers", "2")
        self.offset = timedelta(0)
        # From the next start on, instead of the embedded one.
        self.given: GivenRedis | None = None

    def start(self) -> None:
        """Start it at its present clock."""
        self.muster.environment.pop("MUSTER_REDIS_URL", None)
        if self.given is not None:
            self.muster.environment["MUSTER_REDIS_URL"] = self.given.url
        self.muster.environment["MUSTER_CLOCK"] = clock.offset_text(self.offset) if self.offset else ""
        self.muster.start()

    def restart(self, moved: timedelta) -> None:
        """Stop it and start it with the clock moved."""
        assert self.muster.stop() == 0, self.muster.said()
        self.offset += moved
        self.start()

    def processes(self, role: str) -> list[int]:
        """Living processes of a role; of a server its main process only."""
        if role == "redis" and self.given is not None:
            return self.given.pids
        if role in SERVERS:
            server, directory = SERVERS[role]
            found = occupants(self.muster.data_dir / directory, server)
        else:
            found = [pid for pid in self._children() if self._module(pid) == MODULES[role]]
        return [pid for pid in found if self._parent(pid) == self.muster.pid]

    @property
    def redis_files(self) -> Path:
        """Where its Redis keeps what it would read again."""
        return self.muster.data_dir / "redis" if self.given is None else self.given.home

    @property
    def database_url(self) -> str:
        """Where its PostgreSQL is."""
        found: str = json.loads((self.muster.data_dir / "running.json").read_text())["database_url"]
        return found

    @asynccontextmanager
    async def tables(self) -> AsyncIterator[None]:
        """`backend.database` of this process on the instance's tables and at its clock, inside the block."""
        clock.set_offset(self.offset)
        try:
            await database.connect(self.database_url, max_size=2)
            try:
                yield
            finally:
                await database.disconnect()
        finally:
            clock.set_offset(timedelta(0))

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """One connection to its PostgreSQL."""
        connection = await asyncpg.connect(self.database_url, timeout=CONNECT_SECONDS)
        try:
            yield connection
        finally:
            connection.terminate()

    def _children(self) -> list[int]:
        return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]

    def _module(self, pid: int) -> str:
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            # python -m MODULE …
            return words[words.index("-m") + 1] if "-m" in words else ""
        return ""

    def _parent(self, pid: int) -> int:
        with suppress(OSError):
            # After the program's name, which may hold anything, come its state and its parent.
            return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        return 0
