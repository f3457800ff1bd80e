"""The index against the tables: silent while everything changes, and no wrong bit goes unseen or unmended."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random

import pytest
from prometheus_client import REGISTRY

from backend.database import execute, fetch_value, open_connection
from backend.index import FacetIndex, Follower, check_index, load_index
from backend.index.facts.slots import FACETS, bitmap_at, slots_of
from backend.index.following.checkpoints import write_checkpoint
from backend.index.following.table_differences import TableDifference
from tests.index.test_agreement import state
from tests.index.test_tables import log_rows
from tests.naive.tables import make_tables, share_every_change, write_something

SOON = 20
# What changes while the index is looked at at least so often.
WRITTEN, CHECKS = 20, 3


@pytest.fixture
async def follower(database: str) -> AsyncIterator[Follower]:
    """Following a small organisation."""
    random = Random(3)
    await make_tables(random, "America/New_York")
    for _ in range(300):
        await write_something(random, timedelta(0))
    await execute("UPDATE organisation SET timezone = 'America/New_York'")
    await execute(
        "INSERT INTO departure SELECT (SELECT min(id) FROM enrollment_method), id, '2024-05-01' FROM learner LIMIT 3"
    )
    await log_rows()
    made = Follower()
    await made.start()
    async with asyncio.timeout(SOON):
        await made.loaded.wait()
    yield made
    await made.stop()


@pytest.mark.parametrize("shared", [False, True])
async def test_it_finds_nothing_while_everything_changes(
    follower: Follower, monkeypatch: pytest.MonkeyPatch, *, shared: bool
) -> None:
    if shared:
        await share_every_change()
    monkeypatch.setattr("backend.index.time_slices.SLICE_SECONDS", 0.0)
    monkeypatch.setattr("backend.index.following.table_differences.LEARNERS_AT_ONCE", 5)
    enough, done = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        random, written = Random(4), 0
        while not done.is_set():
            await write_something(random, timedelta(0))
            # What is committed and not numbered is there as well when the check looks.
            if written % 3 == 0:
                await fetch_value("SELECT (sequence_outbox(1000000)).head")
            written += 1
            if written == WRITTEN:
                enough.set()

    writing = asyncio.create_task(write())
    found: list[list[TableDifference]] = []
    while len(found) < CHECKS or not enough.is_set():
        found.append(await check_index(follower))
    done.set()
    await writing
    # Once the time zone changes the index is loaded anew, and a check that ran meanwhile says nothing.
    assert not any(found)


async def test_a_value_is_not_taken_for_its_field(follower: Follower) -> None:
    """Both are logged under one name; the value waits for its number while the index is looked at."""
    await execute(
        "DELETE FROM field_value WHERE (learner_id, field_id) = (SELECT learner_id, field_id FROM field_value LIMIT 1)"
    )
    assert await fetch_value("SELECT count(*) FROM outbox WHERE facet = 'field'") == 1
    assert await check_index(follower) == []


@pytest.mark.parametrize("facet", FACETS)
async def test_a_wrong_bit_is_told_and_mended(follower: Follower, facet: str) -> None:
    connection = await open_connection()
    await write_checkpoint(follower.index, connection)
    connection.terminate()
    facts = follower.index.facts
    slot = next(slots_of(facts, facet))
    held = bitmap_at(facts, slot)
    assert held is not None
    wrong = min(held)
    held.discard(wrong)
    held.add(987_654)
    counted = {"facet": facet}
    before = REGISTRY.get_sample_value("muster_index_differences_total", counted) or 0
    found = await check_index(follower)
    assert [difference.facet for difference in found] == [facet]
    assert found[0].slots == 1
    assert REGISTRY.get_sample_value("muster_index_differences_total", counted) == before + 1
    assert await fetch_value("SELECT count(*) FROM index_checkpoint") == 0
    await _mended(follower)
    assert await check_index(follower) == []


async def test_wrong_structure_is_told_and_mended(follower: Follower) -> None:
    structure = follower.index.structure
    structure.groups.pop(next(iter(structure.groups)))
    found = await check_index(follower)
    assert [difference.facet for difference in found] == ["learner_group"]
    await _mended(follower)


async def test_what_no_log_tells_is_found(follower: Follower) -> None:
    await execute("ALTER TABLE learner DISABLE TRIGGER USER")
    await execute("UPDATE learner SET language = 'xx'")
    assert "language" in [difference.facet for difference in await check_index(follower)]
    await _mended(follower)
    assert "xx" in follower.index.facts.language.bitmaps


async def _mended(follower: Follower) -> None:
    truth: FacetIndex = await load_index()
    happened = asyncio.Event()
    end = follower.subscribe(lambda _: happened.set())
    async with asyncio.timeout(SOON):
        while state(follower.index) != state(truth):
            await happened.wait()
            happened.clear()
    end()
