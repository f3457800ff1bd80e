"""The synthetic organisation: whole, repeatable, and seen by whoever follows the log."""

import pytest

from backend.database import execute, fetch, fetch_value
from backend.demo.own_index import own_index
from backend.demo.synthetic import synthesize
from backend.index import load_index
from backend.index.following.checkpoints import read_checkpoint
from backend.rules import Block, Rule
from backend.runtime import clock
from backend.services.errors import Conflict
from tests.index.test_agreement import state

LEARNERS = 3_000


async def fingerprint() -> dict[str, object]:
    found: dict[str, object] = {}
    for table, order in (
        ("membership", "group_id, learner_id"),
        ("field_value", "field_id, learner_id"),
        ("result", "activity_id, learner_id"),
        ("award", "certificate_id, learner_id"),
        ("learner", "id"),
    ):
        found[table] = await fetch_value(
            f"SELECT md5(string_agg(t::text, ',' ORDER BY {order})) FROM {table} t"
        )
    return found


async def test_whole_and_repeatable(database: str) -> None:
    made = await synthesize(LEARNERS, 7)
    assert made.learners == LEARNERS
    assert abs(made.memberships / LEARNERS - 40) < 4
    assert await fetch_value("SELECT count(*) FROM membership") == made.memberships
    assert await fetch_value("SELECT count(*) FROM field_value") == made.field_values
    assert (
        await fetch_value("SELECT count(*) FROM result")
        == made.results
        == await fetch_value("SELECT count(*) FROM standing")
    )
    assert await fetch_value("SELECT count(*) FROM award") == made.awards > 0
    sizes = [
        r["n"] for r in await fetch("SELECT count(*) AS n FROM membership GROUP BY group_id ORDER BY 1 DESC")
    ]
    assert sizes[0] > 4 * sizes[len(sizes) // 2] > 4 * sizes[-1] > 0, "sizes are skewed"
    first = await fingerprint()
    for table in ("learner", "learner_group", "field", "activity"):
        await execute(f"TRUNCATE {table} RESTART IDENTITY CASCADE")
    await synthesize(LEARNERS, 7)
    assert await fingerprint() == first
    with pytest.raises(Conflict):
        await synthesize(10, 1)


async def test_constraints_triggers_and_indexes_are_as_before(database: str) -> None:
    async def shape() -> list[tuple[object, ...]]:
        rows = await fetch(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint "
            "WHERE contype <> 'n' UNION ALL SELECT tablename, indexname, indexdef, true FROM pg_indexes "
            "WHERE schemaname = 'public' UNION ALL SELECT tgrelid::regclass::text, tgname, tgenabled::text, true "
            "FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2, 3"
        )
        return [tuple(row) for row in rows]

    before = await shape()
    await synthesize(500, 1)
    assert await shape() == before
    learner = await fetch_value("SELECT max(id) FROM learner")
    added = await fetch_value(
        "INSERT INTO learner (email, added_at) VALUES ('late@x.org', muster_now()) RETURNING id"
    )
    assert added > learner
    assert await fetch_value("SELECT count(*) FROM outbox") > 0, "the triggers write again"


async def test_followers_find_it(database: str) -> None:
    """A follower that had loaded the empty database reads everything anew."""
    async with own_index() as follower:
        await synthesize(1_000, 3)
        await follower.catch_up(30)
        index = follower.index
        rule = Rule([Block(everyone=True)])
        countable = await fetch_value("SELECT count(*) FROM learner WHERE status IN ('invited', 'active')")
        assert len(index.evaluate(rule, clock.today("UTC"))) == countable
        fresh = await load_index()
        assert fresh.position == index.position


async def test_whoever_starts_next_reads_a_checkpoint(database: str) -> None:
    """From the tables a million people take most of a minute, for each process."""
    await synthesize(1_000, 3)
    read = await read_checkpoint()
    assert read is not None
    fresh = await load_index()
    assert read.position == fresh.position == await fetch_value("SELECT seq FROM log_head")
    assert state(read) == state(fresh)
