"""The change log tells one fact after the other: what a row says was there before is what the row before it left."""

import asyncio
import contextlib

import backend.database as db
from backend.demo.small import load_demo
from backend.workers.sequencer import sequence_for_ever

# Far beyond what it takes, and far below what comparing every row with every id would.
PATIENCE = "30s"
FLOOD = 60_000
_FLOOD = (
    "INSERT INTO outbox (at, facet, learner_id)"
    " SELECT muster_now(), 'status', i FROM generate_series(1, $1::integer) AS i"
)


async def test_each_fact_goes_on_from_what_the_log_said_last(database: str) -> None:
    """Also where one statement completes courses and with them a path."""
    await load_demo()
    await db.fetch("SELECT sequence_outbox(1000000)")
    broken = await db.fetch(
        "SELECT facet, learner_id, ref_id, old, before FROM (SELECT facet, learner_id, ref_id, old,"
        " lag(new) OVER (PARTITION BY facet, learner_id, ref_id ORDER BY seq) AS before FROM change_log"
        " WHERE learner_id IS NOT NULL AND facet IN ('result', 'membership', 'field', 'enrollment', 'source')) AS told"
        " WHERE old IS DISTINCT FROM before LIMIT 5"
    )
    assert broken == []


async def test_a_flood_is_numbered_whatever_was_planned_before_it(database: str) -> None:
    """A sequencer plans while there is nothing to do, and keeps its plans."""
    async with db.transaction():
        await db.execute(_FLOOD, 1)
        await db.execute("ANALYZE outbox")
        for _ in range(8):
            await db.fetch("SELECT sequence_outbox(5000)")
            await db.execute(_FLOOD, 1)
        await db.fetch("SELECT sequence_outbox(5000)")
        await db.execute(_FLOOD, FLOOD)
        await db.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
        moved: list[int] = []
        while not moved or moved[-1]:
            moved.append(await db.fetch_value("SELECT (sequence_outbox(5000)).moved"))
    assert moved == [5_000] * (FLOOD // 5_000) + [0]


async def test_looking_at_an_empty_queue_writes_nothing(database: str) -> None:
    """A look with a lock would wait for the disk, several times a second while nothing happens."""
    async with db.transaction():
        assert await db.fetch_value("SELECT moved FROM sequence_outbox(5000)") == 0
        assert await db.fetch_value("SELECT pg_current_xact_id_if_assigned()") is None


async def test_what_a_flood_leaves_in_the_queue_is_swept_out(database: str) -> None:
    """Every look would go over the dead entries, until autovacuum comes."""
    await db.execute(_FLOOD, FLOOD)
    sequencing = asyncio.create_task(sequence_for_ever(asyncio.Event()))
    # At the beginning, and twice meanwhile at least.
    swept = (
        "SELECT vacuum_count >= 2 AND (SELECT seq FROM log_head) = $1"
        " FROM pg_stat_user_tables WHERE relname = 'outbox'"
    )
    try:
        async with asyncio.timeout(30):
            while not await db.fetch_value(swept, FLOOD):  # noqa: ASYNC110 - another process's doing
                await asyncio.sleep(0.05)
    finally:
        sequencing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sequencing
