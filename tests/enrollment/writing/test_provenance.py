"""Sources, leaving, blocked people, dormant people, due dates."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from backend.database import fetch, fetch_value
from backend.runtime import clock
from backend.services.enrollment.writing.enrollment_statements import DUE
from tests.harness.system import System


async def sources(session: int, learner: int) -> set[int]:
    rows = await fetch(
        "SELECT method_id FROM source WHERE session_id = $1 AND learner_id = $2 AND until IS NULL",
        session,
        learner,
    )
    return {row["method_id"] for row in rows}


async def blocked(session: int) -> set[int]:
    return {
        row["learner_id"]
        for row in await fetch("SELECT learner_id FROM blocked WHERE session_id = $1", session)
    }


async def test_two_methods_do_not_fight(system: System) -> None:
    red, blue = await system.group("Red"), await system.group("Blue")
    (person,) = await system.people(1, red)
    await system.join(blue, person)
    session = await system.session()
    first = await system.enroll_group(session, red)
    second = await system.enroll_group(session, blue)
    assert await sources(session, person) == {first["method_id"], second["method_id"]}
    await system.leave(red, person)
    await system.settled()
    assert await sources(session, person) == {second["method_id"]}
    assert (await system.enrollment(session, person))["state"] == "active"
    await system.leave(blue, person)
    await system.settled()
    assert await sources(session, person) == set()
    row = await system.enrollment(session, person)
    assert row["state"] == "expired"
    assert row["until"] is not None


@pytest.mark.parametrize(
    ("on_leave", "state"), [("keep", "active"), ("expire", "expired"), ("erase", "expired")]
)
async def test_the_policy_of_the_last_source_decides(system: System, on_leave: str, state: str) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    activity = await system.activity()
    session = await system.session(activity)
    done = await system.enroll_group(session, group)
    # As an earlier release stored it: erasing is refused of a dynamic method.
    await system.write(
        "UPDATE enrollment_method SET on_leave = $2 WHERE id = $1", done["method_id"], on_leave
    )
    await system.write(
        "INSERT INTO result (learner_id, activity_id, session_id, status) VALUES ($1, $2, $3, 'started')",
        person, activity, session,
    )  # fmt: skip
    await system.leave(group, person)
    await system.settled()
    assert (await system.enrollment(session, person))["state"] == state
    # A rule never erases anybody's progress.
    assert await fetch_value("SELECT count(*) FROM result WHERE learner_id = $1", person) == 1


async def test_a_person_may_erase_and_undo_brings_it_back(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    activity = await system.activity()
    session = await system.session(activity)
    done = await system.enroll_group(session, group, on_leave="erase", dynamic=False)
    await system.write(
        "INSERT INTO result (learner_id, activity_id, session_id, status, score) VALUES ($1, $2, $3, 'started', 40)",
        person, activity, session,
    )  # fmt: skip
    empty = {"blocks": [{"groups": [await system.group("Empty")]}]}
    left = await system.apply(session, method_id=done["method_id"], rule=empty)
    assert left["left"] == 1
    assert await fetch_value("SELECT count(*) FROM result WHERE learner_id = $1", person) == 0
    undone = (await system.admin.post(f"/runs/{left['run_id']}/undo")).json()
    assert (undone["people"], undone["left_alone_total"], undone["method_restored"]) == (1, 0, True)
    assert (await system.enrollment(session, person))["state"] == "active"
    assert await fetch_value("SELECT score FROM result WHERE learner_id = $1", person) == 40
    await system.settled()
    assert (await system.enrollment(session, person))["state"] == "active"


async def test_a_completed_enrollment_is_never_revoked(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    activity = await system.activity()
    session = await system.session(activity)
    await system.enroll_group(session, group)
    await system.write(
        "INSERT INTO result (learner_id, activity_id, status) VALUES ($1, $2, 'completed')", person, activity
    )
    await system.leave(group, person)
    await system.settled()
    # Of the hand-picked method: nobody is enrolled without a source.
    assert len(await sources(session, person)) == 1
    assert (await system.enrollment(session, person))["state"] == "completed"


async def test_who_has_completed_enters_as_completed(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    activity = await system.activity()
    await system.write(
        "INSERT INTO result (learner_id, activity_id, status) VALUES ($1, $2, 'completed')", person, activity
    )
    session = await system.session(activity)
    await system.enroll_group(session, group)
    assert (await system.enrollment(session, person))["state"] == "completed"


async def taken_elsewhere(system: System) -> tuple[int, int, int, int, int]:
    """A group and another one, somebody in both, the session in which the other one enrolls them, and a second session."""
    group, other_group = await system.group(), await system.group("Elsewhere")
    (person,) = await system.people(1, group)
    await system.join(other_group, person)
    activity = await system.activity()
    spring, autumn = await system.session(activity), await system.session(activity, name="Autumn")
    await system.enroll_group(spring, other_group)
    return group, other_group, person, spring, autumn


async def test_blocked_people_are_enrolled_when_they_are_free(system: System) -> None:
    group, other_group, person, spring, autumn = await taken_elsewhere(system)
    plan = await system.plan(autumn, kind="audience", rule={"blocks": [{"groups": [group]}]}, dynamic=True)
    assert (plan["entering"], plan["blocked"]) == (0, 1)
    assert plan["samples"]["blocked"][0]["session_id"] == spring
    done = await system.enroll_group(autumn, group, dynamic=False)
    assert (done["entered"], done["blocked"]) == (0, 1)
    assert await blocked(autumn) == {person}
    page = (await system.admin.get(f"/sessions/{autumn}/enrollments", params={"state": "blocked"})).json()
    assert [item["other_session_id"] for item in page["items"]] == [spring]
    await system.leave(other_group, person)
    await system.settled()
    assert await system.enrolled(spring) == set()
    assert await system.enrolled(autumn) == {person}
    assert await blocked(autumn) == set()


async def test_blocked_people_who_are_wanted_no_longer_wait_no_longer(system: System) -> None:
    group, _, person, spring, autumn = await taken_elsewhere(system)
    await system.enroll_group(autumn, group)
    assert await blocked(autumn) == {person}
    await system.leave(group, person)
    await system.settled()
    assert await blocked(autumn) == set()
    assert await system.enrolled(spring) == {person}


async def test_several_sessions_where_the_activity_allows_them(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    activity = await system.activity(several_sessions=True)
    spring, autumn = await system.session(activity), await system.session(activity, name="Autumn")
    await system.enroll_group(spring, group)
    await system.enroll_group(autumn, group)
    assert await system.enrolled(spring) == await system.enrolled(autumn) == {person}


async def test_suspended_people_are_dormant(system: System) -> None:
    group = await system.group()
    person, other = await system.people(2, group)
    session = await system.session()
    done = await system.enroll_group(session, group)
    await system.write("UPDATE learner SET status = 'suspended' WHERE id = $1", person)
    await system.settled()
    assert await sources(session, person) == {done["method_id"]}
    assert (await system.enrollment(session, person))["state"] == "active"
    assert (await system.admin.get(f"/sessions/{session}/counts")).json()["enrolled"] == 1
    plan = await system.plan(
        session, method_id=done["method_id"], rule={"blocks": [{"groups": [group]}]}, dynamic=True
    )
    assert (plan["staying"], plan["leaving"]) == (1, 0)
    # What changed while they slept is put right when they are back.
    await system.leave(group, person)
    await system.settled()
    assert await sources(session, person) == {done["method_id"]}
    await system.write("UPDATE learner SET status = 'active' WHERE id = $1", person)
    await system.settled()
    assert await sources(session, person) == set()
    assert await system.enrolled(session) == {other}


async def test_the_earliest_due_date_counts_and_a_hand_given_one_wins(system: System) -> None:
    red, blue = await system.group("Red"), await system.group("Blue")
    (person,) = await system.people(1, red)
    session = await system.session()
    late, early = datetime(2031, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    await system.enroll_group(session, red, due_at=late.isoformat())
    assert (await system.enrollment(session, person))["due_at"] == late
    await system.enroll_group(session, blue, due_at=early.isoformat(), mandatory=True)
    await system.join(blue, person)
    await system.settled()
    row = await system.enrollment(session, person)
    assert (row["due_at"], row["mandatory"]) == (early, True)
    by_hand = datetime(2032, 1, 1, tzinfo=UTC)
    answer = await system.admin.post(f"/enrollments/{row['id']}/extend", json={"due_at": by_hand.isoformat()})
    assert answer.status_code == 200, answer.text
    await system.leave(blue, person)
    await system.settled()
    row = await system.enrollment(session, person)
    assert (row["due_at"], row["mandatory"]) == (by_hand, False)
    await system.admin.post(f"/enrollments/{row['id']}/extend", json={"due_at": None})
    assert (await system.enrollment(session, person))["due_at"] == late


async def test_a_due_date_never_moves_earlier_without_a_notice(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    session = await system.session()
    done = await system.enroll_group(session, group)
    # The first message went out long ago.
    await system.write("UPDATE message SET state = 'sent'")
    soon = (clock.now() + timedelta(days=3)).isoformat()
    answer = await system.admin.patch(
        f"/sessions/{session}/methods/{done['method_id']}", json={"due_at": soon}
    )
    assert answer.status_code == 200, answer.text
    assert (await system.enrollment(session, person))["due_at"] is not None
    told = await fetch("SELECT learner_id FROM notice WHERE kind = 'due_changed' AND cancelled_at IS NULL")
    assert [row["learner_id"] for row in told] == [person]


async def test_due_days_are_calendar_days_of_the_organisation(system: System) -> None:
    await system.write("UPDATE organisation SET timezone = 'Pacific/Auckland'")
    group = await system.group()
    (person,) = await system.people(1, group)
    session = await system.session()
    await system.enroll_group(session, group, due_days=10)
    row = await system.enrollment(session, person)
    zone = ZoneInfo("Pacific/Auckland")
    day = row["since"].astimezone(zone).date() + timedelta(days=10)
    assert row["due_at"] == datetime.combine(day, time(23, 59, 59), zone)


@pytest.mark.parametrize(
    ("zone", "since", "days", "due"),
    [
        ("UTC", "2026-06-01T18:36:00Z", 10, "2026-06-11T23:59:59Z"),
        ("Europe/Helsinki", "2026-10-21T15:00:00Z", 7, "2026-10-28T21:59:59Z"),
        ("Europe/Berlin", "2026-02-27T01:30:00Z", 30, "2026-03-29T21:59:59Z"),
        ("Europe/Berlin", "2026-02-27T23:30:00Z", 30, "2026-03-30T21:59:59Z"),
        ("Asia/Beirut", "2026-03-28T12:00:00Z", 1, "2026-03-29T20:59:59Z"),
        ("America/Havana", "2026-10-31T12:00:00Z", 0, "2026-11-01T03:59:59Z"),
        ("Pacific/Apia", "2026-01-01T11:00:00Z", 0, "2026-01-02T10:59:59Z"),
    ],
)
async def test_due_is_the_end_of_a_day_over_clock_changes(
    database: str, zone: str, since: str, days: int, due: str
) -> None:
    asked = DUE.format(since="$2::timestamptz", days="$3::integer", zone="$1::text")
    found = await fetch_value(f"SELECT {asked}", zone, datetime.fromisoformat(since), days)
    assert found == datetime.fromisoformat(due)


async def test_extending_by_days_keeps_the_time_on_the_clock(system: System) -> None:
    await system.write("UPDATE organisation SET timezone = 'Europe/Helsinki'")
    group = await system.group()
    (person,) = await system.people(1, group)
    session = await system.session()
    await system.enroll_group(session, group, due_at="2026-10-21T15:00:00Z")
    enrollment = (await system.enrollment(session, person))["id"]
    answer = await system.post(f"/enrollments/{enrollment}/extend", {"days": 7})
    assert answer.json()["due_at"] == "2026-10-28T16:00:00Z"
    for body in ({}, {"days": 1, "due_at": None}, {"days": 0}):
        assert (await system.post(f"/enrollments/{enrollment}/extend", body)).status_code in (400, 422)
    await system.post(f"/enrollments/{enrollment}/extend", {"due_at": None})
    assert (await system.enrollment(session, person))["due_at"] == datetime(2026, 10, 21, 15, tzinfo=UTC)


async def test_mail_of_those_who_leave_first_is_cancelled(system: System) -> None:
    group = await system.group()
    person, other = await system.people(2, group)
    session = await system.session()
    await system.enroll_group(session, group)
    await system.leave(group, person)
    await system.settled()
    rows = await fetch("SELECT learner_id FROM notice WHERE kind = 'enrolled' AND cancelled_at IS NULL")
    assert [row["learner_id"] for row in rows] == [other]
