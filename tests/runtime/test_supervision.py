"""`muster serve` with embedded servers: starting, staying, stopping, and being killed."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from backend.embedded.process import occupants
from tests.harness.instance import Muster, clean_environment, run_muster

UNUSABLE = 2
SECOND_START_SECONDS = 30
# The name of the server's program and where below the data directory it lives.
POSTGRES = ("postgres", "postgres/cluster")
REDIS = ("redis-server", "redis")


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def processes_of(directory: Path) -> list[int]:
    """Living processes that were started with the data directory below `directory`, or that live in it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes()
            working = (entry / "cwd").readlink()
        except OSError:
            continue
        if f"MUSTER_DATA_DIR={directory}".encode() in environment or working.is_relative_to(
            directory / "data"
        ):
            found.append(int(entry.name))
    return found


def children_called(muster: Muster, module: str) -> list[int]:
    found = []
    for pid in processes_of(muster.directory):
        # It may end while it is looked at.
        with suppress(OSError):
            if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def server_of(muster: Muster, server: str, directory: str) -> int | None:
    """The embedded server's main process: the one that the supervisor started."""
    for pid in occupants(muster.data_dir / directory, server):
        # It may end while it is looked at.
        with suppress(OSError):
            if status_of(pid)["PPid"] == str(muster.pid):
                return pid
    return None


def main_of(muster: Muster, server: str, directory: str) -> int:
    found = server_of(muster, server, directory)
    assert found is not None
    return found


def status_of(pid: int) -> dict[str, str]:
    """What the kernel says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def told_to_end(pid: int) -> bool:
    """Whether a stopped process has a signal waiting for it."""
    status = status_of(pid)
    return bool(int(status["SigPnd"], 16) | int(status["ShdPnd"], 16))


def healthy(muster: Muster) -> bool:
    try:
        return httpx.get(f"{muster.address}/api/health", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Muster]:
    """An instance with embedded servers in a directory of its own; not started."""
    muster = Muster(tmp_path, clean_environment())
    yield muster
    if muster.process is not None:
        muster.stop()
    until(lambda: not processes_of(tmp_path))


def test_a_whole_life(own: Muster) -> None:
    own.start()
    assert healthy(own)
    own.create_admin("ada@muster.example")
    assert own.cli("token", "create", "--email", "ada@muster.example").stdout.count("\n") == 1
    assert own.stop() == 0
    assert processes_of(own.directory) == []

    began = time.monotonic()
    own.start()
    # Five seconds on an idle machine of two cores.
    assert time.monotonic() - began < SECOND_START_SECONDS
    assert (
        own.sign_in("ada@muster.example").get("/auth/me").json()["learner"]["email"] == "ada@muster.example"
    )
    assert own.process is not None
    own.process.send_signal(signal.SIGTERM)
    assert own.process.wait(20) == 0
    assert processes_of(own.directory) == []


def test_a_killed_supervisor_leaves_nothing_in_the_way(own: Muster) -> None:
    own.start()
    own.create_admin()
    port = own.address.rsplit(":", 1)[1]
    own.kill()
    own.arguments = ("--port", port)
    own.start()
    assert healthy(own)
    own.sign_in()
    own.stop()
    until(lambda: not processes_of(own.directory))


def test_processes_and_servers_that_die_are_started_again(own: Muster) -> None:
    own.start()
    own.create_admin()
    for module in ("backend.runtime.serving", "backend.workers.sequencer"):
        (pid,) = children_called(own, module)
        os.kill(pid, signal.SIGKILL)
        until(lambda module=module, pid=pid: children_called(own, module) not in ([], [pid]))  # type: ignore[misc]  # of a lambda with a default mypy infers nothing
    for server, directory in (POSTGRES, REDIS):
        before = set(occupants(own.data_dir / directory, server))
        killed = main_of(own, server, directory)
        os.kill(killed, signal.SIGKILL)
        until(lambda s=server, d=directory, k=killed: server_of(own, s, d) not in (None, k))  # type: ignore[misc]  # of a lambda with a default mypy infers nothing
        # Backends of the old server do not work on beside the new one.
        assert not before & set(occupants(own.data_dir / directory, server))
    until(lambda: healthy(own))
    own.sign_in()


def test_a_full_disk_below_the_log_ends_nothing(own: Muster) -> None:
    own.log = Path("/dev/full")
    own.start()
    (pid,) = children_called(own, "backend.runtime.serving")
    os.kill(pid, signal.SIGKILL)
    until(lambda: children_called(own, "backend.runtime.serving") not in ([], [pid]))
    until(lambda: healthy(own))


def test_stopping_is_bounded_while_a_server_is_being_started_again(own: Muster) -> None:
    own.start()
    killed = main_of(own, *POSTGRES)
    orphan = next(pid for pid in occupants(own.data_dir / POSTGRES[1], POSTGRES[0]) if pid != killed)
    # It hears no signal but SIGKILL, so the new server has to wait for it.
    os.kill(orphan, signal.SIGSTOP)
    os.kill(killed, signal.SIGKILL)
    until(lambda: told_to_end(orphan))
    assert own.stop() == 0
    assert processes_of(own.directory) == []
    own.start()
    assert healthy(own)


def test_stopping_is_bounded_when_postgresql_hangs(own: Muster) -> None:
    own.start()
    killed = main_of(own, *POSTGRES)
    os.kill(killed, signal.SIGKILL)
    until(lambda: server_of(own, *POSTGRES) not in (None, killed))
    # Most likely in the middle of its recovery.
    os.kill(main_of(own, *POSTGRES), signal.SIGSTOP)
    assert own.stop() == 0
    assert processes_of(own.directory) == []
    own.start()
    assert healthy(own)


def test_a_data_directory_serves_once(own: Muster) -> None:
    own.start()
    second = own.cli("serve", "--port", "0")
    assert second.returncode == UNUSABLE
    assert own.address in second.stderr
    assert second.stderr.count("\n") == 1


def test_one_role_leans_on_the_instance_that_runs(own: Muster, tmp_path: Path) -> None:
    own.arguments = ("--workers", "0")
    own.start()
    other = Muster(tmp_path, own.environment, "--workers", "0")
    other.start()
    own.create_admin()
    assert other.sign_in().get("/auth/me").is_success
    assert other.stop() == 0
    # Nobody numbers the changes yet, so it runs without answering counts; it starts all the same.
    assert httpx.get(f"{own.address}/api/alive").is_success
    assert not healthy(own)
    own.stop()
    own.start()


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run_muster("serve", "--port", port, environment=clean_environment(), directory=tmp_path)
    assert done.returncode == UNUSABLE
    assert f"port {port}" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below = str(tmp_path / "file" / "data")
    done = run_muster(
        "serve", "--port", "0", "--data-dir", below, environment=clean_environment(), directory=tmp_path
    )
    assert done.returncode == UNUSABLE
    assert f"data directory {below}" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MUSTER_DATABASE_URL", "mysql://x", "postgresql://"),
        ("MUSTER_REDIS_URL", "http://x", "redis://"),
        ("MUSTER_TIMEZONE", "Mars/Olympus", "no time zone"),
        ("MUSTER_CLOCK", "tomorrow", "+P40D"),
        ("MUSTER_SECRET", "short", "shorter than"),
    ],
)
def test_a_wrong_setting_is_told(tmp_path: Path, name: str, value: str, said: str) -> None:
    done = run_muster("migrate", environment=clean_environment(**{name: value}), directory=tmp_path)
    assert done.returncode == UNUSABLE
    assert name in done.stderr
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_database_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    addresses = {
        "MUSTER_DATABASE_URL": f"postgresql://x:y@127.0.0.1:{port}/z",
        "MUSTER_REDIS_URL": f"redis://127.0.0.1:{port}",
    }
    environment = clean_environment(**addresses)
    for command in (("migrate",), ("serve", "--port", "0")):
        done = run_muster(*command, environment=environment, directory=tmp_path)
        assert done.returncode == UNUSABLE
        assert "the database does not answer" in done.stderr
        assert "Traceback" not in done.stderr
