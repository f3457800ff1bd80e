"""A restore that comes to nothing leaves everything as it was, however it ends."""

import asyncio
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backend.backup import programs
from backend.backup.archive import BackupError, pieces
from backend.embedded import Instance
from tests.faults.disk import small_disk
from tests.harness.instance import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    clean_environment,
    muster_command,
    run_muster,
)
from tests.harness.servers import Servers
from tests.harness.world import World, world_of
from tests.operating.test_backup import UNUSABLE, content

# Enough that loading them takes a while, and more than ROOM_BYTES.
MANY = 25_000
SEES_SECONDS = 30
SET_ASIDE = "SELECT 1 FROM pg_namespace WHERE nspname = 'muster_set_aside'"
# Enough to start the server, and no more.
ROOM_BYTES = 2 * 1024**2


@pytest.fixture(scope="module")
def file(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of many people."""
    database = servers.new_database()
    directory = tmp_path_factory.mktemp("many")
    with world_of(database) as world:
        world.learners(MANY)
    made = directory / "many.muster"
    done = run_muster("backup", str(made), environment=environment(database), directory=directory)
    assert done.returncode == 0, done.stderr
    servers.drop_database(database)
    return made


def environment(database: str) -> dict[str, str]:
    return clean_environment(MUSTER_DATABASE_URL=database, MUSTER_REDIS_URL="redis://127.0.0.1:9")


@pytest.fixture
def world(servers: Servers) -> Iterator[World]:
    """Somebody who must still be there afterwards."""
    database = servers.new_database()
    with world_of(database) as found:
        found.learner()
        yield found
    servers.drop_database(database)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_restore_that_is_cut_short(end: signal.Signals, file: Path, world: World, tmp_path: Path) -> None:
    before = content(world.database_url)
    with subprocess.Popen(
        muster_command("restore", str(file), "--replace"),
        env=environment(world.database_url),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # Where tests run in the background, shells have them ignore it, and whom they start too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - nothing else runs in this process
    ) as restoring:
        asyncio.run(until(world.database_url, restoring))
        restoring.send_signal(end)
        assert restoring.wait(SEES_SECONDS) != 0
    if end == signal.SIGINT:
        assert content(world.database_url) == before
    done = run_muster("migrate", environment=environment(world.database_url), directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert ("what was there before is back" in done.stderr) is (end == signal.SIGKILL)
    assert content(world.database_url) == before


async def until(database: str, restoring: subprocess.Popen[str]) -> None:
    """Wait until what was there is set aside."""
    connection = await asyncpg.connect(database)
    try:
        async with asyncio.timeout(SEES_SECONDS):
            while not await connection.fetchval(SET_ASIDE):
                assert restoring.poll() is None, "it ended before anything could happen to it"
    finally:
        await connection.close()


def test_a_restore_that_finds_the_disk_full(file: Path, tmp_path: Path) -> None:
    """On an embedded server, which may die of it."""
    # Root's servers run as another user.
    tmp_path.chmod(0o711)
    with small_disk(tmp_path) as disk:
        if disk is None:
            pytest.skip("mounting is not allowed here")
        instance = Instance(tmp_path / "data")
        settings = clean_environment(MUSTER_DATA_DIR=str(instance.data_dir))

        def muster(*arguments: str) -> subprocess.CompletedProcess[str]:
            return run_muster(*arguments, environment=settings, directory=tmp_path)

        def content_now() -> Any:
            with instance.servers(database_url=None, redis_url=None) as found:
                return content(found.database_url)

        made = muster("admin", "create", "--email", ADMIN_EMAIL, "--password", ADMIN_PASSWORD)
        assert made.returncode == 0, made.stderr
        before = content_now()
        disk.fill(but=ROOM_BYTES)
        failed = muster("restore", str(file), "--replace")
        assert failed.returncode == UNUSABLE
        assert "No space left" in failed.stderr or "then the database was lost" in failed.stderr
        disk.make_room()
        done = muster("migrate")
        assert done.returncode == 0, done.stderr
        assert content_now() == before


async def test_a_server_that_knows_less_is_given_a_script(file: Path, servers: Servers) -> None:
    """All of it or nothing, as by `pg_restore`."""
    database = servers.empty_database()
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("DROP SCHEMA public")
        half = list(pieces(file))
        half[-1] = half[-1][: len(half[-1]) // 2]
        with pytest.raises(BackupError, match="pg_restore"):
            await programs.undump(database, half, server=16)
        assert await connection.fetchval("SELECT to_regclass('public.learner')") is None
        await programs.undump(database, pieces(file), server=16)
        assert await connection.fetchval("SELECT count(*) FROM learner") == MANY
        with pytest.raises(BackupError, match=r"psql.*already exists"):
            await programs.undump(database, pieces(file), server=16)
        assert await connection.fetchval("SELECT count(*) FROM learner") == MANY
    finally:
        await connection.close()
    servers.drop_database(database)
