"""Many people at once are enrolled by a statement of their own: it does what the general one does."""

import asyncio
from collections.abc import Awaitable

import asyncpg
import pytest
from pyroaring import BitMap

from backend.database import execute, fetch, fetch_row, fetch_value, transaction
from backend.index import FacetIndex
from backend.index.facts.structure_rows import Method
from backend.runtime import clock
from backend.services.enrollment.fuses.decision import Decision
from backend.services.enrollment.reconciler import reconciliation
from backend.services.enrollment.reconciler.reconciliation import write_decisions
from backend.services.enrollment.runs import run_notifications
from backend.services.enrollment.undo import run_undo, undo_statements
from backend.services.enrollment.writing import enrollment_statements as sql
from backend.services.enrollment.writing import enrollment_writer
from backend.services.enrollment.writing.enrollment_statements import SHARED_LEAST
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, write
from tests.enrollment.writing.related_people import LONG_AGO, ComparedSession, insert, learners

PEOPLE = 48


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("alike", [False, True])
async def test_filling_does_what_entering_does(
    database: str, monkeypatch: pytest.MonkeyPatch, *, several: bool, later: bool, alike: bool
) -> None:
    people = await learners(PEOPLE + SHARED_LEAST)
    compared_sessions = [await ComparedSession().make(people[:PEOPLE], several=several) for _ in range(2)]
    await execute("UPDATE learner SET status = 'suspended' WHERE id = ANY($1)", people[40:PEOPLE])
    began = clock.now()
    entered, blocked, left = [], [], []
    for compared, many in zip(compared_sessions, (1, 1_000), strict=True):
        monkeypatch.setattr(enrollment_writer, "MANY", many)
        named = "group" if alike else None
        reasons = {
            person: {"facet": "field", "n": named or str(person)} for person in people[:: 1 if alike else 3]
        }
        async with transaction():
            await lock_sessions([compared.session])
            (written,) = await write([compared.change(entering=people, reasons=reasons, defer_notices=later)])
            assert written.run_id is not None
            if later:
                await run_notifications.request_notifications(written.run_id, compared.session)
        await run_notifications.file_all()
        entered.append(written.entered)
        blocked.append(written.blocked)
        left.append(await compared.rows(began))
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
    compared_sessions = [await ComparedSession().make(people[:PEOPLE], several=False) for _ in range(2)]
    began = clock.now()
    left = []
    details = []
    for compared, statement in zip(
        compared_sessions, (undo_statements.TAKE_BACK, NOBODY_AT_ONCE), strict=True
    ):
        monkeypatch.setattr(undo_statements, "TAKE_BACK", statement)
        async with transaction():
            await lock_sessions([compared.session])
            (filled,) = await write([compared.change(entering=people)])
            await write([compared.change(compared.other, entering=people[::7])])
            await write([compared.change(leaving=people[3::9])])
            await execute(
                "UPDATE enrollment SET state = 'completed', completed_at = since"
                " WHERE session_id = $1 AND state = 'active' AND learner_id = ANY($2)",
                compared.session,
                people[5::9],
            )
            await execute(
                "UPDATE enrollment SET due_by_hand = true WHERE session_id = $1 AND learner_id = ANY($2)",
                compared.session,
                people[6::9],
            )
            run = await fetch_row("SELECT * FROM run WHERE id = $1", filled.run_id)
            assert run is not None
            undo_id = await run_undo.undo_run(run, None)
        left.append(await compared.rows(began))
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
    compared = await ComparedSession().make([], several=False)
    run_id = await compared.fill(people)
    async with transaction():
        await write([compared.change(leaving=people[:2])])
    async with transaction():
        # The first comes back, and is told by what brought them back; the third has another reason to be there besides.
        await write([compared.change(compared.other, entering=[people[0], people[2]])])
    await run_notifications.file_all()
    await run_notifications.file_all()
    told = await fetch("SELECT learner_id, run_id FROM notice WHERE kind = 'enrolled' ORDER BY learner_id")
    assert [row["learner_id"] for row in told] == [people[0], people[2], people[3]]
    assert [row["run_id"] == run_id for row in told] == [False, True, True]
    assert await fetch_value("SELECT count(*) FROM telling") == 0


async def test_nobody_is_told_of_what_is_being_taken_back_meanwhile(database: str) -> None:
    people = await learners(2)
    compared = await ComparedSession().make([], several=False)
    await compared.fill(people)
    other = await asyncpg.connect(database)
    try:
        async with other.transaction():
            await other.execute(sql.LOCK.replace("$1", f"ARRAY[{compared.session}]"))
            await other.execute(
                "UPDATE enrollment SET state = 'expired', until = now() WHERE learner_id = $1", people[0]
            )
            told = asyncio.create_task(run_notifications.file_all())
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            while not await other.fetchval(waiting) and not told.done():
                continue
        await told
    finally:
        await other.close()
    assert [row[0] for row in await fetch("SELECT learner_id FROM notice")] == [people[1]]


async def test_whom_an_undo_leaves_alone_is_told_after_it(database: str) -> None:
    people = await learners(3)
    compared = await ComparedSession().make([], several=False)
    run_id = await compared.fill(people)
    undo = await insert(
        "run",
        session_id=compared.session,
        cause="undo",
        state="applying",
        undo_of=run_id,
        created_at=LONG_AGO,
    )
    # Also who was at it when the undo began.
    assert not await run_notifications.file_next_chunk(run_id, wait=True)
    await run_notifications.file_all()
    assert await fetch_value("SELECT count(*) FROM notice") == 0
    async with transaction():
        await write([compared.change(leaving=people[:2])])
        await execute("UPDATE run SET state = 'applied' WHERE id = $1", undo)
    await run_notifications.file_all()
    assert [row[0] for row in await fetch("SELECT learner_id FROM notice")] == [people[2]]


async def test_a_large_decision_about_what_has_been_done_already_leaves_no_run(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log tells of a confirmed method before it tells of the people who were enrolled with it."""
    people = await learners(PEOPLE)
    compared = await ComparedSession().make([], several=True)
    monkeypatch.setattr(reconciliation, "CHUNK", 10)
    method = Method(compared.method, compared.session, "audience", dynamic=True, state="live", version=1)
    await compared.fill(people[:30])

    def runs() -> Awaitable[int]:
        return fetch_value("SELECT count(*) FROM run")

    before = await runs()
    assert (
        await write_decisions([Decision(method=method, entering=BitMap(people[:30]))], FacetIndex(), 1) == []
    )
    assert (
        await write_decisions([Decision(method=method, leaving=BitMap(people[30:]))], FacetIndex(), 1) == []
    )
    assert await runs() == before
    # What is left to do is done at once where it is little.
    await write_decisions([Decision(method=method, entering=BitMap(people[:31]))], FacetIndex(), 1)
    assert await fetch_value("SELECT count(*) FROM source WHERE until IS NULL") == 31
    (large,) = await write_decisions([Decision(method=method, entering=BitMap(people))], FacetIndex(), 1)
    assert await fetch_value("SELECT total FROM run WHERE id = $1", large) == PEOPLE - 31
