"""Due dates by a date of each person's own: settled as it changes, none without one; and which of two methods gets somebody."""

from datetime import date, timedelta
from typing import Any

import pytest

from backend.services.enrollment.dates.due_by_field import settle_all
from tests.harness.system import System

HIRED = date(2031, 5, 10)


async def field(system: System, key: str = "hired", kind: str = "date") -> int:
    answer = await system.admin.post("/fields", json={"key": key, "name": key.title(), "type": kind})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def hired(system: System, person: int, day: date | None) -> None:
    """What the person's field says from now on."""
    body = {"fields": {"hired": None if day is None else day.isoformat()}}
    assert (await system.admin.patch(f"/learners/{person}", json=body)).status_code == 200
    await settle_all()
    await system.settled()


async def due(system: System, session: int, person: int) -> date | None:
    """On which day somebody is due, in the organisation's time zone, which is UTC."""
    at = (await system.enrollment(session, person))["due_at"]
    return None if at is None else at.date()


async def test_each_is_due_after_their_own_date(system: System) -> None:
    hired_on = await field(system)
    ana, ben = await system.people(2)
    await hired(system, ana, HIRED)
    session = await system.session()
    body: dict[str, Any] = {
        "kind": "manual",
        "name": "Newcomers",
        "rule": {"include": [ana, ben]},
        "due_field": "hired",
        "due_field_days": 30,
    }
    plan = await system.plan(session, **body)
    (warning,) = [one for one in plan["warnings"] if one["code"] == "due_missing"]
    assert ("1" in warning["message"], "Hired" in warning["message"]) == (True, True)
    done = await system.apply(session, **body)
    assert await due(system, session, ana) == HIRED + timedelta(days=30)
    assert await due(system, session, ben) is None
    shown = (await system.admin.get(f"/sessions/{session}/methods/{done['method_id']}")).json()
    assert (shown["due_field"], shown["due_field_days"], shown["due_days"]) == (hired_on, 30, None)
    # As their dates change, so do the due dates, each with a run that says why.
    await hired(system, ben, HIRED + timedelta(days=1))
    assert await due(system, session, ben) == HIRED + timedelta(days=31)
    await hired(system, ana, None)
    assert await due(system, session, ana) is None
    runs = (await system.admin.get("/runs", params={"session_id": session})).json()["items"]
    assert [run["cause"] for run in runs] == ["change", "change", "confirm"]
    # Nothing that is the same is written again.
    await hired(system, ben, HIRED + timedelta(days=1))
    runs = (await system.admin.get("/runs", params={"session_id": session})).json()["items"]
    assert len(runs) == 3


async def test_the_method_changes_it_and_so_do_other_reasons(system: System) -> None:
    await field(system)
    (ana,) = await system.people(1)
    await hired(system, ana, HIRED)
    session = await system.session()
    done = await system.apply(
        session, kind="manual", name="One", rule={"include": [ana]}, due_field="hired", due_field_days=30
    )
    path = f"/sessions/{session}/methods/{done['method_id']}"
    assert (await system.admin.patch(path, json={"due_field_days": -5})).status_code == 200
    assert await due(system, session, ana) == HIRED - timedelta(days=5)
    # The earliest of several reasons counts.
    early = (HIRED - timedelta(days=100)).isoformat()
    other = await system.apply(
        session, kind="manual", name="Two", rule={"include": [ana]}, due_at=f"{early}T12:00:00Z"
    )
    assert await due(system, session, ana) == HIRED - timedelta(days=100)
    await hired(system, ana, HIRED + timedelta(days=1))
    assert await due(system, session, ana) == HIRED - timedelta(days=100)
    assert (await system.admin.post(f"/runs/{other['run_id']}/undo", json={})).status_code == 200
    # What a person gave by hand wins over all of it.
    one = (await system.enrollment(session, ana))["id"]
    given = (HIRED + timedelta(days=300)).isoformat()
    answer = await system.admin.post(f"/enrollments/{one}/extend", json={"due_at": f"{given}T12:00:00Z"})
    assert answer.status_code == 200, answer.text
    await hired(system, ana, HIRED)
    assert await due(system, session, ana) == HIRED + timedelta(days=300)


async def test_one_way_of_being_due_replaces_another(system: System) -> None:
    hired_on = await field(system)
    (ana,) = await system.people(1)
    session = await system.session()
    done = await system.apply(session, kind="manual", name="One", rule={"include": [ana]}, due_field=hired_on)
    path = f"/sessions/{session}/methods/{done['method_id']}"

    def ways(shown: dict[str, Any]) -> tuple[Any, ...]:
        return shown["due_at"], shown["due_days"], shown["due_field"], shown["due_field_days"]

    assert ways((await system.admin.get(path)).json()) == (None, None, hired_on, 0)
    assert ways((await system.admin.patch(path, json={"due_days": 7})).json()) == (None, 7, None, None)
    assert ways((await system.admin.patch(path, json={"due_field": "hired"})).json()) == (
        None,
        None,
        hired_on,
        0,
    )
    assert ways((await system.admin.patch(path, json={"due_field": None})).json()) == (None,) * 4


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"due_field": 999_999}, "due_field"),
        ({"due_field": "nothing"}, "due_field"),
        ({"due_field": "site"}, "due_field"),
        ({"due_field_days": 3}, "due_field_days"),
        ({"due_field": "hired", "due_days": 3}, "due_field"),
        ({"due_field": "hired", "due_field_days": 5_000}, "due_field_days"),
        ({"priority": 5_000}, "priority"),
    ],
)
async def test_what_cannot_be_is_refused(system: System, more: dict[str, Any], path: str) -> None:
    await field(system)
    await field(system, "site", "text")
    (ana,) = await system.people(1)
    session = await system.session()
    body = {"kind": "manual", "rule": {"include": [ana]}, **more}
    answer = await system.admin.post(f"/sessions/{session}/plan", json=body)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["errors"][0]["path"] == path


async def test_a_field_by_which_something_is_due_is_not_deleted_silently(system: System) -> None:
    hired_on = await field(system)
    (ana,) = await system.people(1)
    await hired(system, ana, HIRED)
    session = await system.session()
    await system.apply(session, kind="manual", name="One", rule={"include": [ana]}, due_field=hired_on)
    assert (await system.admin.delete(f"/fields/{hired_on}")).status_code == 409
    (one,) = (await system.admin.get(f"/fields/{hired_on}/dependents")).json()["items"]
    assert (one["kind"], one["session_id"]) == ("method", session)
    assert (await system.admin.patch(f"/fields/{hired_on}", json={"type": "text"})).status_code == 409


async def test_many_at_once_are_each_due_by_their_own(system: System) -> None:
    hired_on = await field(system)
    group = await system.group()
    several = await system.people(250, group)
    await system.write(
        "INSERT INTO field_value (learner_id, field_id, date_value) SELECT l, $1, $3::date + l FROM unnest($2::int[]) l",
        hired_on,
        several,
        HIRED,
    )
    await system.settled()
    session = await system.session()
    await system.enroll_group(session, group, due_field=hired_on)
    for person in (several[0], several[-1]):
        assert await due(system, session, person) == HIRED + timedelta(days=person)


async def test_the_higher_priority_gets_whom_two_want_at_once(system: System) -> None:
    group, other = await system.group("One"), await system.group("Two")
    activity = await system.activity()
    first, second = await system.session(activity), await system.session(activity)
    await system.enroll_group(first, group)
    done = await system.enroll_group(second, other, priority=5)
    (ana,) = await system.people(1)
    await system.write(
        "INSERT INTO membership (group_id, learner_id, role, since)"
        " SELECT g, $2, 'member', muster_now() FROM unnest($1::int[]) g",
        [group, other],
        ana,
    )
    await system.settled()
    assert (await system.enrolled(first), await system.enrolled(second)) == (set(), {ana})
    # Nobody is moved who is enrolled, whatever becomes of priorities; of equals the older method comes first.
    path = f"/sessions/{second}/methods/{done['method_id']}"
    assert (await system.admin.patch(path, json={"priority": 0})).json()["priority"] == 0
    await system.settled()
    assert await system.enrolled(second) == {ana}
    (ben,) = await system.people(1)
    await system.write(
        "INSERT INTO membership (group_id, learner_id, role, since)"
        " SELECT g, $2, 'member', muster_now() FROM unnest($1::int[]) g",
        [group, other],
        ben,
    )
    await system.settled()
    assert await system.enrolled(first) == {ben}


async def test_what_would_follow_is_told_by_priority_too(system: System) -> None:
    group, other = await system.group("One"), await system.group("Two")
    activity = await system.activity()
    first, second = await system.session(activity), await system.session(activity)
    await system.enroll_group(first, group)
    await system.enroll_group(second, other, priority=5)
    (ana,) = await system.people(1)
    await system.settled()
    changes = [{"act": "members_add", "group_id": one, "learner_ids": [ana]} for one in (group, other)]
    found = (await system.admin.post("/consequences", json={"changes": changes})).json()
    entering = {one["session_id"]: one["entering"] for one in found["sessions"]}
    assert entering.get(second) == 1
    assert entering.get(first, 0) == 0
