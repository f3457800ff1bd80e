"""Checkpoints: the same index as from the tables, while people write; never used when half written, old, or damaged."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random

import asyncpg
import pytest

from backend.database import execute, fetch_value, open_connection
from backend.index import Change, FacetIndex, Follower, load_index, time_slices
from backend.index.following import checkpoint_parts, checkpoints
from backend.index.following.checkpoint_parts import Replaced
from backend.index.following.checkpoints import apply_log, read_checkpoint, write_checkpoint
from backend.workers.checkpointer import (
    BYTES_A_SECOND,
    GROWN,
    LATEST_SECONDS,
    MOST_BYTES_A_SECOND,
    MUCH_GROWN,
    is_due,
)
from tests.index.test_agreement import state
from tests.index.test_tables import log_rows
from tests.naive.tables import make_tables, write_something

SOON = 20


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    """One of its own, as the leading worker has it."""
    made = await open_connection()
    yield made
    made.terminate()


@pytest.fixture
async def index(connection: asyncpg.Connection) -> FacetIndex:
    """An index of a small organisation."""
    random = Random(1)
    await make_tables(random, "Asia/Kolkata")
    for _ in range(80):
        await write_something(random, timedelta(0))
    await log_rows()
    return await load_index()


@pytest.mark.parametrize("seed", range(4))
async def test_checkpoint_and_tail_are_the_tables(
    connection: asyncpg.Connection, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the index changes after every single bitmap that is written down."""
    monkeypatch.setattr(checkpoint_parts, "PART_BYTES", 64)
    monkeypatch.setattr(time_slices, "SLICE_SECONDS", 0.0)
    random = Random(seed)
    await make_tables(random, random.choice(["UTC", "Asia/Kolkata", "America/New_York"]))
    index = await load_index()
    between = 0
    for _ in range(5):
        for _ in range(60):
            await write_something(random, timedelta(0))
        changes = [change for change in await log_rows() if change.seq > index.position]
        _, moved = await asyncio.gather(write_checkpoint(index, connection), _apply(index, changes))
        between += await fetch_value("SELECT complete_at - position FROM index_checkpoint ORDER BY id DESC")
        assert moved == len(changes)
        for _ in range(20):
            await write_something(random, timedelta(0))
        head = (await log_rows())[-1].seq
        if index.stale:
            assert await read_checkpoint() is None
            index = await load_index()
            continue
        read = await read_checkpoint()
        assert read is not None
        assert read.position < head
        await apply_log(read, head, connection)
        assert state(read) == state(await load_index())
        await apply_log(index, head, connection)
    assert between > 50


async def _apply(index: FacetIndex, changes: list[Change]) -> int:
    for change in changes:
        index.apply([change])
        await asyncio.sleep(0)
    return len(changes)


async def test_a_process_starts_from_it(index: FacetIndex, connection: asyncpg.Connection) -> None:
    await write_checkpoint(index, connection)
    # What no log tells of shows where the index came from.
    await execute("ALTER TABLE learner DISABLE TRIGGER USER")
    await execute("UPDATE learner SET language = 'xx'")
    follower = Follower()
    await follower.start()
    async with asyncio.timeout(SOON):
        await follower.loaded.wait()
    await follower.stop()
    assert state(follower.index) == state(index)
    assert "xx" in (await load_index()).facts.language.bitmaps


async def test_one_that_was_not_finished_is_never_seen(
    index: FacetIndex, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> bytes:
        connection.terminate()
        return b""

    monkeypatch.setattr("backend.index.following.checkpoints._Digest.of", die)
    with pytest.raises((asyncpg.InterfaceError, asyncpg.PostgresError, OSError)):
        await write_checkpoint(index, connection)
    monkeypatch.undo()
    assert await fetch_value("SELECT count(*) FROM index_checkpoint") == 0
    assert await read_checkpoint() is None


async def test_an_index_that_is_loaded_anew_meanwhile_is_not_written(
    index: FacetIndex, connection: asyncpg.Connection
) -> None:
    other = await load_index()
    writing = asyncio.create_task(write_checkpoint(index, connection))
    await asyncio.sleep(0)
    index.adopt(other)
    with pytest.raises(Replaced):
        await writing
    assert await fetch_value("SELECT count(*) FROM index_checkpoint") == 0


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE index_checkpoint_part SET body = set_byte(body, length(body) - 1, 255 - get_byte(body, length(body) - 1))",
        "UPDATE index_checkpoint_part SET body = substr(body, 1, length(body) / 2)",
        "DELETE FROM index_checkpoint_part WHERE number = 3",
        "DELETE FROM index_checkpoint_part",
        "UPDATE index_checkpoint SET position = position - 1",
        "UPDATE index_checkpoint SET complete_at = complete_at + 1",
        "UPDATE index_checkpoint SET digest = 'x'",
        "UPDATE index_checkpoint SET version = 'of yesterday'",
        "UPDATE index_checkpoint SET timezone = 'UTC'",
        "UPDATE organisation SET timezone = 'UTC'",
        "DELETE FROM change_log WHERE seq > (SELECT position FROM index_checkpoint)",
        "UPDATE log_head SET seq = 1",
    ],
)
async def test_a_wrong_one_is_not_used(
    index: FacetIndex, connection: asyncpg.Connection, damage: str
) -> None:
    await write_checkpoint(index, connection)
    await execute("INSERT INTO learner_group (id, name) VALUES (4711, 'After')")
    await execute("INSERT INTO learner_group (id, name) VALUES (4712, 'After')")
    await log_rows()
    assert await read_checkpoint() is not None
    await execute(damage)
    await log_rows()
    assert await read_checkpoint() is None
    follower = Follower()
    await follower.start()
    async with asyncio.timeout(SOON):
        await follower.loaded.wait()
    await follower.stop()
    assert state(follower.index) == state(await load_index())


async def test_the_one_before_stands_in_for_a_damaged_one(
    index: FacetIndex, connection: asyncpg.Connection
) -> None:
    for _ in range(4):
        await write_checkpoint(index, connection)
    kept = "SELECT count(DISTINCT checkpoint_id) FROM index_checkpoint_part"
    assert await fetch_value(kept) == checkpoints.KEPT == 2
    await execute(
        "UPDATE index_checkpoint_part SET body = 'x' WHERE checkpoint_id = (SELECT max(id) FROM index_checkpoint)"
    )
    read = await read_checkpoint()
    assert read is not None
    assert state(read) == state(index)


def test_when_one_is_due() -> None:
    size = 600.0 * BYTES_A_SECOND
    assert not is_due(0, LATEST_SECONDS, size)
    assert not is_due(GROWN, 599, size)
    assert is_due(GROWN, 600, size)
    # A small one is soon written again.
    assert is_due(GROWN, 1, BYTES_A_SECOND)
    assert not is_due(GROWN - 1, LATEST_SECONDS - 1, size)
    assert is_due(1, LATEST_SECONDS, size)
    # More than a start should read does not wait for so long.
    assert not is_due(MUCH_GROWN, size / MOST_BYTES_A_SECOND - 1, size)
    assert is_due(MUCH_GROWN, size / MOST_BYTES_A_SECOND, size)
