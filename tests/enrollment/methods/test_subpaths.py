"""Paths inside paths: who is enrolled in a session of the outer one is enrolled in the inner one, and leaves with it."""

import asyncio
from itertools import pairwise
from typing import Any

import httpx
import pytest

from backend.database import fetch_value
from backend.services.access.actor import Actor
from backend.services.enrollment.lists.inner_steps import list_inner_steps
from tests.harness.system import System


async def paths(system: System, *titles: str) -> list[int]:
    """Paths, each inside the one before."""
    made = [await system.activity(title, kind="path") for title in titles]
    for outer, inner in pairwise(made):
        await put_inside(system, outer, inner)
    return made


async def put_inside(system: System, outer: int, inner: int, kind: str = "path") -> None:
    """A step."""
    await system.write(
        "INSERT INTO step (activity_id, position, kind, child_activity_id, title) VALUES ($1, 0, $3, $2, 'Inside')",
        outer,
        inner,
        kind,
    )


async def new_session(system: System, activity: int) -> int:
    """A session as people make it: methods inside come with it."""
    answer = await system.admin.post("/sessions", json={"activity_id": activity, "name": "Autumn"})
    assert answer.status_code == 201, answer.text
    found: int = answer.json()["id"]
    await system.settled()
    return found


async def inner_step(system: System, session: int) -> dict[str, Any]:
    """The one step inside."""
    (found,) = (await system.admin.get(f"/sessions/{session}/inner-steps")).json()
    assert isinstance(found, dict)
    return found


async def test_three_paths_settle_through_the_log_and_leave_together(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    outer, middle, inner = await paths(system, "Outer", "Middle", "Inner")
    inmost = await new_session(system, inner)
    between = await new_session(system, middle)
    session = await new_session(system, outer)
    assert (await inner_step(system, session))["state"] == "follows"
    rule = {"blocks": [{"groups": [group]}]}
    plan = await system.plan(session, kind="audience", rule=rule, dynamic=True)
    assert [one["code"] for one in plan["warnings"]] == ["inner_entries"]
    seen = (
        await system.post(
            "/consequences",
            {
                "changes": [
                    {
                        "act": "method",
                        "session_id": session,
                        "kind": "audience",
                        "rule": rule,
                        "dynamic": True,
                    }
                ]
            },
        )
    ).json()
    assert {one["session_id"] for one in seen["sessions"]} == {session, between, inmost}
    await system.enroll_group(session, group)
    await system.settled()
    for one in (session, between, inmost):
        assert await system.enrolled(one) == {person}
    await system.leave(group, person)
    await system.settled()
    for one in (session, between, inmost):
        assert await system.enrolled(one) == set()


@pytest.mark.parametrize(
    ("given", "when", "then"),
    [
        # given (what else holds them in the inner session), when (what they did there), then (still enrolled after leaving the outer one)
        ("nothing", "nothing", False),
        ("picked", "nothing", True),
        ("audience", "nothing", True),
        ("nothing", "completed", True),
    ],
)
async def test_a_subpath_with_another_source(system: System, given: str, when: str, then: bool) -> None:
    group, other = await system.group(), await system.group("Other")
    (person,) = await system.people(1, group)
    await system.join(other, person)
    outer, inner = await paths(system, "Outer", "Inner")
    # Completing the inner one alone does not complete the outer one.
    await system.write(
        "INSERT INTO step (activity_id, position, kind, title) VALUES ($1, 1, 'content', 'More')", outer
    )
    inside = await new_session(system, inner)
    session = await new_session(system, outer)
    if given == "picked":
        await system.apply(inside, kind="manual", rule={"include": [person]})
    elif given == "audience":
        await system.enroll_group(inside, other)
    await system.enroll_group(session, group)
    await system.settled()
    assert await system.enrolled(inside) == {person}
    if when == "completed":
        await system.write(
            "INSERT INTO result (learner_id, activity_id, status, completed_at) VALUES ($1, $2, 'completed', now())",
            person,
            inner,
        )
        await system.settled()
    await system.leave(group, person)
    await system.settled()
    assert await system.enrolled(session) == set()
    assert await system.enrolled(inside) == ({person} if then else set())


async def catalog_waits(client: httpx.AsyncClient, activity: int) -> list[bool]:
    """Of the steps of what the reader's catalog has, whether a session has to be chosen first."""
    items = (await client.get("/me/catalog")).json()["items"]
    (found,) = [one["activity"] for one in items if one["activity"]["id"] == activity]
    return [step["needs_session"] for step in found["steps"]]


@pytest.mark.parametrize("kind", ["path", "program"])
@pytest.mark.parametrize("open_sessions", [0, 2])
async def test_without_one_session_somebody_has_to_choose(
    system: System, kind: str, open_sessions: int
) -> None:
    learner = await system.person("learner@example.org")
    outer = await system.activity("Outer", kind="path")
    inner = await system.activity("Inner", kind=kind)
    await put_inside(system, outer, inner, kind)
    inside = [await new_session(system, inner) for _ in range(open_sessions)]
    session = await new_session(system, outer)
    picked: dict[str, Any] = {"kind": "manual", "rule": {"include": [learner]}}
    plan = await system.plan(session, **picked)
    assert [one["code"] for one in plan["warnings"]] == ["inner_waiting"]
    await system.apply(session, **picked)
    await system.settled()
    step = await inner_step(system, session)
    assert (step["state"], step["people"], len(step["sessions"])) == ("needs_session", 1, open_sessions)
    assert [one["id"] for one in step["learners"]] == [learner]
    assert (await system.admin.get("/needs-you")).json()["needs_session"] == 1
    (need,) = (await system.admin.get("/needs-you/needs_session")).json()["items"]
    assert (need["session_id"], need["people"]) == (session, 1)
    client = await system.client("learner@example.org")
    played = (await client.get(f"/me/activities/{outer}")).json()
    assert [one["needs_session"] for one in played["steps"]] == [True]
    assert await catalog_waits(client, outer) == [True]
    chosen = inside[0] if inside else await new_session(system, inner)
    await system.apply(chosen, kind="manual", rule={"include": [learner]})
    await system.settled()
    assert (await system.admin.get("/needs-you")).json()["needs_session"] == 0
    played = (await client.get(f"/me/activities/{outer}")).json()
    assert [one["needs_session"] for one in played["steps"]] == [False]
    assert await catalog_waits(client, outer) == [False]


async def test_sessions_older_than_the_step_are_offered_a_plan(system: System) -> None:
    (person,) = await system.people(1)
    outer = await system.activity("Outer", kind="path")
    inner = await system.activity("Inner", kind="path")
    session = await new_session(system, outer)
    inside = await new_session(system, inner)
    await system.apply(session, kind="manual", rule={"include": [person]})
    body: dict[str, Any] = {"kind": "subpath", "parent_session_id": session}
    answer = await system.post(f"/sessions/{inside}/plan", body)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "parent_session_id")
    await put_inside(system, outer, inner)
    await system.settled()
    # Nobody is enrolled before somebody has seen it.
    assert await system.enrolled(inside) == set()
    step = await inner_step(system, session)
    assert (step["state"], step["session_id"], step["people"]) == ("offered", inside, 1)
    done = await system.apply(inside, **body)
    assert done["entered"] == 1
    await system.settled()
    assert (await inner_step(system, session))["state"] == "follows"
    await system.admin.post(f"/runs/{done['run_id']}/undo")
    await system.settled()
    assert await system.enrolled(inside) == set()


async def test_who_was_just_enrolled_inside_is_offered_no_more(system: System) -> None:
    """An answer from before would stay on screen: nothing that follows moves the numbers of the session outside."""
    (person,) = await system.people(1)
    outer = await system.activity("Outer", kind="path")
    inner = await system.activity("Inner", kind="path")
    session, inside = await new_session(system, outer), await new_session(system, inner)
    await system.apply(session, kind="manual", rule={"include": [person]})
    await put_inside(system, outer, inner)
    await system.settled()
    admin = Actor(system.admin_id, is_admin=True)
    async with system.follower.index.still:
        await system.apply(inside, kind="subpath", parent_session_id=session)
        asked = asyncio.create_task(list_inner_steps(admin, system.follower, session))
        answered, _ = await asyncio.wait({asked}, timeout=0.5)
        assert not answered, "while the log is not followed there is no answer yet"
    (step,) = await asked
    assert step.state == "follows"


async def test_a_session_that_others_follow_is_deleted_after_their_methods(system: System) -> None:
    outer, inner = await paths(system, "Outer", "Inner")
    inside, session = await new_session(system, inner), await new_session(system, outer)
    refused = await system.admin.delete(f"/sessions/{session}")
    assert refused.status_code == 409, refused.text
    (named,) = refused.json()["dependents"]
    assert (named["kind"], named["session_id"]) == ("method", inside)
    removed = await system.admin.request("DELETE", f"/sessions/{inside}/methods/{named['id']}", json={})
    assert removed.status_code in (200, 204), removed.text
    assert (await system.admin.delete(f"/sessions/{session}")).status_code == 204


async def test_who_may_not_change_the_inner_session_makes_no_method_there(system: System) -> None:
    admin = await system.person("admin@group.example")
    group = await system.group()
    await system.join(group, admin, role="admin")
    outer, inner = await paths(system, "Outer", "Inner")
    await new_session(system, inner)
    client = await system.client("admin@group.example")
    answer = await client.post("/sessions", json={"activity_id": outer, "name": "Ours", "group_id": group})
    assert answer.status_code == 201, answer.text
    assert not await fetch_value("SELECT count(*) FROM enrollment_method")
