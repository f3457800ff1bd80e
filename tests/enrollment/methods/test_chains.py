"""Chains: after one activity, enrolled in others."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from backend.runtime import clock
from tests.harness.system import System, until


@pytest.fixture
def clock_back() -> Iterator[None]:
    """The clock as it was."""
    was = clock.offset()
    yield
    clock.set_offset(was)


async def complete(system: System, activity: int, *learners: int, day: str = "2024-05-02") -> None:
    """Completed by these people, with the best score."""
    await system.write(
        "INSERT INTO result (learner_id, activity_id, status, score, completed_at)"
        " SELECT l, $1, 'completed', 100, ($3::text || 'T12:00Z')::timestamptz FROM unnest($2::int[]) l",
        activity,
        list(learners),
        day,
    )


async def chain(system: System, session: int, after: int, **more: Any) -> dict[str, Any]:
    """A chain, confirmed."""
    return await system.apply(session, kind="chain", after_activity_id=after, **more)


async def test_who_completed_before_enters_by_plan_and_others_when_they_complete(system: System) -> None:
    early, later, never = await system.people(3)
    first, session = await system.activity("Safety"), await system.session()
    await complete(system, first, early)
    plan = await system.plan(session, kind="chain", after_activity_id=first)
    assert (plan["entering"], [one["id"] for one in plan["samples"]["entering"]]) == (1, [early])
    done = await chain(system, session, first)
    assert done["entered"] == 1
    method = (await system.admin.get(f"/sessions/{session}/methods/{done['method_id']}")).json()
    assert (method["dynamic"], method["after_status"], method["rule"]["blocks"][0]["everyone"]) == (
        True,
        "completed",
        True,
    )
    await complete(system, first, later)
    await system.settled()
    assert await system.enrolled(session) == {early, later}
    assert never not in await system.enrolled(session)


async def test_succeeding_is_more_than_completing(system: System) -> None:
    passed, failed = await system.people(2)
    first, session = await system.activity("Safety"), await system.session()
    await system.write(
        "INSERT INTO step (activity_id, position, kind, title, mandatory, min_score) VALUES ($1, 0, 'content', 'T', true, 60)",
        first,
    )
    await chain(system, session, first, after_status="successful")
    await system.write(
        "INSERT INTO result (learner_id, activity_id, step_id, status, score, completed_at)"
        " SELECT l, $1, s.id, 'completed', p, now() FROM step s, unnest($2::int[], $3::float[]) u(l, p) WHERE s.activity_id = $1",
        first,
        [passed, failed],
        [80.0, 40.0],
    )
    await system.settled()
    assert await system.enrolled(session) == {passed}


async def test_several_follow_one_and_a_withdrawn_completion_takes_only_its_own_source(
    system: System,
) -> None:
    group = await system.group()
    both, alone, done = await system.people(3)
    await system.join(group, both)
    first = await system.activity("Safety")
    one, other = await system.session(), await system.session()
    await system.enroll_group(one, group)
    await complete(system, first, both, alone, done)
    for session in (one, other):
        await chain(system, session, first)
    assert await system.enrolled(one) == await system.enrolled(other) == {both, alone, done}
    await complete(system, (await system.enrollment(one, done))["activity_id"], done)
    await system.settled()
    await system.write("DELETE FROM result WHERE activity_id = $1", first)
    await system.settled()
    # Another source holds one of them, and what is completed is never taken back.
    assert await system.enrolled(one) == {both, done}
    assert await system.enrolled(other) == set()


async def test_who_is_in_another_session_is_blocked_until_they_are_free(system: System) -> None:
    (person,) = await system.people(1)
    first, activity = await system.activity("Safety"), await system.activity("Advanced")
    session, elsewhere = await system.session(activity), await system.session(activity)
    picked = await system.apply(elsewhere, kind="manual", rule={"include": [person]})
    await complete(system, first, person)
    assert (await chain(system, session, first))["blocked"] == 1
    await system.admin.post(f"/runs/{picked['run_id']}/undo")
    await system.settled()
    assert await system.enrolled(session) == {person}


async def test_undoing_takes_them_out_and_the_chain_back(system: System) -> None:
    (person,) = await system.people(1)
    first, session = await system.activity("Safety"), await system.session()
    await complete(system, first, person)
    done = await chain(system, session, first)
    answer = await system.admin.post(f"/runs/{done['run_id']}/undo")
    assert answer.status_code == 200, answer.text
    assert await system.enrolled(session) == set()
    assert (await system.method(done["method_id"]))["state"] == "draft"


async def test_chains_that_go_round_are_refused(system: System) -> None:
    first, second = await system.activity("First"), await system.activity("Second")
    one, two = await system.session(first), await system.session(second)
    await chain(system, two, first)
    for session, after in ((one, second), (one, first)):
        answer = await system.admin.post(
            f"/sessions/{session}/plan", json={"kind": "chain", "after_activity_id": after}
        )
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["path"] == "after_activity_id"
        assert answer.json()["errors"][0]["code"] == "circular_enrollment"


async def test_only_platform_admins_make_chains(system: System) -> None:
    await system.person("coach@example.org")
    group, activity = await system.group(), await system.activity()
    session = await system.session(group_id=group)
    await system.join(
        group,
        (await system.admin.get("/learners", params={"q": "coach@"})).json()["items"][0]["id"],
        role="admin",
    )
    coach = await system.client("coach@example.org")
    answer = await coach.post(
        f"/sessions/{session}/plan", json={"kind": "chain", "after_activity_id": activity}
    )
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (403, "kind"), answer.text


# ── some days later, and who completed before ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "when", "enrolled"),
    [
        # given (completed how many days ago), when (the chain's terms), then (enrolled or not)
        (0, {}, True),
        (30, {}, True),
        (6, {"delay_days": 7}, False),
        (7, {"delay_days": 7}, True),
        (30, {"delay_days": 7}, True),
        (0, {"earlier": False}, False),
        (30, {"earlier": False}, False),
        (30, {"earlier": False, "delay_days": 7}, False),
    ],
)
async def test_who_completed_before_it_was_confirmed(
    system: System, given: int, when: dict[str, Any], enrolled: bool
) -> None:
    (person,) = await system.people(1)
    first, session = await system.activity("Safety"), await system.session()
    await completed_ago(system, first, given, person)
    assert (await chain(system, session, first, **when))["entered"] == int(enrolled)
    await system.settled()
    assert await system.enrolled(session) == ({person} if enrolled else set())


async def test_a_chain_without_earlier_completers_counts_from_its_confirmation(system: System) -> None:
    early, later, imported = await system.people(3)
    first, session = await system.activity("Safety"), await system.session()
    # On the very day, but before.
    await completed_ago(system, first, 0, early)
    done = await chain(system, session, first, earlier=False)
    await completed_ago(system, first, 0, later)
    # Told late, of a day before.
    await completed_ago(system, first, 3, imported)
    await system.settled()
    assert await system.enrolled(session) == {later}
    # What else is changed does not move the day from which it counts.
    await chain(system, session, first, method_id=done["method_id"], name="After safety")
    await system.settled()
    assert await system.enrolled(session) == {later}
    plan = await system.plan(session, method_id=done["method_id"], earlier=True)
    assert {one["id"] for one in plan["samples"]["entering"]} == {early, imported}


async def test_days_later_is_told_before_and_after_it_comes(system: System, clock_back: None) -> None:
    (person,) = await system.people(1)
    first, session = await system.activity("Safety"), await system.session()
    await completed_ago(system, first, 5, person)
    done = await chain(system, session, first, delay_days=7)
    method = (await system.admin.get(f"/sessions/{session}/methods/{done['method_id']}")).json()
    assert "7 days ago or longer" in method["sentence"]
    today = clock.today("UTC")
    asked = {"rule": method["rule"], "learner_id": person}
    told = (await system.post("/audiences/explain", asked)).json()
    assert told["matches"] is False
    comes = today + timedelta(days=2)
    text = json.dumps(told)
    assert comes.isoformat() in text, text
    on_day = (await system.post("/audiences/explain", asked | {"at": comes.isoformat()})).json()
    assert on_day["matches"] is True
    forecast = await system.post(
        "/audiences/forecast",
        {"rule": method["rule"], "from": today.isoformat(), "to": comes.isoformat()},
    )
    assert [day["total"] for day in forecast.json()] == [0, 0, 1]
    # The day comes: enrolled without anybody's doing.
    clock.set_offset(clock.offset() + timedelta(days=2))
    await until("SELECT count(*) FROM enrollment WHERE session_id = $1", session, is_=1)
    assert await system.enrolled(session) == {person}


async def test_succeeding_counts_from_its_own_day(system: System) -> None:
    (person,) = await system.people(1)
    first, session = await system.activity("Safety"), await system.session()
    await system.write(
        "INSERT INTO step (activity_id, position, kind, title, mandatory) VALUES ($1, 0, 'content', 'A', true), ($1, 1, 'content', 'B', false)",
        first,
    )
    await system.write(
        "INSERT INTO result (learner_id, activity_id, step_id, status, completed_at)"
        " SELECT $2, $1, id, 'completed', muster_now() FROM step WHERE activity_id = $1 AND mandatory",
        first,
        person,
    )
    await system.settled()
    plan = await system.plan(
        session, kind="chain", after_activity_id=first, after_status="successful", delay_days=1
    )
    assert plan["entering"] == 0
    rule = {
        "blocks": [
            {
                "everyone": True,
                "filters": [
                    {
                        "type": "path_result",
                        "status": "successful",
                        "paths": [first],
                        "days_ago": 1,
                    }
                ],
            }
        ]
    }
    tomorrow = (clock.today("UTC") + timedelta(days=1)).isoformat()
    found = (await system.post("/audiences/preview", {"rule": rule, "at": tomorrow})).json()
    assert found["total"] == 1


async def test_several_follow_one_in_one_act_and_circles_of_several_are_refused(system: System) -> None:
    (person,) = await system.people(1)
    activities = [await system.activity(title) for title in ("First", "Second", "Third")]
    first, second, third = activities
    sessions = {activity: await system.session(activity) for activity in activities}
    await complete(system, first, person)
    body: dict[str, Any] = {
        "after_activity_id": first,
        "targets": [{"activity_id": second}, {"session_id": sessions[third]}],
    }
    plan = (await system.post("/enrollments/plan", body)).json()
    assert {one["session_id"] for one in plan["sessions"]} == {sessions[second], sessions[third]}
    done = await system.post("/enrollments/apply", body | {"hash": plan["hash"]})
    assert done.status_code == 200, done.text
    assert await system.enrolled(sessions[second]) == await system.enrolled(sessions[third]) == {person}
    # Once more finds both as they are, and makes no others.
    again = (await system.post("/enrollments/plan", body)).json()
    assert {one["session_id"] for one in again["existing"]} == {sessions[second], sessions[third]}
    fourth = await system.activity("Fourth")
    await chain(system, await system.session(fourth), third)
    answer = await system.post(
        f"/sessions/{sessions[first]}/plan", {"kind": "chain", "after_activity_id": fourth}
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "circular_enrollment")


async def completed_ago(system: System, activity: int, days: int, *learners: int) -> None:
    """Completed by these people so many days ago."""
    await system.write(
        "INSERT INTO result (learner_id, activity_id, status, completed_at)"
        " SELECT l, $1, 'completed', muster_now() - make_interval(days => $3) FROM unnest($2::int[]) l",
        activity,
        list(learners),
        days,
    )
    await system.settled()
