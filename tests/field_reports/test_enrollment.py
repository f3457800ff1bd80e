"""Cases that other systems' users reported, as far as they are about enrollments, mail and due dates."""

from datetime import UTC, datetime
from typing import Any

import pytest

from backend.database import fetch, fetch_value
from backend.schemas.imports import MembershipRow
from backend.services.access.actor import SYSTEM
from backend.services.imports.applying import write_rows
from backend.workers.jobs import apply_runs
from tests.harness.system import System

_SOURCES = """
SELECT m.kind FROM source s JOIN enrollment_method m ON m.id = s.method_id
WHERE s.session_id = $1 AND s.learner_id = $2 AND s.until IS NULL ORDER BY m.kind
"""
_TOLD = """
SELECT count(*) FROM notice WHERE session_id = $1 AND learner_id = $2 AND kind = 'enrolled' AND cancelled_at IS NULL
"""


async def kinds(session: int, person: int) -> list[str]:
    return [row["kind"] for row in await fetch(_SOURCES, session, person)]


async def test_12_by_hand_and_by_rule_at_once(system: System) -> None:
    group = await system.group("Audience A")
    (ben,) = await system.people(1)
    activity = await system.activity()
    session = await system.session(activity)
    await system.apply(session, kind="manual", rule={"include": [ben]})
    await system.write(
        "INSERT INTO result (learner_id, activity_id, session_id, status, score) VALUES ($1, $2, $3, 'started', 40)",
        ben, activity, session,
    )  # fmt: skip
    await system.join(group, ben)
    await system.enroll_group(session, group)
    assert await kinds(session, ben) == ["audience", "manual"]
    assert await fetch_value("SELECT count(*) FROM enrollment WHERE learner_id = $1", ben) == 1
    assert await fetch_value(_TOLD, session, ben) == 1
    await system.leave(group, ben)
    await system.settled()
    assert await kinds(session, ben) == ["manual"]
    assert (await system.enrollment(session, ben))["state"] == "active"
    assert await fetch_value("SELECT score FROM result WHERE learner_id = $1", ben) == 40

    # The other way round: what was picked by hand goes first.
    await system.join(group, ben)
    await system.settled()
    manual = await fetch_value(
        "SELECT id FROM enrollment_method WHERE session_id = $1 AND kind = 'manual'", session
    )
    answer = await system.admin.delete(f"/sessions/{session}/methods/{manual}", params={"people": "expire"})
    assert answer.status_code == 200, answer.text
    assert await kinds(session, ben) == ["audience"]
    assert (await system.enrollment(session, ben))["state"] == "active"


async def test_15_two_audiences_of_one_path_write_one_message(system: System) -> None:
    first, second = await system.group("A"), await system.group("B")
    people = await system.people(5, first)
    await system.join(second, *people)
    session = await system.session()
    await system.enroll_group(session, first)
    await system.enroll_group(session, second)
    await system.settled()
    assert {await fetch_value(_TOLD, session, person) for person in people} == {1}
    assert await fetch_value("SELECT count(*) FROM message WHERE kind = 'enrollment'") == 5


async def test_16_the_first_run_of_a_rule_tells_the_new_ones_only(system: System) -> None:
    group = await system.group()
    people = await system.people(20, group)
    session = await system.session()
    await system.apply(session, kind="manual", rule={"include": people[:18]})
    told = await fetch_value("SELECT count(*) FROM notice WHERE session_id = $1", session)
    rule = {"blocks": [{"groups": [group]}]}
    plan = await system.plan(session, kind="audience", rule=rule, dynamic=True)
    assert (plan["entering"], plan["gaining"]) == (2, 18)
    done = await system.apply(session, kind="audience", rule=rule, dynamic=True)
    assert (done["entered"], done["gaining"]) == (2, 18)
    assert await fetch_value("SELECT count(*) FROM notice WHERE session_id = $1", session) == told + 2
    await system.apply(session, method_id=done["method_id"], rule=rule, dynamic=True)
    assert await fetch_value("SELECT count(*) FROM notice WHERE session_id = $1", session) == told + 2


@pytest.mark.parametrize("inline", [20_000, 1])
async def test_16_enrolling_without_mail(
    system: System, monkeypatch: pytest.MonkeyPatch, inline: int
) -> None:
    monkeypatch.setattr("backend.services.enrollment.plans.plan_writing.INLINE", inline)
    group = await system.group()
    people = await system.people(3, group)
    session = await system.session()
    await system.enroll_group(session, group, mail=False)
    if inline == 1:
        await apply_runs({})
        await system.settled()
    assert await system.enrolled(session) == set(people)
    assert await fetch_value("SELECT count(*) FROM notice WHERE session_id = $1", session) == 0
    (late,) = await system.people(1, group)
    await system.settled()
    assert await fetch_value(_TOLD, session, late) == 1


async def test_29_a_group_enrolls_alike_however_one_comes_into_it(system: System) -> None:
    group = await system.group("Night shift")
    await system.write("UPDATE learner_group SET external_id = 'night' WHERE id = $1", group)
    session = await system.session()
    await system.enroll_group(session, group, due_days=10)
    screen, imported, bulk = await system.people(3)
    emails = {row["id"]: row["email"] for row in await fetch("SELECT id, email FROM learner")}
    await system.admin.post(f"/groups/{group}/members", json={"learner_ids": [screen]})
    await write_rows(SYSTEM, "memberships", [MembershipRow(learner=emails[imported], group="night")])
    answer = await system.admin.post(
        "/learners/bulk", json={"learners": [{"email": emails[bulk], "groups": ["night"]}]}
    )
    assert answer.json()["errors"] == []
    await system.settled()
    found = [await system.enrollment(session, person) for person in (screen, imported, bulk)]
    assert {(one["state"], one["due_at"], one["mandatory"]) for one in found} == {
        ("active", found[0]["due_at"], False)
    }
    dues = await fetch(
        "SELECT DISTINCT m.due_at FROM notice n JOIN message m ON m.id = n.message_id WHERE n.session_id = $1",
        session,
    )
    assert len(dues) == 1
    assert {await fetch_value(_TOLD, session, one) for one in (screen, imported, bulk)} == {1}


async def test_36_changing_a_due_date(system: System) -> None:
    await system.write("UPDATE organisation SET timezone = 'Europe/Berlin'")
    group = await system.group()
    ana, ben, cem = await system.people(3, group)
    activity = await system.activity()
    session = await system.session(activity)
    due = "2036-12-30T22:59:00Z"
    method = (await system.enroll_group(session, group, due_at=due))["method_id"]
    await system.write(
        "INSERT INTO result (learner_id, activity_id, status) VALUES ($1, $2, 'completed')", ben, activity
    )
    extended = (await system.enrollment(session, cem))["id"]
    refused = await system.post(f"/enrollments/{extended}/extend", {"due_at": "2001-01-15T22:59:00Z"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "past")
    await system.post(f"/enrollments/{extended}/extend", {"due_at": "2037-01-15T22:59:00Z"})
    path = f"/sessions/{session}/methods/{method}"

    async def dues() -> list[Any]:
        return [(await system.enrollment(session, person))["due_at"] for person in (ana, ben, cem)]

    before, notices = await dues(), await fetch_value("SELECT count(*) FROM notice")
    for _ in range(3):
        # As a browser in Tokyo writes the same instant.
        answer = await system.admin.patch(path, json={"due_at": "2036-12-31T07:59:00+09:00"})
        assert answer.status_code == 200, answer.text
    assert await dues() == before
    assert (await system.method(method))["due_at"] == datetime(2036, 12, 30, 22, 59, tzinfo=UTC)
    assert await fetch_value("SELECT count(*) FROM notice") == notices

    await system.admin.patch(path, json={"due_at": "2037-01-10T22:59:00Z"})
    later = datetime(2037, 1, 10, 22, 59, tzinfo=UTC)
    assert await dues() == [later, before[1], before[2]]
    await system.admin.patch(path, json={"due_at": None})
    assert await dues() == [None, before[1], before[2]]
    listed = (await system.admin.get(f"/sessions/{session}/enrollments", params={"state": "overdue"})).json()
    assert listed["total"] == 0
