"""The change log tells one fact after the other: what a row says was there before is what the row before it left."""

import backend.database as db
from backend.demo.small import load_demo

# Far beyond what it takes, and far below what comparing every row with every id would.
PATIENCE = "30s"
FLOOD = 60_000


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
    flood = (
        "INSERT INTO outbox (at, facet, learner_id)"
        " SELECT muster_now(), 'status', i FROM generate_series(1, $1::integer) AS i"
    )
    async with db.transaction():
        await db.execute(flood, 1)
        await db.execute("ANALYZE outbox")
        for _ in range(8):
            await db.fetch("SELECT sequence_outbox(5000)")
            await db.execute(flood, 1)
        await db.fetch("SELECT sequence_outbox(5000)")
        await db.execute(flood, FLOOD)
        await db.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
        moved: list[int] = []
        while not moved or moved[-1]:
            moved.append(await db.fetch_value("SELECT (sequence_outbox(5000)).moved"))
    assert moved == [5_000] * (FLOOD // 5_000) + [0]
