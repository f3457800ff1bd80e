"""A session has one hand-picked method: picking, pasting, importing and keeping go into it, and only add."""

import asyncio
from importlib import import_module
from typing import Any

import httpx
import pytest

from backend.database import fetch, fetch_value, transaction
from tests.enrollment.writing.test_sources_decide import HISTORY, imported
from tests.harness.system import System

MIGRATION: Any = import_module("backend.migrations.muster_2026_11_29_hand_picked")


def picking(*people: int, **more: Any) -> dict[str, Any]:
    """A body that picks people by name."""
    return {"kind": "manual", "rule": {"include": list(people)}, **more}


async def methods(system: System, session: int) -> list[dict[str, Any]]:
    """As the admin reads them."""
    found: list[dict[str, Any]] = (await system.admin.get(f"/sessions/{session}/methods")).json()["items"]
    return found


async def held_by(method: int) -> set[int]:
    """Whose live sources are the method's."""
    rows = await fetch("SELECT learner_id FROM source WHERE method_id = $1 AND until IS NULL", method)
    return {row["learner_id"] for row in rows}


async def address(learner: int) -> str:
    """Their e-mail address."""
    found: str = await fetch_value("SELECT email FROM learner WHERE id = $1", learner)
    return found


async def paste(system: System, session: int, learner: int) -> httpx.Response:
    """Their address, sorted and confirmed."""
    body = {"emails": [await address(learner)]}
    sorting = (await system.post(f"/sessions/{session}/emails", body)).json()
    return await system.post(f"/sessions/{session}/emails", {**body, "hash": sorting["hash"]})


async def test_every_way_by_name_leads_into_one_method(system: System) -> None:
    group = await system.group()
    picked, pasted, plain, dated, kept = await system.people(5)
    await system.join(group, kept)
    session = await system.session()
    of_group = (await system.enroll_group(session, group))["method_id"]
    first = await system.apply(session, **picking(picked))
    assert (await paste(system, session, pasted)).json()["method_id"] == first["method_id"]
    await imported(system, plain, session)
    await imported(system, dated, session, since=HISTORY[0])
    await system.admin.delete(f"/sessions/{session}/methods/{of_group}")
    await system.settled()
    (only,) = await methods(system, session)
    assert (only["id"], only["hand_picked"], only["rule"], only["name"]) == (
        first["method_id"],
        True,
        None,
        "",
    )
    assert await held_by(only["id"]) == {picked, pasted, plain, dated, kept} == await system.enrolled(session)


async def test_picking_only_adds(system: System) -> None:
    one, other, third = await system.people(3)
    session = await system.session()
    first = await system.apply(session, **picking(one))
    second = await system.apply(session, **picking(other))
    assert (second["method_id"], second["entered"], second["left"]) == (first["method_id"], 1, 0)
    for body in (picking(third), {"method_id": first["method_id"], "rule": {"include": [third]}}):
        plan = await system.plan(session, **body)
        assert (plan["entering"], plan["leaving"], plan["losing"], plan["staying"]) == (1, 0, 0, 2)
    nobody = await system.apply(session, method_id=first["method_id"], rule={})
    assert (nobody["entered"], nobody["left"]) == (0, 0)
    assert await system.enrolled(session) == {one, other}
    # Whoever is to go is unenrolled, or what brought them is undone.
    await system.post(f"/runs/{second['run_id']}/undo", {})
    assert await system.enrolled(session) == {one}
    assert (await system.method(first["method_id"]))["state"] == "live"


async def test_a_confirmation_that_comes_twice_is_done_once(system: System) -> None:
    one, other = await system.people(2)
    session = await system.session()
    plan = await system.plan(session, **picking(one))
    # What others pick meanwhile changes nothing for whom this is about.
    await system.apply(session, **picking(other))
    body = {**picking(one), "hash": plan["hash"]}
    answers = [(await system.post(f"/sessions/{session}/apply", body)).json() for _ in range(2)]
    assert answers[0]["entered"] == 1
    assert answers[0]["run_id"] == answers[1]["run_id"]
    more = {"method_id": answers[0]["method_id"], "rule": {"include": [one]}}
    assert (await system.plan(session, **more))["hash"] != plan["hash"]


async def test_who_pick_at_the_same_moment_meet_in_one_method(system: System) -> None:
    people = await system.people(8)
    session = await system.session()
    emails, picks = people[:4], people[4:]
    plans = [await system.plan(session, **picking(one)) for one in picks]
    answers = await asyncio.gather(
        *(
            system.post(f"/sessions/{session}/apply", {**picking(one), "hash": plan["hash"]})
            for one, plan in zip(picks, plans, strict=True)
        ),
        *(paste(system, session, one) for one in emails),
    )
    assert {answer.status_code for answer in answers} == {200}
    (only,) = await methods(system, session)
    assert await held_by(only["id"]) == set(people)


async def test_other_terms_are_a_method_of_their_own(system: System) -> None:
    one, other, third = await system.people(3)
    session = await system.session()
    picked = (await system.apply(session, **picking(one)))["method_id"]
    named = await system.apply(session, **picking(other, name="New hires", due_days=5))
    assert named["method_id"] != picked
    assert [(row["hand_picked"], row["rule"] is None) for row in await methods(system, session)] == [
        (True, True),
        (False, False),
    ]
    # Its list is its own: who is taken off leaves.
    path = f"/sessions/{session}/plan"
    plan = (await system.post(path, {"method_id": named["method_id"], "rule": {"include": [third]}})).json()
    assert (plan["entering"], plan["leaving"]) == (1, 1)
    # The terms of the hand-picked method change for all of it, and stay its own.
    await system.apply(session, method_id=picked, mandatory=True, rule={"include": [third]})
    assert await held_by(picked) == {one, third}
    assert (await system.method(picked))["rule"] is None
    assert (await system.enrollment(session, one))["mandatory"]
    assert (await system.apply(session, **picking(other)))["method_id"] == picked


async def test_it_stays_on_and_is_one_again_after_it_was_deleted(system: System) -> None:
    one, other = await system.people(2)
    session = await system.session()
    picked = (await system.apply(session, **picking(one)))["method_id"]
    at = f"/sessions/{session}/methods/{picked}"
    refused = await system.admin.patch(at, json={"active": False})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "active")
    refused = await system.admin.patch(at, json={"rule": {"include": [other]}})
    assert (refused.status_code, refused.json()["type"]) == (409, "needs_plan")
    gone = (await system.admin.delete(at)).json()
    await system.settled()
    (again,) = await methods(system, session)
    assert again["id"] != picked
    assert await held_by(again["id"]) == {one}
    # The deletion is undone, and the session has two methods, of which one is hand-picked.
    assert (await system.post(f"/runs/{gone['run_id']}/undo", {})).status_code == 200
    marked = {row["id"]: row["hand_picked"] for row in await methods(system, session)}
    assert marked == {picked: False, again["id"]: True}
    assert await system.enrolled(session) == {one}
    # What put it aside does not stand in the way of the next who is picked.
    await system.write(
        "UPDATE enrollment_method SET active = false, state = 'draft' WHERE id = $1", again["id"]
    )
    assert (await system.apply(session, **picking(other)))["method_id"] == again["id"]
    assert (await system.method(again["id"]))["state"] == "live"


async def test_history_from_a_sheet_ends_nothing_that_a_person_picked(system: System) -> None:
    picked, plain = await system.people(2)
    session = await system.session()
    method = (await system.apply(session, **picking(picked)))["method_id"]
    await imported(system, plain, session)
    since, until = HISTORY
    for _ in range(2):
        for person in (picked, plain):
            assert (await imported(system, person, session, since=since, until=until)).errors == []
    assert await system.enrolled(session) == {picked}
    assert await held_by(method) == {picked}
    assert await fetch_value("SELECT count(*) FROM source WHERE learner_id = $1", picked) == 2
    assert await fetch_value("SELECT count(*) FROM source WHERE learner_id = $1", plain) == 1


async def test_who_is_kept_from_it_stays_in_it(system: System) -> None:
    (person,) = await system.people(1)
    activity = await system.activity()
    session = await system.session(activity)
    await imported(system, person, session, since=HISTORY[0])
    await system.write(
        "INSERT INTO result (learner_id, activity_id, session_id, status, completed_at)"
        " VALUES ($1, $2, $3, 'completed', '2024-03-01')",
        person,
        activity,
        session,
    )
    since, until = HISTORY
    for _ in range(2):
        await imported(system, person, session, since=since, until=until)
    (only,) = await methods(system, session)
    assert await held_by(only["id"]) == {person}
    assert await fetch_value("SELECT count(*) FROM source") == 2


async def test_a_coach_picks_beside_people_who_are_not_theirs(system: System) -> None:
    own, board = await system.group("Own"), await system.group("Board")
    mine, other_of_mine = await system.people(2, own)
    strangers = await system.people(2, board)
    session = await system.session(group_id=own)
    coach_id = await system.person("coach@example.org")
    await system.join(own, coach_id, role="coach")
    coach = await system.client("coach@example.org")
    method = (await system.apply(session, **picking(*strangers)))["method_id"]
    at = f"/sessions/{session}/methods/{method}"
    done = await system.apply(session, coach, **picking(mine))
    assert (done["method_id"], done["entered"]) == (method, 1)
    more = await system.apply(session, coach, method_id=method, rule={"include": [other_of_mine]})
    assert (more["method_id"], more["entered"]) == (method, 1)
    before = await system.method(method)
    for body in (
        picking(mine, strangers[0]),
        {"method_id": method, "rule": {"include": [strangers[0]]}},
        {"method_id": method, "rule": {"include": [mine], "exclude": [strangers[0]]}},
        {"method_id": method, "rule": {}, "on_leave": "erase"},
        {"method_id": method, "mandatory": True},
        {"method_id": method, "name": "Mine now"},
    ):
        for path in ("plan", "apply"):
            answer = await coach.post(
                f"/sessions/{session}/{path}", json={**body, "hash": "0" * 64} if path == "apply" else body
            )
            assert answer.status_code == 403, (body, answer.text)
    assert (await coach.patch(at, json={"name": "Mine now"})).status_code == 403
    # Nor does an instructor set the terms for those who are picked later, while it holds nobody.
    other = await system.session(group_id=own)
    empty = (await system.apply(other, **picking()))["method_id"]
    instructor_id = await system.person("instructor@example.org")
    await system.write("INSERT INTO session_instructor VALUES ($1, $2)", other, instructor_id)
    instructor = await system.client("instructor@example.org")
    terms = f"/sessions/{other}/methods/{empty}"
    assert (await instructor.patch(terms, json={"mandatory": True})).status_code == 403
    assert (await coach.patch(terms, json={"mandatory": True})).status_code == 200
    for people in ("keep", "expire", "erase"):
        assert (await coach.delete(at, params={"people": people})).status_code == 403
    assert await system.method(method) == before
    undone = await coach.post(f"/runs/{done['run_id']}/undo")
    assert undone.status_code == 200, undone.text
    assert await system.enrolled(session) == {*strangers, other_of_mine}


@pytest.mark.parametrize("named", ["E-mail", "Import", "By hand of Ann"])
async def test_the_oldest_of_older_methods_becomes_it(system: System, named: str) -> None:
    session, empty = await system.session(), await system.session()
    made = "INSERT INTO enrollment_method (session_id, kind, name, state, rule, created_at) VALUES ($1, 'manual', $2, $3, $4, muster_now()) RETURNING id"
    listed = await system.write_value(made, session, "", "live", {"include": []})
    draft = await system.write_value(made, session, "", "draft", None)
    oldest = await system.write_value(made, session, named, "live", None)
    younger = await system.write_value(made, session, "Import", "live", None)
    async with transaction() as connection:
        await connection.execute(MIGRATION.BACKFILL)
    found = {
        row["id"]: (row["hand_picked"], row["name"]) for row in await fetch("SELECT * FROM enrollment_method")
    }
    name = named if named.startswith("By") else ""
    assert found == {
        listed: (False, ""),
        draft: (False, ""),
        oldest: (True, name),
        younger: (False, "Import"),
    }
    assert await methods(system, empty) == []
    (person,) = await system.people(1)
    await system.settled()
    assert (await system.apply(session, **picking(person)))["method_id"] == oldest
