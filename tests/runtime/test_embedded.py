"""Embedded PostgreSQL and Redis: private, durable, and gone with whoever started them."""

import asyncio
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis

from backend.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedRedis, Instance
from backend.embedded.postgres import program
from backend.embedded.process import occupants

PROJECT = Path(__file__).parents[2]
# Starts both servers the way the supervisor does, says so, and waits to be killed.
OWNER = """
import signal, sys
from pathlib import Path
from backend.embedded import Instance
with Instance(Path(sys.argv[1])).servers(database_url=None, redis_url=None) as servers:
    print(servers.database_url, servers.redis_url, flush=True)
    signal.pause()
"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    # Root's servers run as another user, whom pytest's private directories would keep out: that must work too.
    return Instance(tmp_path / "data").data_dir


@pytest.fixture
def postgres(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data_dir)
    yield server
    server.stop()


@pytest.fixture
def cache(data_dir: Path) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(data_dir)
    yield server
    server.stop()


def ask(dsn: str, *statements: str) -> list[Any]:
    """The first value of each statement's answer."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(dsn)
        try:
            return [await connection.fetchval(statement) for statement in statements]
        finally:
            await connection.close()

    return asyncio.run(run())


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def fails(work: Coroutine[Any, Any, Any], *errors: type[BaseException]) -> None:
    with pytest.raises(errors):
        asyncio.run(work)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_postgres_is_private_and_careful(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    dsn = postgres.start()
    checks = {
        "SHOW data_checksums": "on",
        "SHOW fsync": "on",
        "SHOW synchronous_commit": "on",
        "SHOW listen_addresses": "",
        "SHOW server_encoding": "UTF8",
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user": False,
        "SELECT lower('ÉCOLE')": "école",
    }
    assert ask(dsn, *checks) == list(checks.values())
    assert mode(data_dir / "run") == 0o700
    assert mode(data_dir / "postgres") == 0o700
    assert ask(
        postgres.admin_dsn, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'"
    ) == [0]
    password = (data_dir / "postgres" / "muster.password").read_text()
    fails(asyncpg.connect(dsn.replace(password, "wrong")), asyncpg.InvalidPasswordError)


def test_postgres_keeps_its_data(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    dsn = postgres.start()
    ask(dsn, "CREATE TABLE kept AS SELECT 7 AS answer")
    postgres.stop()
    assert occupants(postgres.cluster, "postgres") == []
    assert ask(postgres.start(), "SELECT answer FROM kept") == [7]


def test_postgres_starts_after_a_crash(postgres: EmbeddedPostgres) -> None:
    ask(postgres.start(), "CREATE TABLE kept AS SELECT 7 AS answer")
    assert postgres.process is not None
    postgres.process.kill()
    assert ask(postgres.start(), "SELECT answer FROM kept") == [7]


def test_an_interrupted_first_start_leaves_nothing_in_the_way(
    postgres: EmbeddedPostgres, data_dir: Path
) -> None:
    half = data_dir / "postgres.new" / "cluster"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    assert ask(postgres.start(), "SELECT 1") == [1]


def test_another_version_is_refused_with_advice(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    cluster = data_dir / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 12"):
        postgres.start()


# Starts both servers with PostgreSQL's package found first in the directory named, and ends them.
ELSEWHERE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from backend.embedded import EmbeddedPostgres, EmbeddedRedis
from backend.embedded.postgres import program
assert program("initdb").is_relative_to(sys.argv[1])
directory = Path(sys.argv[1]) / "data"
directory.mkdir()
servers = [EmbeddedPostgres(directory), EmbeddedRedis(directory)]
for server in servers:
    print(server.start())
for server in servers:
    server.stop()
"""


@pytest.mark.parametrize(
    "closed", [0o700, 0o077], ids=["the directory alone", "and a mask for all that is made"]
)
def test_programs_and_data_below_a_directory_that_only_its_owner_may_enter(
    tmp_path: Path, closed: int
) -> None:
    """A home folder, or a fresh `mktemp -d`: root's servers run as another user, whom it keeps out."""
    home = tmp_path / "home"
    home.mkdir()
    package = program("initdb").parents[2]
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(name), home / name, symlinks=True)
    home.chmod(0o700)
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(home)],
        cwd=PROJECT,
        umask=closed if closed != 0o700 else -1,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("postgresql://")


def test_a_long_path_works(tmp_path: Path) -> None:
    instance = Instance(tmp_path / ("long" * 40))
    with instance.servers(database_url=None, redis_url=None) as servers:
        assert ask(servers.database_url, "SELECT 1") == [1]
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.ping()


def test_redis_allows_what_jobs_need_and_no_more(cache: EmbeddedRedis) -> None:
    with redis.Redis.from_url(cache.start()) as client:
        client.set("job", "1")
        assert client.keys("*") == [b"job"]
        assert client.info()["tcp_port"] == 0
        for forbidden in (client.flushall, client.config_get, lambda: client.eval("return 1", 0)):
            with pytest.raises(redis.exceptions.NoPermissionError):
                forbidden()
    with (
        redis.Redis(unix_socket_path=str(cache.data_dir / "run" / "redis.sock")) as stranger,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        stranger.ping()


def test_redis_keeps_what_it_acknowledged_when_killed(cache: EmbeddedRedis) -> None:
    with redis.Redis.from_url(cache.start()) as client:
        for number in range(1000):
            client.rpush("jobs", number)
    assert cache.process is not None
    cache.process.kill()
    cache.process.wait()
    with redis.Redis.from_url(cache.start()) as client:
        assert client.llen("jobs") == 1000


def test_redis_starts_without_a_file_that_it_cannot_read(cache: EmbeddedRedis) -> None:
    with redis.Redis.from_url(cache.start()) as client:
        client.set("a", "1")
    cache.stop()
    (cache.home / "appendonly.aof").write_bytes(b"this is no append-only file")
    with redis.Redis.from_url(cache.start()) as client:
        assert client.get("a") is None
    assert list(cache.data_dir.glob("redis-unreadable-*"))


@pytest.fixture
def owner(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that runs both servers in `data_dir`."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data_dir)], stdout=subprocess.PIPE, text=True, cwd=PROJECT
    )
    with process:
        yield process
        process.kill()
        until(lambda: not occupants(data_dir / "postgres" / "cluster", "postgres"))


def test_servers_end_with_a_killed_owner(owner: subprocess.Popen[str], data_dir: Path) -> None:
    assert owner.stdout is not None
    dsn = owner.stdout.readline().split()[0]
    ask(dsn, "CREATE TABLE kept AS SELECT 7 AS answer")
    owner.kill()
    owner.wait()
    # At once, while the old servers may still be ending.
    with Instance(data_dir).servers(database_url=None, redis_url=None) as servers:
        assert ask(servers.database_url, "SELECT answer FROM kept") == [7]
    until(lambda: not occupants(data_dir / "postgres" / "cluster", "postgres"))
    until(lambda: not occupants(data_dir / "redis", "redis-server"))


def test_servers_of_a_running_owner_are_shared(owner: subprocess.Popen[str], data_dir: Path) -> None:
    assert owner.stdout is not None
    lent = owner.stdout.readline().split()
    with Instance(data_dir).servers(database_url=None, redis_url=None) as servers:
        assert [servers.database_url, servers.redis_url] == lent
        assert ask(servers.database_url, "SELECT 1") == [1]


def test_a_leftover_server_is_replaced(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    postgres.start()
    assert postgres.process is not None
    left = postgres.process.pid
    # Nobody's any more, as after a kill -9 on a system that does not tell children.
    successor = EmbeddedPostgres(data_dir)
    try:
        assert ask(successor.start(), "SELECT 1") == [1]
        assert postgres.process.wait(10) is not None
        assert successor.process is not None
        assert successor.process.pid != left
    finally:
        successor.stop()


def test_a_pid_file_with_a_strangers_number_is_not_believed(postgres: EmbeddedPostgres) -> None:
    ask(postgres.start(), "CREATE TABLE kept AS SELECT 7 AS answer")
    postgres.stop()
    stranger = postgres.cluster / "postmaster.pid"
    stranger.write_text(f"{os.getpid()}\n{postgres.cluster}\n0\n5432\n\n\n0 0\nready\n")
    assert ask(postgres.start(), "SELECT answer FROM kept") == [7]
