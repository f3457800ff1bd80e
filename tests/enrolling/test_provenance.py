"""Sources, leaving, blocked people, dormant people, due dates."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from backend.database import fetch, fetch_value
from backend.services.enrollment_sql import DUE
from tests.enrolling.house import House


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


async def test_two_methods_do_not_fight(house: House) -> None:
    red, blue = await house.group("Red"), await house.group("Blue")
    (person,) = await house.people(1, red)
    await house.join(blue, person)
    session = await house.session()
    first = await house.enroll_group(session, red)
    second = await house.enroll_group(session, blue)
    assert await sources(session, person) == {first["method_id"], second["method_id"]}
    await house.leave(red, person)
    await house.settled()
    assert await sources(session, person) == {second["method_id"]}
    assert (await house.enrollment(session, person))["state"] == "active"
    await house.leave(blue, person)
    await house.settled()
    assert await sources(session, person) == set()
    row = await house.enrollment(session, person)
    assert row["state"] == "expired"
    assert row["until"] is not None


@pytest.mark.parametrize(
    ("on_leave", "state"), [("keep", "active"), ("expire", "expired"), ("erase", "expired")]
)
async def test_the_policy_of_the_last_source_decides(house: House, on_leave: str, state: str) -> None:
    group = await house.group()
    (person,) = await house.people(1, group)
    activity = await house.activity()
    session = await house.session(activity)
    done = await house.enroll_group(session, group)
    # As an earlier release stored it: erasing is refused of a dynamic method.
    await house.write("UPDATE enrollment_method SET on_leave = $2 WHERE id = $1", done["method_id"], on_leave)
    await house.write(
        "INSERT INTO result (learner_id, activity_id, session_id, status) VALUES ($1, $2, $3, 'started')",
        person, activity, session,
    )  # fmt: skip
    await house.leave(group, person)
    await house.settled()
    assert (await house.enrollment(session, person))["state"] == state
    # A rule never erases anybody's progress.
    assert await fetch_value("SELECT count(*) FROM result WHERE learner_id = $1", person) == 1


async def test_a_person_may_erase_and_undo_brings_it_back(house: House) -> None:
    group = await house.group()
    (person,) = await house.people(1, group)
    activity = await house.activity()
    session = await house.session(activity)
    done = await house.enroll_group(session, group, on_leave="erase", dynamic=False)
    await house.write(
        "INSERT INTO result (learner_id, activity_id, session_id, status, score) VALUES ($1, $2, $3, 'started', 40)",
        person, activity, session,
    )  # fmt: skip
    empty = {"blocks": [{"groups": [await house.group("Empty")]}]}
    left = await house.apply(session, method_id=done["method_id"], rule=empty)
    assert left["left"] == 1
    assert await fetch_value("SELECT count(*) FROM result WHERE learner_id = $1", person) == 0
    undone = (await house.admin.post(f"/runs/{left['run_id']}/undo")).json()
    assert (undone["people"], undone["left_alone_total"], undone["method_restored"]) == (1, 0, True)
    assert (await house.enrollment(session, person))["state"] == "active"
    assert await fetch_value("SELECT score FROM result WHERE learner_id = $1", person) == 40
    await house.settled()
    assert (await house.enrollment(session, person))["state"] == "active"


async def test_a_completed_enrollment_is_never_revoked(house: House) -> None:
    group = await house.group()
    (person,) = await house.people(1, group)
    activity = await house.activity()
    session = await house.session(activity)
    await house.enroll_group(session, group)
    await house.write(
        "INSERT INTO result (learner_id, activity_id, status) VALUES ($1, $2, 'completed')", person, activity
    )
    await house.leave(group, person)
    await house.settled()
    # Of the hand-picked method: nobody is enrolled without a source.
    assert len(await sources(session, person)) == 1
    assert (await house.enrollment(session, person))["state"] == "completed"


async def test_who_has_completed_enters_as_completed(house: House) -> None:
    group = await house.group()
    (person,) = await house.people(1, group)
    activity = await house.activity()
    await house.write(
        "INSERT INTO result (learner_id, activity_id, status) VALUES ($1, $2, 'completed')", person, activity
    )
    session = await house.session(activity)
    await house.enroll_group(session, group)
    assert (await house.enrollment(session, person))["state"] == "completed"


async def taken_elsewhere(house: House) -> tuple[int, int, int, int, int]:
    """A group and another one, somebody in both, the session in which the other one enrolls them, and a second session."""
    group, other_group = await house.group(), await house.group("Elsewhere")
    (person,) = await house.people(1, group)
    await house.join(other_group, person)
    activity = await house.activity()
    spring, autumn = await house.session(activity), await house.session(activity, name="Autumn")
    await house.enroll_group(spring, other_group)
    return group, other_group, person, spring, autumn


async def test_blocked_people_are_enrolled_when_they_are_free(house: House) -> None:
    group, other_group, person, spring, autumn = await taken_elsewhere(house)
    plan = await house.plan(autumn, kind="audience", rule={"blocks": [{"groups": [group]}]}, dynamic=True)
    assert (plan["entering"], plan["blocked"]) == (0, 1)
    assert plan["samples"]["blocked"][0]["session_id"] == spring
    done = await house.enroll_group(autumn, group, dynamic=False)
    assert (done["entered"], done["blocked"]) == (0, 1)
    assert await blocked(autumn) == {person}
    page = (await house.admin.get(f"/sessions/{autumn}/enrollments", params={"state": "blocked"})).json()
    assert [item["other_session_id"] for item in page["items"]] == [spring]
    await house.leave(other_group, person)
    await house.settled()
    assert await house.enrolled(spring) == set()
    assert await house.enrolled(autumn) == {person}
    assert await blocked(autumn) == set()


async def test_blocked_people_who_are_wanted_no_longer_wait_no_longer(house: House) -> None:
    group, _, person, spring, autumn = await taken_elsewhere(house)
    await house.enroll_group(autumn, group)
    assert await blocked(autumn) == {person}
    await house.leave(group, person)
    await house.settled()
    assert await blocked(autumn) == set()
    assert await house.enrolled(spring) == {person}


async def test_several_sessions_where_the_activity_allows_them(house: House) -> None:
    group = await house.group()
    (person,) = await house.people(1, group)
    activity = await house.activity(several_sessions=True)
    spring, autumn = await house.session(activity), await house.session(activity, name="Autumn")
    await house.enroll_group(spring, group)
    await house.enroll_group(autumn, group)
    assert await house.enrolled(spring) == await house.enrolled(autumn) == {person}


async def test_suspended_people_are_dormant(house: House) -> None:
    group = await house.group()
    person, other = await house.people(2, group)
    session = await house.session()
    done = await house.enroll_group(session, group)
    await house.write("UPDATE learner SET status = 'suspended' WHERE id = $1", person)
    await house.settled()
    assert await sources(session, person) == {done["method_id"]}
    assert (await house.enrollment(session, person))["state"] == "active"
    assert (await house.admin.get(f"/sessions/{session}/counts")).json()["enrolled"] == 1
    plan = await house.plan(
        session, method_id=done["method_id"], rule={"blocks": [{"groups": [group]}]}, dynamic=True
    )
    assert (plan["staying"], plan["leaving"]) == (1, 0)
    # What changed while they slept is put right when they are back.
    await house.leave(group, person)
    await house.settled()
    assert await sources(session, person) == {done["method_id"]}
    await house.write("UPDATE learner SET status = 'active' WHERE id = $1", person)
    await house.settled()
    assert await sources(session, person) == set()
    assert await house.enrolled(session) == {other}


async def test_the_earliest_due_date_counts_and_a_hand_given_one_wins(house: House) -> None:
    red, blue = await house.group("Red"), await house.group("Blue")
    (person,) = await house.people(1, red)
    session = await house.session()
    late, early = datetime(2031, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    await house.enroll_group(session, red, due_at=late.isoformat())
    assert (await house.enrollment(session, person))["due_at"] == late
    await house.enroll_group(session, blue, due_at=early.isoformat(), mandatory=True)
    await house.join(blue, person)
    await house.settled()
    row = await house.enrollment(session, person)
    assert (row["due_at"], row["mandatory"]) == (early, True)
    by_hand = datetime(2032, 1, 1, tzinfo=UTC)
    answer = await house.admin.post(f"/enrollments/{row['id']}/extend", json={"due_at": by_hand.isoformat()})
    assert answer.status_code == 200, answer.text
    await house.leave(blue, person)
    await house.settled()
    row = await house.enrollment(session, person)
    assert (row["due_at"], row["mandatory"]) == (by_hand, False)
    await house.admin.post(f"/enrollments/{row['id']}/extend", json={"due_at": None})
    assert (await house.enrollment(session, person))["due_at"] == late


async def test_a_due_date_never_moves_earlier_without_a_notice(house: House) -> None:
    group = await house.group()
    (person,) = await house.people(1, group)
    session = await house.session()
    done = await house.enroll_group(session, group)
    # The first message went out long ago.
    await house.write("UPDATE message SET state = 'sent'")
    soon = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    answer = await house.admin.patch(
        f"/sessions/{session}/methods/{done['method_id']}", json={"due_at": soon}
    )
    assert answer.status_code == 200, answer.text
    assert (await house.enrollment(session, person))["due_at"] is not None
    told = await fetch("SELECT learner_id FROM notice WHERE kind = 'due_changed' AND cancelled_at IS NULL")
    assert [row["learner_id"] for row in told] == [person]


async def test_due_days_are_calendar_days_of_the_organisation(house: House) -> None:
    await house.write("UPDATE organisation SET timezone = 'Pacific/Auckland'")
    group = await house.group()
    (person,) = await house.people(1, group)
    session = await house.session()
    await house.enroll_group(session, group, due_days=10)
    row = await house.enrollment(session, person)
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


async def test_extending_by_days_keeps_the_time_on_the_clock(house: House) -> None:
    await house.write("UPDATE organisation SET timezone = 'Europe/Helsinki'")
    group = await house.group()
    (person,) = await house.people(1, group)
    session = await house.session()
    await house.enroll_group(session, group, due_at="2026-10-21T15:00:00Z")
    enrollment = (await house.enrollment(session, person))["id"]
    answer = await house.post(f"/enrollments/{enrollment}/extend", {"days": 7})
    assert answer.json()["due_at"] == "2026-10-28T16:00:00Z"
    for body in ({}, {"days": 1, "due_at": None}, {"days": 0}):
        assert (await house.post(f"/enrollments/{enrollment}/extend", body)).status_code in (400, 422)
    await house.post(f"/enrollments/{enrollment}/extend", {"due_at": None})
    assert (await house.enrollment(session, person))["due_at"] == datetime(2026, 10, 21, 15, tzinfo=UTC)


async def test_mail_of_those_who_leave_first_is_cancelled(house: House) -> None:
    group = await house.group()
    person, other = await house.people(2, group)
    session = await house.session()
    await house.enroll_group(session, group)
    await house.leave(group, person)
    await house.settled()
    rows = await fetch("SELECT learner_id FROM notice WHERE kind = 'enrolled' AND cancelled_at IS NULL")
    assert [row["learner_id"] for row in rows] == [other]
