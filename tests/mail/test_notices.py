"""When people are told, and what makes them not be told."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from backend.database import execute, fetch, fetch_value, transaction
from backend.runtime import clock
from backend.services.mail import alerts, notice_rows, notices
from tests.mail.conftest import World


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [
        ("2026-11-23T14:00:00", "UTC", "2026-11-23T15:00:00"),
        ("2026-11-23T14:59:59.999999", "UTC", "2026-11-23T15:00:00"),
        ("2026-11-23T14:10:00", "Asia/Kolkata", "2026-11-23T14:30:00"),
        ("2026-11-23T14:40:00", "Asia/Kathmandu", "2026-11-23T15:15:00"),
        # Summer time ends at 01:00 UTC: the hour from 02:00 happens twice.
        ("2026-10-25T00:30:00", "Europe/Paris", "2026-10-25T01:00:00"),
        ("2026-10-25T01:30:00", "Europe/Paris", "2026-10-25T02:00:00"),
    ],
)
def test_minute_00_of_the_next_hour(now: str, zone: str, expected: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert notice_rows.next_full_hour(at, zone) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


async def test_told_at_the_start_and_together(world: World) -> None:
    await world.make(3, timedelta(days=2))
    starts_at = await fetch_value("SELECT starts_at FROM session WHERE id = $1", world.session)
    async with transaction():
        other = await world.path("First aid", None)
        await execute("UPDATE session SET starts_at = $2 WHERE id = $1", other[1], starts_at)
        assert await notices.file_enrolled(world.learners, world.session, world.method, None) == 3
        assert await notices.file_enrolled(world.learners[:1], other[1], other[2], None) == 1
        # A second method covers the same person: nothing more to tell.
        assert await notices.file_enrolled(world.learners, world.session, world.method, None) == 0
    assert {r["due_at"] for r in await fetch("SELECT due_at FROM message")} == {starts_at}
    assert await world.states() == {"pending": 3}
    assert await fetch_value("SELECT count(*) FROM notice") == 4


async def test_started_sessions_wait_for_the_hour_and_ended_ones_for_nobody(world: World) -> None:
    await world.make(2, timedelta(days=-2))
    async with transaction():
        assert await notices.file_enrolled(world.learners, world.session, world.method, None) == 2
    due_at = await fetch_value("SELECT min(due_at) FROM message")
    assert (due_at.minute, due_at.second, due_at.microsecond) == (0, 0, 0)
    assert timedelta(0) < due_at - clock.now() <= timedelta(hours=1)
    await execute("UPDATE session SET ends_at = muster_now() - interval '1 minute'")
    await execute("DELETE FROM message")
    assert await notices.file_enrolled(world.learners, world.session, world.method, None) == 0


async def test_who_leaves_first_is_not_told_and_who_returns_is(world: World) -> None:
    await world.make(2, timedelta(days=2))
    other = await world.path("First aid", timedelta(days=2))
    await execute(
        "UPDATE session SET starts_at = (SELECT starts_at FROM session WHERE id = $1)", world.session
    )
    await notices.file_enrolled(world.learners, world.session, world.method, None)
    await notices.file_enrolled(world.learners[:1], other[1], other[2], None)
    assert await notices.cancel_enrolled(world.learners, world.session) == 2
    # The first has something else to hear of at that moment, the second nothing.
    assert await world.states() == {"pending": 1, "cancelled": 1}
    assert await notices.cancel_enrolled(world.learners, world.session) == 0
    assert await notices.file_enrolled(world.learners, world.session, world.method, None) == 2
    assert await world.states() == {"pending": 2, "cancelled": 1}


async def test_an_undone_run_takes_its_mail_with_it(world: World) -> None:
    await world.make(2, timedelta(days=2))
    run = await fetch_value(
        "INSERT INTO run (cause, state, created_at) VALUES ('confirm', 'applied', muster_now()) RETURNING id"
    )
    await notices.file_enrolled(world.learners, world.session, world.method, run)
    assert await notices.cancel_for_run(run, world.learners[:1]) == 1
    assert await notices.cancel_for_run(run) == 1
    assert await world.states() == {"cancelled": 2}


async def test_a_rolled_back_act_files_nothing(world: World) -> None:
    await world.make(1)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the transaction is what must not swallow it
        async with transaction():
            await notices.file_enrolled(world.learners, world.session, world.method, None)
            raise ZeroDivisionError
    assert await world.states() == {}


async def test_mail_moves_with_the_session(world: World) -> None:
    await world.make(2, timedelta(days=2))
    await notices.file_enrolled(world.learners, world.session, world.method, None)
    later = await fetch_value(
        "UPDATE session SET starts_at = starts_at + interval '5 days' RETURNING starts_at"
    )
    assert await notices.session_moved(world.session) == 2
    assert await notices.session_moved(world.session) == 0
    waiting = await fetch("SELECT due_at FROM message WHERE state = 'pending'")
    assert [row["due_at"] for row in waiting] == [later, later]
    await execute("UPDATE session SET starts_at = muster_now() - interval '1 minute'")
    assert await notices.session_moved(world.session) == 2
    assert await fetch_value(
        "SELECT max(due_at) FROM message WHERE state = 'pending'"
    ) < clock.now() + timedelta(hours=1)


async def test_one_invitation_at_a_time(world: World) -> None:
    await world.make(2)
    assert await notices.file_invitations(world.learners) == 2
    assert await notices.file_invitations(world.learners) == 0
    assert await fetch_value("SELECT max(due_at) <= muster_now() FROM message")


async def test_a_changed_due_date_and_alerts_are_filed_once(world: World) -> None:
    await world.make(2)
    assert await notices.file_due_changed(world.learners, world.session) == 2
    assert await notices.file_due_changed(world.learners, world.session) == 0
    assert await notices.file_enrolled(world.learners, world.session, world.method, None) == 2
    assert await world.states() == {"pending": 2}
    kinds: tuple[Literal["held", "frozen"], ...] = ("held", "frozen")
    for kind in kinds:
        assert (
            await alerts.file_alert(
                world.learners[:1], kind, session_id=world.session, method_id=world.method
            )
            == 1
        )
        assert (
            await alerts.file_alert(
                world.learners[:1], kind, session_id=world.session, method_id=world.method
            )
            == 0
        )


@pytest.mark.parametrize(("known", "each", "gone"), [(0, 0, 0), (10, 1, 0), (3, 400, 0), (3, 1, 250_000)])
async def test_notices_are_found_by_the_person(world: World, known: int, each: int, gone: int) -> None:
    """Also where the planner knows of none or of few, or of few who have hundreds each, and keeps a plan that it made for a few.

    And where the index by message is a level deeper than that of what is not cancelled, for it held many who are gone.
    """
    few, many = 10, 2_000
    await world.make(21 * few + 2 * many, timedelta(days=2))
    read = (
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
        " WHERE relname IN ('notice', 'message')"
    )
    people = list(world.learners)
    if gone:
        # Of messages that never were, for speed: the index is what counts.
        await execute("ALTER TABLE notice DISABLE TRIGGER check_insert")
        await execute(
            "INSERT INTO notice (message_id, learner_id, kind, cancelled_at)"
            " SELECT -i, $1, 'nudged', muster_now() FROM generate_series(1, $2) i",
            people[0],
            gone,
        )
        await execute("ALTER TABLE notice ENABLE TRIGGER check_insert")
        await execute("DELETE FROM notice")
    await notices.file_enrolled(people[:known], world.session, world.method, None)
    await execute(
        """
        INSERT INTO notice (message_id, learner_id, kind)
        SELECT id, learner_id, 'nudged' FROM message CROSS JOIN generate_series(2, $1)
        """,
        each,
    )
    await execute("ANALYZE notice, message")
    async with transaction():
        before = await fetch_value(read)
        for size in [few] * 20 + [many] * 2:
            told = [people.pop() for _ in range(size)]
            assert await notices.file_enrolled(told, world.session, world.method, None) == size
        filed = await fetch_value(read)
        assert filed - before < 20 * len(world.learners)
        assert await notices.cancel_enrolled(world.learners[-many:], world.session) == many
        assert await fetch_value(read) - filed < 20 * many
