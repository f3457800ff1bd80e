"""Many people at once are enrolled by a statement of their own: it does what the general one does."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime

import asyncpg
import pytest

from backend.database import execute, fetch, fetch_row, fetch_value, transaction
from backend.index.structure_rows import Method
from backend.services import enrollment_sql as sql
from backend.services import enrollment_writer, reconciling, telling, undo_sql, undoing
from backend.services.deciding import Decision
from backend.services.enrollment_sql import SHARED_LEAST
from backend.services.enrollment_writer import lock_sessions, write
from backend.services.reconciling import carry_out
from tests.enrolling.twin import LONG_AGO, Twin, insert, learners

PEOPLE = 48


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("alike", [False, True])
async def test_filling_does_what_entering_does(
    database: str, monkeypatch: pytest.MonkeyPatch, *, several: bool, later: bool, alike: bool
) -> None:
    people = await learners(PEOPLE + SHARED_LEAST)
    twins = [await Twin().make(people[:PEOPLE], several=several) for _ in range(2)]
    await execute("UPDATE learner SET status = 'suspended' WHERE id = ANY($1)", people[40:PEOPLE])
    began = datetime.now(UTC)
    entered, blocked, left = [], [], []
    for twin, many in zip(twins, (1, 1_000), strict=True):
        monkeypatch.setattr(enrollment_writer, "MANY", many)
        named = "group" if alike else None
        reasons = {
            person: {"facet": "field", "n": named or str(person)} for person in people[:: 1 if alike else 3]
        }
        async with transaction():
            await lock_sessions([twin.session])
            (written,) = await write([twin.change(entering=people, reasons=reasons, told_later=later)])
            assert written.run_id is not None
            if later:
                await telling.ask(written.run_id, twin.session)
        await telling.tell_all()
        entered.append(written.entered)
        blocked.append(written.blocked)
        left.append(await twin.rows(began))
    assert entered[0] == entered[1] > PEOPLE // 2 + SHARED_LEAST
    assert await fetch_value("SELECT count(*) FROM run_change_shared") == (1 if alike else 0)
    assert blocked[0] == blocked[1]
    assert left[0] == left[1]
    assert left[0]["notice"]


NOBODY_AT_ONCE = """
SELECT '{}'::integer[] FROM (SELECT $1::bigint, $2::integer[], $3::integer, $4::timestamptz, $5::bigint, $6::integer) given
"""


async def test_taking_back_at_once_does_what_taking_back_one_by_one_does(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So many that those who go back alike are written at once.
    people = await learners(PEOPLE + 2 * SHARED_LEAST)
    twins = [await Twin().make(people[:PEOPLE], several=False) for _ in range(2)]
    began = datetime.now(UTC)
    left = []
    details = []
    for twin, statement in zip(twins, (undo_sql.TAKE_BACK, NOBODY_AT_ONCE), strict=True):
        monkeypatch.setattr(undo_sql, "TAKE_BACK", statement)
        async with transaction():
            await lock_sessions([twin.session])
            (filled,) = await write([twin.change(entering=people)])
            await write([twin.change(twin.other, entering=people[::7])])
            await write([twin.change(leaving=people[3::9])])
            await execute(
                "UPDATE enrollment SET state = 'completed', completed_at = since"
                " WHERE session_id = $1 AND state = 'active' AND learner_id = ANY($2)",
                twin.session,
                people[5::9],
            )
            await execute(
                "UPDATE enrollment SET due_by_hand = true WHERE session_id = $1 AND learner_id = ANY($2)",
                twin.session,
                people[6::9],
            )
            run = await fetch_row("SELECT * FROM run WHERE id = $1", filled.run_id)
            assert run is not None
            undo_id = await undoing.undo_run(run, None)
        left.append(await twin.rows(began))
        details.append(
            await fetch_value(
                "SELECT to_jsonb(r) - '{id,undo_of,session_id,method_id,created_at,finished_at}'::text[]"
                " FROM run r WHERE id = $1",
                undo_id,
            )
        )
    assert left[0] == left[1]
    assert details[0] == details[1]
    assert details[0]["left_count"] > PEOPLE // 4
    assert details[0]["detail"]["left_alone_total"] > 0


async def test_only_those_are_told_whose_enrollment_still_is_that_of_the_run(database: str) -> None:
    people = await learners(4)
    twin = await Twin().make([], several=False)
    run_id = await twin.fill(people)
    async with transaction():
        await write([twin.change(leaving=people[:2])])
    async with transaction():
        # The first comes back, and is told by what brought them back; the third has another reason to be there besides.
        await write([twin.change(twin.other, entering=[people[0], people[2]])])
    await telling.tell_all()
    await telling.tell_all()
    told = await fetch("SELECT learner_id, run_id FROM notice WHERE kind = 'enrolled' ORDER BY learner_id")
    assert [row["learner_id"] for row in told] == [people[0], people[2], people[3]]
    assert [row["run_id"] == run_id for row in told] == [False, True, True]
    assert await fetch_value("SELECT count(*) FROM telling") == 0


async def test_nobody_is_told_of_what_is_being_taken_back_meanwhile(database: str) -> None:
    people = await learners(2)
    twin = await Twin().make([], several=False)
    await twin.fill(people)
    other = await asyncpg.connect(database)
    try:
        async with other.transaction():
            await other.execute(sql.LOCK.replace("$1", f"ARRAY[{twin.session}]"))
            await other.execute(
                "UPDATE enrollment SET state = 'expired', until = now() WHERE learner_id = $1", people[0]
            )
            told = asyncio.create_task(telling.tell_all())
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            while not await other.fetchval(waiting) and not told.done():
                continue
        await told
    finally:
        await other.close()
    assert [row[0] for row in await fetch("SELECT learner_id FROM notice")] == [people[1]]


async def test_whom_an_undo_leaves_alone_is_told_after_it(database: str) -> None:
    people = await learners(3)
    twin = await Twin().make([], several=False)
    run_id = await twin.fill(people)
    undo = await insert(
        "run",
        session_id=twin.session,
        cause="undo",
        state="applying",
        undo_of=run_id,
        created_at=LONG_AGO,
    )
    # Also who was at it when the undo began.
    assert not await telling.tell_next_chunk(run_id, wait=True)
    await telling.tell_all()
    assert await fetch_value("SELECT count(*) FROM notice") == 0
    async with transaction():
        await write([twin.change(leaving=people[:2])])
        await execute("UPDATE run SET state = 'applied' WHERE id = $1", undo)
    await telling.tell_all()
    assert [row[0] for row in await fetch("SELECT learner_id FROM notice")] == [people[2]]


async def test_a_large_decision_about_what_has_been_done_already_leaves_no_run(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log tells of a confirmed method before it tells of the people who were enrolled with it."""
    people = await learners(PEOPLE)
    twin = await Twin().make([], several=True)
    monkeypatch.setattr(reconciling, "CHUNK", 10)
    method = Method(twin.method, twin.session, "audience", dynamic=True, state="live", version=1)
    await twin.fill(people[:30])

    def runs() -> Awaitable[int]:
        return fetch_value("SELECT count(*) FROM run")

    before = await runs()
    assert await carry_out([Decision(method=method, entering=people[:30])], 1) == []
    assert await carry_out([Decision(method=method, leaving=people[30:])], 1) == []
    assert await runs() == before
    # What is left to do is done at once where it is little.
    await carry_out([Decision(method=method, entering=people[:31])], 1)
    assert await fetch_value("SELECT count(*) FROM source WHERE until IS NULL") == 31
    (large,) = await carry_out([Decision(method=method, entering=people)], 1)
    assert await fetch_value("SELECT total FROM run WHERE id = $1", large) == PEOPLE - 31
