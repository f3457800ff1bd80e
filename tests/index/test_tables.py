"""The index over real tables: loading equals following, triggers tell the truth, the past comes back."""

from datetime import UTC, date, datetime, timedelta
from random import Random

import hypothesis
import pytest
from hypothesis import Phase, given, settings

from backend.database import execute, fetch, fetch_value, transaction
from backend.index import Change, FacetIndex, load_index
from backend.index.facts.changes import COLUMNS, change_of
from backend.rules import Block, FieldFilter, PathResultFilter, Rule
from backend.runtime import clock
from tests import naive
from tests.index.test_agreement import state
from tests.naive.tables import make_tables, move_clock, read_world, share_every_change, write_something

NOW = clock.now()


async def log_rows() -> list[Change]:
    await fetch_value("SELECT (sequence_outbox(1000000)).head")
    return [change_of(row) for row in await fetch(f"SELECT {COLUMNS} FROM change_log ORDER BY seq")]


def some_rules(seed: int, count: int) -> list[Rule]:
    """Rules that differ, the same for the same seed."""
    found: list[Rule] = []

    @hypothesis.seed(seed)
    @settings(database=None, max_examples=count, phases=[Phase.generate], deadline=None)
    @given(naive.rules())
    def collect(rule: Rule) -> None:
        found.append(rule)

    collect()
    return found


@pytest.mark.parametrize(("seed", "shared"), [(0, False), (1, False), (2, True)])
async def test_loading_is_following_is_the_truth(database: str, seed: int, *, shared: bool) -> None:
    random = Random(seed)
    if shared:
        await share_every_change()
    await make_tables(random, random.choice(["UTC", "Asia/Kolkata", "America/New_York"]))
    followed: FacetIndex | None = None
    for _ in range(4):
        for _ in range(60):
            await write_something(random, timedelta(0))
        if followed is None:
            # Nothing is numbered yet: the index starts before it all.
            followed = await load_index()
            assert followed.position == 0
            assert not followed.countable
        followed.apply(await log_rows())
        for _ in range(10):
            # Committed, not numbered yet: taken back, because it will come.
            await write_something(random, timedelta(0))
        loaded = await load_index()
        assert loaded.position == followed.position
        if not followed.stale:
            assert state(loaded) == state(followed)
        followed.apply(await log_rows())
        world = await read_world()
        assert state(await load_index()) == state(world.index()) | {"rows": list(followed.structure.rows())}
        for rule in some_rules(seed, 30):
            if not followed.check(rule):
                day = date(2026, 3, 29)
                assert set(followed.evaluate(rule, day)) == naive.audience(world, rule, day)


@pytest.mark.parametrize(("seed", "shared"), [(0, False), (1, True)])
async def test_the_past_is_as_it_was(database: str, seed: int, *, shared: bool) -> None:
    random = Random(seed)
    if shared:
        await share_every_change()
    worlds: dict[date, naive.World] = {}
    start = datetime(2026, 2, 1, 12, tzinfo=UTC)
    await make_tables(random, "America/New_York", start - NOW)
    for ahead in range(0, 40, 8):
        for _ in range(50):
            await write_something(random, start + timedelta(days=ahead, minutes=random.randrange(600)) - NOW)
        day = (start + timedelta(days=ahead)).date()
        worlds[day] = await read_world()
        worlds[day + timedelta(days=3)] = worlds[day]
    await log_rows()
    index = await load_index()
    before = state(index)
    checked = 0
    for rule in some_rules(seed, 60):
        if index.check(rule):
            continue
        for day, world in worlds.items():
            assert set(await index.past(rule, day)) == naive.audience(world, rule, day), (rule, day)
            checked += 1
    assert checked > 100
    assert state(index) == before


_ENROLL_ALL = """
INSERT INTO enrollment (session_id, activity_id, learner_id, state, exclusive, since)
SELECT 1, 1, id, CASE id WHEN 1 THEN 'suspended' ELSE 'active' END, true, now() FROM learner
"""


@pytest.mark.parametrize("people", [99, 100])
async def test_what_a_hundred_share_is_one_row(database: str, people: int) -> None:
    await execute("INSERT INTO activity (id, kind, title) VALUES (1, 'course', 'C')")
    await execute("INSERT INTO session (id, activity_id, name) VALUES (1, 1, 'S')")
    await execute(
        "INSERT INTO enrollment_method (id, session_id, kind, created_at) VALUES (1, 1, 'manual', now())"
    )
    await execute(
        "INSERT INTO learner (id, email, added_at) SELECT i, i || '@b.c', now() FROM generate_series(1, $1::int + 1) i",
        people,
    )
    # One of them otherwise than the others.
    for sql in (
        _ENROLL_ALL,
        "INSERT INTO source (method_id, learner_id, session_id, since) SELECT 1, id, 1, now() FROM learner WHERE id > 1",
        "UPDATE enrollment SET state = 'completed' WHERE state = 'active'",
        "UPDATE source SET until = now()",
        "DELETE FROM enrollment",
    ):
        await execute(sql)
    await log_rows()
    found = await fetch(
        "SELECT facet, old->>0 AS old, new->>0 AS new, learner_id, cardinality(learners) AS many FROM change_log"
        " WHERE facet IN ('enrollment', 'source') ORDER BY seq"
    )
    told = {(row["facet"], row["old"], row["new"], row["learner_id"], row["many"]) for row in found}
    steps = [
        ("enrollment", None, "active"), ("source", None, None), ("enrollment", "active", "completed"),
        ("source", None, None), ("enrollment", "completed", None),
    ]  # fmt: skip
    who = [(None, people)] if people == 100 else [(learner, None) for learner in range(2, people + 2)]
    one = {("enrollment", None, "suspended", 1, None), ("enrollment", "suspended", None, 1, None)}
    assert told == one | {(*step, *by) for step in steps for by in who}
    assert len(found) == len(one) + len(steps) * len(who)


async def test_since_tells_of_what_many_share(database: str) -> None:
    await share_every_change()
    await execute("INSERT INTO learner (id, email, added_at) VALUES (1, 'a@b.c', now())")
    await execute("INSERT INTO activity (id, kind, title) VALUES (1, 'path', 'P')")
    await execute("INSERT INTO session (id, activity_id, name) VALUES (1, 1, 'S')")
    async with transaction():
        await move_clock(timedelta(days=-20))
        await execute(
            "INSERT INTO enrollment (session_id, activity_id, learner_id, state, exclusive, since)"
            " VALUES (1, 1, 1, 'active', true, muster_now())"
        )
        enrolled = await fetch_value("SELECT muster_now()")
    await log_rows()
    index = await load_index()
    rule = Rule([Block(everyone=True, filters=[PathResultFilter("enrolled", [1])])])
    told = await index.explain(rule, 1, clock.now().date())
    assert told.matches
    since = told.tree.blocks[0].filters[0].since
    assert abs(since - enrolled) < timedelta(seconds=5)


async def test_since_is_when_the_fact_last_changed(database: str) -> None:
    async def write(days_ago: int, sql: str) -> datetime:
        async with transaction():
            await move_clock(timedelta(days=-days_ago))
            await execute(sql)
            now: datetime = await fetch_value("SELECT muster_now()")
            return now

    async with transaction():
        await execute("INSERT INTO learner_group (id, name) VALUES (1, 'Sales'), (2, 'Other')")
        await execute("INSERT INTO field VALUES (1, 'city', 'City', 'text')")
    await write(50, "INSERT INTO learner (id, email, added_at) VALUES (1, 'a@b.c', muster_now())")
    joined = await write(40, "INSERT INTO membership VALUES (1, 1, 'member', muster_now())")
    await write(35, "INSERT INTO membership VALUES (1, 2, 'member', muster_now())")
    await write(30, "INSERT INTO field_value (learner_id, field_id, text_value) VALUES (1, 1, 'Paris')")
    moved = await write(20, "UPDATE field_value SET text_value = 'Lyon'")
    await log_rows()
    index = await load_index()
    rule = Rule([Block([1], filters=[FieldFilter(1, "in", ["Lyon"])])])
    told = await index.explain(rule, 1, clock.now().date())
    assert told.matches
    block = told.tree.blocks[0]
    assert block.groups.actual == "Sales"
    assert abs(block.groups.since - joined) < timedelta(seconds=5)  # type: ignore[operator]
    assert block.filters[0].actual == "Lyon"
    assert abs(block.filters[0].since - moved) < timedelta(seconds=5)  # type: ignore[operator]
    earlier = (clock.now() - timedelta(days=25)).date()
    assert not (await (await index.as_of([rule], earlier)).explain(rule, 1, earlier)).matches
