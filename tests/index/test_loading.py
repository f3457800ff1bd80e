"""Following: catching up, gaps, other databases behind the address, lost connections, other time zones."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pyroaring import BitMap

from backend.database import execute, fetch_value, transaction
from backend.index import Batch, Follower, IndexBehind, load_index
from backend.index.facet_index import FacetIndex
from tests.index.test_agreement import state

SOON = 10


@pytest.fixture
async def follower(database: str) -> AsyncIterator[Follower]:
    """A follower that has loaded two groups with a thousand people."""
    async with transaction():
        await execute("INSERT INTO learner_group (id, name) VALUES (1, 'A'), (2, 'B')")
        await execute(
            "INSERT INTO learner (id, email, added_at) SELECT i, i || '@a.b', '2026-03-01 23:30Z' FROM generate_series(1, 1000) i"
        )
        await execute(
            "INSERT INTO membership SELECT i, 1 + i % 2, 'member', now() FROM generate_series(1, 1000) i"
        )
    await sequence()
    made = Follower()
    with pytest.raises(IndexBehind):
        _ = made.index
    assert made.position == 0
    await made.start()
    await made.start()
    async with asyncio.timeout(SOON):
        await made.loaded.wait()
    yield made
    await made.stop()
    await made.stop()


async def sequence() -> int:
    """Number what waits, as the sequencer does; the head."""
    head: int = await fetch_value("SELECT (sequence_outbox(1000000)).head")
    return head


async def until(follower: Follower, holds: str) -> None:
    """Wait for batches until the expression `holds` of `index` is true."""
    happened = asyncio.Event()
    end = follower.subscribe(lambda _: happened.set())
    async with asyncio.timeout(SOON):
        while not eval(holds, {"index": follower.index}):  # noqa: S307 - the test's own text
            await happened.wait()
            happened.clear()
    end()


async def test_what_was_committed_before_is_seen(follower: Follower) -> None:
    assert len(follower.index.facts.groups[1]) == 500
    assert await follower.catch_up(SOON) == follower.position
    await execute("DELETE FROM membership WHERE learner_id <= 100")
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(follower.catch_up(SOON)) for _ in range(3)]
        await asyncio.sleep(0)
        await sequence()
    assert {task.result() for task in waiting} == {follower.position}
    assert len(follower.index.facts.groups[1]) == 450
    assert state(await load_index()) == state(follower.index)


async def test_it_says_when_it_cannot_catch_up(follower: Follower) -> None:
    await execute("DELETE FROM membership WHERE learner_id = 1")
    with pytest.raises(IndexBehind):
        await follower.catch_up(timeout=0.1)
    await sequence()
    await follower.catch_up(SOON)


async def test_many_changes_come_in_slices_and_a_failing_subscriber_harms_nobody(follower: Follower) -> None:
    batches: list[Batch] = []

    def fail(_: Batch) -> None:
        raise RuntimeError("not mine")

    follower.subscribe(fail)
    end = follower.subscribe(batches.append)
    await execute("UPDATE learner SET language = 'fr'")
    await sequence()
    await follower.catch_up(SOON)
    end()
    assert len(batches) >= 4
    assert batches[-1].position == follower.position
    assert len(BitMap.union(*(batch.learners for batch in batches))) == 1000
    assert sum(len(batch.changes) for batch in batches) == 1000
    assert not any(batch.reloaded for batch in batches)
    assert len(follower.index.facts.language.get("fr")) == 1000


async def test_after_a_gap_everything_is_loaded_again(follower: Follower) -> None:
    batches: list[Batch] = []
    follower.subscribe(batches.append)
    held = follower.index
    await execute("DELETE FROM membership WHERE group_id = 2")
    await execute("ALTER TABLE log_head DISABLE TRIGGER ALL")
    async with transaction():
        await execute("SELECT sequence_outbox(1000000)")
        await execute("DELETE FROM change_log")
    await until(follower, "2 not in index.facts.groups")
    assert follower.index is held
    assert batches[-1].reloaded
    assert state(await load_index()) == state(follower.index)


async def test_a_position_behind_ours_is_another_database(follower: Follower) -> None:
    async with transaction():
        await execute("TRUNCATE outbox, change_log")
        await execute("UPDATE log_head SET seq = 3")
    await until(follower, "index.position == 3")


async def test_days_are_told_anew_in_another_time_zone(follower: Follower) -> None:
    assert [str(day) for day in follower.index.facts.added.ordered()] == ["2026-03-01"]
    await execute("UPDATE organisation SET timezone = 'Asia/Kolkata'")
    await sequence()
    await until(follower, "not index.stale and index.timezone == 'Asia/Kolkata'")
    assert [str(day) for day in follower.index.facts.added.ordered()] == ["2026-03-02"]


async def test_it_reconnects(follower: Follower) -> None:
    lost = await fetch_value(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query ILIKE '%log_head%' AND pid <> pg_backend_pid()"
    )
    assert lost >= 1
    await execute("DELETE FROM membership WHERE group_id = 1")
    await sequence()
    await until(follower, "1 not in index.facts.groups")
    assert follower.connected


async def test_numbers_that_a_crash_gave_to_others_are_noticed(follower: Follower) -> None:
    await execute("DELETE FROM membership WHERE learner_id = 1")
    await sequence()
    await follower.catch_up(SOON)
    held = len(follower.index.facts.groups[2])
    batches: list[Batch] = []
    follower.subscribe(batches.append)
    async with transaction():
        # The server came back without that change, and something else was numbered before it.
        await execute("DELETE FROM change_log WHERE seq = (SELECT seq FROM log_head)")
        await execute("UPDATE log_head SET seq = seq - 1")
        await execute("DELETE FROM membership WHERE learner_id = 3")
        await execute("SELECT sequence_outbox(1000000)")
    await execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query ILIKE '%log_head%' AND pid <> pg_backend_pid()"
    )
    await until(follower, f"len(index.facts.groups[2]) < {held}")
    assert batches[-1].reloaded
    assert state(await load_index()) == state(follower.index)


async def test_instants_outside_the_calendar_do_not_stop_it(follower: Follower) -> None:
    async with transaction():
        await execute("UPDATE learner SET added_at = 'infinity' WHERE id = 1")
        await execute("UPDATE learner SET added_at = '20000-01-01' WHERE id = 2")
        await execute("UPDATE learner SET added_at = '-infinity' WHERE id = 3")
        await execute("UPDATE learner SET added_at = '0044-03-15 BC' WHERE id = 4")
        await execute("INSERT INTO activity (id, kind, title) VALUES (1, 'course', 'A')")
        await execute("INSERT INTO certificate VALUES (1, 1, 'C', NULL)")
        await execute(
            "INSERT INTO award (learner_id, certificate_id, issued_at, expires_at) VALUES (1, 1, now(), 'infinity')"
        )
    await sequence()
    await follower.catch_up(SOON)
    loaded: FacetIndex = await load_index()
    assert loaded.facts.awards[1].bitmaps == follower.index.facts.awards[1].bitmaps
    assert len(loaded.facts.added.present) == 1000
