"""Enrolling in several sessions at once: shown, done as shown, as one act."""

from typing import Any

import httpx

from backend.database import fetch, fetch_value
from tests.consequences.asking import Json
from tests.harness.system import System


async def planned(system: System, client: httpx.AsyncClient | None = None, **body: Any) -> Json:
    answer = await system.post("/enrollments/plan", body, client)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def applied(system: System, client: httpx.AsyncClient | None = None, **body: Any) -> httpx.Response:
    shown = await planned(system, client, **body)
    answer = await system.post("/enrollments/apply", {**body, "hash": shown["hash"]}, client)
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["Run"]) > 0
    await system.settled()
    return answer


async def test_people_in_several_sessions_at_once(system: System) -> None:
    anna, ben, carl = await system.people(3)
    one, other = await system.activity("One"), await system.activity("Other")
    first, second, third = (
        await system.session(one, name="First"),
        await system.session(other, name="Second"),
        await system.session(other, name="Third"),
    )
    targets = [{"activity_id": one}, {"session_id": second}]
    shown = await planned(system, people=[anna, ben], targets=targets)
    assert (shown["people"], shown["entering"]) == (2, 4)
    assert [(found["session_id"], found["entering"]) for found in shown["sessions"]] == [
        (first, 2),
        (second, 2),
    ]
    await applied(system, people=[anna, ben], targets=targets)
    assert await system.enrolled(first) == await system.enrolled(second) == {anna, ben}
    # They are in each session's hand-picked method, and whoever is enrolled in another session of an activity is blocked.
    assert await fetch_value("SELECT count(*) FROM enrollment_method WHERE hand_picked") == 2
    again = await planned(system, people=[anna, carl], targets=[{"session_id": third}])
    assert (again["entering"], again["blocked"]) == (1, 1)

    refused = await system.post("/enrollments/plan", {"people": [carl], "targets": [{"activity_id": other}]})
    assert (refused.status_code, refused.json()["type"]) == (422, "choose_session")
    assert [found["id"] for found in refused.json()["sessions"]] == [second, third]
    assert refused.json()["errors"][0]["path"] == "targets[0].activity_id"
    await applied(system, people=[carl], targets=[{"session_id": third}])
    changed = await system.post(
        "/enrollments/apply", {"people": [carl], "targets": [{"session_id": third}], "hash": again["hash"]}
    )
    assert (changed.status_code, changed.json()["type"]) == (409, "consequences_changed")


async def test_an_audience_has_one_method_in_a_session(system: System) -> None:
    group = await system.group()
    anna, ben = await system.people(2, group)
    first, second = await system.session(name="First"), await system.session(name="Second")
    made = (await system.apply(first, kind="group", group_id=group, name="Sales"))["method_id"]
    await system.settled()
    targets = [{"session_id": first}, {"session_id": second}]
    shown = await planned(system, group_id=group, targets=targets)
    assert shown["existing"] == [{"session_id": first, "method_id": made, "name": "Sales"}]
    assert shown["entering"] == 2
    await applied(system, group_id=group, targets=targets)
    rows = await fetch("SELECT session_id FROM enrollment_method ORDER BY id")
    assert [row["session_id"] for row in rows] == [first, second]
    rule = {"blocks": [{"groups": [group]}]}
    for existing in (0, 1):
        shown = await planned(system, rule=rule, dynamic=True, targets=[{"session_id": second}])
        assert len(shown["existing"]) == existing
        await applied(system, rule=rule, dynamic=True, targets=[{"session_id": second}])
    assert await system.enrolled(second) == {anna, ben}


async def test_pasted_addresses_keep_their_names(system: System) -> None:
    group = await system.group()
    known = await system.person("known@people.example")
    coach = await system.person("coach@people.example")
    await system.join(group, coach, role="coach")
    await system.join(group, known)
    first, second = [await system.session(name=name, group_id=group) for name in ("First", "Second")]
    client = await system.client("coach@people.example")
    targets = [{"session_id": first}, {"session_id": second}]
    text = '"Ann Mary Lee" <ann@new.example>, known@people.example; Bob <bob@new.example>\nnonsense'
    refused = await system.post("/enrollments/plan", {"emails": text, "targets": targets}, client)
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "group_id")
    body = {"emails": text, "targets": targets, "group_id": group}
    shown = await planned(system, client, **body)
    addresses = shown["addresses"]
    assert (addresses["known"], addresses["new"], addresses["invalid"]) == (1, 2, 1)
    await applied(system, client, **body)
    rows = await fetch(
        "SELECT first_name, last_name, status FROM learner WHERE email LIKE '%@new.example' ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [("Ann Mary", "Lee", "invited"), ("Bob", "", "invited")]
    assert len(await system.enrolled(first)) == len(await system.enrolled(second)) == 3
    assert await fetch_value("SELECT count(*) FROM membership WHERE group_id = $1", group) == 4
    # Who is nobody's to the coach has to be asked for.
    stranger = await system.person("stranger@people.example")
    body = {"emails": "stranger@people.example", "targets": targets}
    shown = await planned(system, client, **body)
    assert (shown["addresses"]["ask"], shown["addresses"]["items"][0]["learner_id"]) == (1, None)
    assert stranger not in await system.enrolled(first)
