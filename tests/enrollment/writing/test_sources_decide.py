"""Sources decide who is enrolled: imports write history as history, and what was written past the sources is found and put right."""

from typing import Any

import msgspec
import pytest

from backend.database import fetch, fetch_row, fetch_value, transaction
from backend.schemas.imports import EnrollmentRow
from backend.services.access.actor import SYSTEM
from backend.services.enrollment.reconciler import full_check
from backend.services.imports.applying import write_rows
from tests.groups.test_unlinking import SOURCELESS
from tests.harness.system import System

HISTORY = ("2024-01-10T00:00:00Z", "2024-06-30T00:00:00Z")


async def imported(system: System, person: int, session: int, **more: Any) -> Any:
    email = await fetch_value("SELECT email FROM learner WHERE id = $1", person)
    row = msgspec.convert({"learner": email, "session": f"#{session}", **more}, EnrollmentRow)
    async with transaction():
        return await write_rows(SYSTEM, "enrollments", [row])


async def test_history_ends_nothing_that_a_source_holds(system: System) -> None:
    group = await system.group()
    held, own, stranger = await system.people(3, group)
    session = await system.session()
    await system.enroll_group(session, group)
    await system.leave(group, own, stranger)
    await system.settled()
    since, until = HISTORY
    await imported(system, own, session)
    assert await system.enrolled(session) == {held, own}

    for person in (held, own, stranger):
        answer = await imported(system, person, session, since=since, until=until)
        assert answer.errors == []
    await system.settled()
    # The import's own source has ended, the group's has not.
    assert await system.enrolled(session) == {held}
    for person in (held, own, stranger):
        past = await fetch_row(
            "SELECT since::text, until::text FROM source WHERE learner_id = $1 AND since < '2025-01-01'",
            person,
        )
        if person == own:
            assert past is None
        else:
            assert past is not None
            assert [at[:10] for at in past] == ["2024-01-10", "2024-06-30"]
    assert await fetch_value(SOURCELESS) == 0
    again = await imported(system, held, session, since=since, until=until)
    assert (again.created, again.updated) == (0, 0)


@pytest.mark.parametrize("which", ["since", "until"])
async def test_the_future_is_refused_by_name(system: System, which: str) -> None:
    (person,) = await system.people(1)
    session = await system.session()
    times = {"since": HISTORY[0], which: "2199-01-01T00:00:00Z"}
    answer = await imported(system, person, session, **times)
    assert [(one.path, one.code) for one in answer.errors] == [(which, "future")]
    assert await system.enrolled(session) == set()


async def test_who_completed_before_leaving_has_a_source(system: System) -> None:
    (person,) = await system.people(1)
    activity = await system.activity()
    session = await system.session(activity)
    await system.write(
        "INSERT INTO result (learner_id, activity_id, session_id, status, completed_at)"
        " VALUES ($1, $2, $3, 'completed', '2024-03-01')",
        person, activity, session,
    )  # fmt: skip
    await imported(system, person, session, since=HISTORY[0], until=HISTORY[1])
    assert (await system.enrollment(session, person))["state"] == "completed"
    assert await fetch_value(SOURCELESS) == 0


async def broken_house(system: System) -> tuple[int, int, list[int]]:
    """Enrollments that somebody wrote past their sources."""
    group = await system.group()
    people = [*(await system.people(3, group)), *(await system.people(1))]
    session = await system.session()
    await system.apply(session, kind="audience", rule={"include": people[3:]}, dynamic=False)
    method = (await system.enroll_group(session, group, due_days=10))["method_id"]
    await system.settled()
    ended, gone, moved, alone = people
    await system.write(
        "UPDATE enrollment SET state = 'expired', until = muster_now() WHERE session_id = $1 AND learner_id = $2",
        session, ended,
    )  # fmt: skip
    await system.write("DELETE FROM enrollment WHERE session_id = $1 AND learner_id = $2", session, gone)
    await system.write(
        "UPDATE enrollment SET due_at = due_at - interval '5 hours' WHERE session_id = $1 AND learner_id = $2",
        session, moved,
    )  # fmt: skip
    await system.write(
        "UPDATE source SET until = muster_now() WHERE session_id = $1 AND learner_id = $2", session, alone
    )
    await system.settled()
    return session, method, people


async def test_the_full_check_compares_enrollments_with_sources(system: System) -> None:
    session, _, people = await broken_house(system)
    found = [one for one in await full_check.run(repair=False) if one.session_id == session]
    assert [(one.missing, one.surplus, one.unsettled) for one in found] == [(2, 1, 1)]
    await full_check.run(repair=True)
    await system.settled()
    assert await system.enrolled(session) == set(people)
    assert await fetch_value(SOURCELESS) == 0
    dues = {
        row[0]
        for row in await fetch(
            "SELECT due_at FROM enrollment WHERE session_id = $1 AND learner_id = ANY($2)",
            session,
            people[:3],
        )
    }
    assert len(dues) == 1
    assert await full_check.run(repair=False) == []


async def test_confirming_heals(system: System) -> None:
    session, method, people = await broken_house(system)
    rule = (await system.method(method))["rule"]
    await system.apply(session, method_id=method, rule=rule, dynamic=True)
    await system.settled()
    assert await system.enrolled(session) == set(people)
    assert await fetch_value(SOURCELESS) == 0
