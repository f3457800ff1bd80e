"""A real running Muster: `muster serve` with its own database, reached as its users reach it."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tests.harness.moved_clock import clock_settings
from tests.harness.tls import NO_CERTIFICATES

ADMIN_EMAIL = "admin@muster.example"
ADMIN_PASSWORD = "correct horse battery"
READY = "Muster is ready at "
# Loading the index of a million people from the tables takes most of it.
READY_SECONDS = 180
# What docs/operating.md promises.
STOP_SECONDS = 30
REQUEST_SECONDS = 30
COMMAND_SECONDS = 120
# Settings of whoever runs the tests are not settings of the tested instance.
FOREIGN = "MUSTER_"


def clean_environment(**settings: str) -> dict[str, str]:
    """The environment without Muster's settings, plus `settings`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    # Warnings of the product's own processes fail tests where pytest sees them; here they reach the log.
    return kept | {"PYTHONUNBUFFERED": "1"} | clock_settings() | settings


def muster_command(*arguments: str) -> list[str]:
    """The command line of `muster arguments…` in this environment."""
    return [sys.executable, "-m", "backend.cli", *arguments]


def run_muster(
    *arguments: str,
    environment: Mapping[str, str],
    directory: Path,
    stdin: str | None = None,
    patience: float = COMMAND_SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, in `directory`."""
    return subprocess.run(
        muster_command(*arguments),
        env=dict(environment),
        cwd=directory,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=patience,
        check=False,
    )


class Muster:
    """`muster serve` as a process, from its start to its end."""

    def __init__(self, directory: Path, environment: Mapping[str, str], *arguments: str) -> None:
        self.directory = directory
        self.data_dir = directory / "data"
        self.environment = {"MUSTER_DATA_DIR": str(self.data_dir)} | dict(environment)
        self.arguments = arguments
        self.log = directory / "muster.log"
        self.address = ""
        self.process: subprocess.Popen[str] | None = None
        self._clients: list[httpx.Client] = []

    @property
    def database_url(self) -> str:
        """The address of its database, when one was given."""
        return self.environment["MUSTER_DATABASE_URL"]

    @property
    def live_url(self) -> str:
        """The address of its live socket."""
        return self.address.replace("http", "ws", 1) + "/api/v1/live"

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> "Muster":
        """Start it and wait until it says that it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                muster_command("serve", "--port", "0", *self.arguments),
                env=dict(self.environment),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.address = self._ready()
        return self

    def stop(self) -> int:
        """End it as Ctrl-C does, and the clients made here with it; its exit status."""
        while self._clients:
            self._clients.pop().close()
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the supervisor as `kill -9` does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def cli(
        self, *arguments: str, stdin: str | None = None, patience: float = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run a `muster` command beside it."""
        return run_muster(
            *arguments,
            environment=self.environment,
            directory=self.directory,
            stdin=stdin,
            patience=patience,
        )

    def create_admin(self, email: str = ADMIN_EMAIL, password: str = ADMIN_PASSWORD) -> None:
        """Make a platform admin."""
        done = self.cli("admin", "create", "--email", email, "--password", password)
        assert done.returncode == 0, done.stderr

    def token(self, email: str = ADMIN_EMAIL, *scopes: str) -> str:
        """A new API token of this person."""
        chosen = [part for scope in scopes for part in ("--scope", scope)]
        done = self.cli("token", "create", "--email", email, *chosen)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def anonymous(self) -> httpx.Client:
        """A client at `/api/v1` that nobody is signed in with."""
        client = httpx.Client(
            base_url=f"{self.address}/api/v1",
            timeout=REQUEST_SECONDS,
            headers={"Origin": self.address},
            verify=NO_CERTIFICATES,
        )
        self._clients.append(client)
        return client

    def sign_in(self, email: str = ADMIN_EMAIL, password: str = ADMIN_PASSWORD) -> httpx.Client:
        """A client at `/api/v1` signed in as this person."""
        client = self.anonymous()
        answer = client.post("/auth/login", json={"email": email, "password": password})
        assert answer.is_success, answer.text
        return client

    def said(self) -> str:
        """The last of what it wrote to its log."""
        if not self.log.is_file():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])

    def _ready(self) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        deadline = time.monotonic() + READY_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while time.monotonic() < deadline:
                if not selector.select(timeout=1):
                    continue
                line = self.process.stdout.readline()
                if line.startswith(READY):
                    return line.removeprefix(READY).strip()
                if not line:
                    break
        self.kill()
        raise AssertionError(f"muster serve did not become ready:\n{self.said()}")


@contextmanager
def running_muster(directory: Path, environment: Mapping[str, str], *arguments: str) -> Iterator[Muster]:
    """Muster, running inside the block."""
    muster = Muster(directory, environment, *arguments)
    try:
        yield muster.start()
    finally:
        if muster.process is not None:
            with suppress(subprocess.TimeoutExpired):
                muster.stop()
