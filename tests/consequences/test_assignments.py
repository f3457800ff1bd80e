"""What groups give access to: shown first, done as shown, as one act, and only within one's rights."""

from datetime import timedelta
from typing import Any

import httpx

from backend.database import fetch_value
from tests.consequences.asking import Json
from tests.enrollment.dates.test_due_by_field import HIRED, due, field
from tests.harness.system import System


async def planned(system: System, client: httpx.AsyncClient | None = None, **body: Any) -> Json:
    answer = await system.post("/assignments/plan", body, client)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def applied(system: System, client: httpx.AsyncClient | None = None, **body: Any) -> int:
    """Do as shown; the run of the act."""
    shown = await planned(system, client, **body)
    answer = await system.post("/assignments/apply", {**body, "hash": shown["hash"]}, client)
    assert answer.status_code == 200, answer.text
    assert answer.json()["run_ids"]
    await system.settled()
    return int(answer.headers["Run"])


async def given(system: System, group: int, client: httpx.AsyncClient | None = None) -> list[Json]:
    answer = await (client or system.admin).get(f"/groups/{group}/assignments")
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["items"]
    return found


async def test_many_groups_and_courses_as_one_act(system: System) -> None:
    sales, support = await system.group("Sales"), await system.group("Support")
    under = await system.group("Sales North", parent=sales)
    anna, ben = await system.people(2, sales)
    (carl,) = await system.people(1, under)
    (dora,) = await system.people(1, support)
    await system.join(support, anna)
    one, other = await system.activity("One"), await system.activity("Other")
    first, second = await system.session(one, name="First"), await system.session(other, name="Second")
    add = [
        {"group_id": sales, "activity_id": one, "mandatory": True, "due_days": 30},
        {"group_id": sales, "session_id": second, "subgroups": False},
        {"group_id": support, "session_id": first},
    ]
    shown = await planned(system, add=add)
    assert (shown["people"], shown["entering"]) == (4, 6)
    run = await applied(system, add=add)
    assert await system.enrolled(first) == {anna, ben, carl, dora}
    assert await system.enrolled(second) == {anna, ben}
    rows = await given(system, sales)
    assert [(row["session_id"], row["subgroups"], row["mandatory"], row["people"]) for row in rows] == [
        (first, True, True, 3),
        (second, False, False, 2),
    ]
    of_activity = (await system.admin.get(f"/activities/{one}/assignments")).json()["items"]
    assert [row["group_name"] for row in of_activity] == ["Sales", "Support"]
    grid = (await system.admin.get("/assignments/grid", params={"kind": "group"})).json()
    assert [(row["name"], row["people"]) for row in grid["groups"]] == [
        ("Sales", 3),
        ("Sales North", 1),
        ("Support", 2),
    ]
    assert [(one["title"], [s["id"] for s in one["sessions"]]) for one in grid["activities"]] == [
        ("One", [first]),
        ("Other", [second]),
    ]
    assert {(cell["group_id"], cell["session_id"], cell["people"]) for cell in grid["cells"]} == {
        (sales, first, 3),
        (sales, second, 2),
        (support, first, 2),
    }
    # Whom no rule enrolls is told beside how many are in the group.
    assert (await system.admin.patch(f"/learners/{carl}", json={"status": "suspended"})).is_success
    await system.settled()
    grid = (await system.admin.get("/assignments/grid", params={"kind": "group"})).json()
    assert [(row["people"], row["inactive"]) for row in grid["groups"]] == [(3, 1), (1, 1), (2, 0)]
    assert next(one["people"] for one in grid["cells"] if one["group_id"] == sales) == 2
    assert (await system.admin.patch(f"/learners/{carl}", json={"status": "active"})).is_success
    await system.settled()
    # Who joins later is enrolled, and giving it again changes the terms of what is there.
    (eve,) = await system.people(1, under)
    await system.settled()
    assert eve in await system.enrolled(first)
    await applied(system, add=[{"group_id": sales, "session_id": second, "subgroups": True}])
    assert await system.enrolled(second) == {anna, ben, carl, eve}
    assert len(await given(system, sales)) == 2
    method = (await system.admin.get(f"/sessions/{second}/methods")).json()["items"][0]
    assert (method["subgroups"], method["rule"]["blocks"][0].get("subgroups", True)) == (True, True)

    # What came since stays as it is: who joined later, and the terms that were changed.
    undone = await system.admin.post(f"/runs/{run}/undo")
    assert undone.status_code == 200, undone.text
    await system.settled()
    assert await system.enrolled(first) == {eve}
    assert [row["session_id"] for row in await given(system, sales)] == [second]


async def test_removing_keeps_people_unless_asked(system: System) -> None:
    group = await system.group()
    anna, ben = await system.people(2, group)
    first, second = await system.session(name="First"), await system.session(name="Second")
    await applied(system, add=[{"group_id": group, "session_id": one} for one in (first, second)])
    kept, ended = [row["id"] for row in await given(system, group)]
    remove = [{"method_id": kept}, {"method_id": ended, "people": "expire"}]
    shown = await planned(system, remove=remove)
    assert (shown["leaving"], shown["entering"]) == (2, 0)
    run = await applied(system, remove=remove)
    assert await system.enrolled(first) == {anna, ben}
    assert await system.enrolled(second) == set()
    assert await given(system, group) == []
    assert (await system.admin.post(f"/runs/{run}/undo")).status_code == 200
    await system.settled()
    assert await system.enrolled(second) == {anna, ben}
    assert len(await given(system, group)) == 2


async def test_what_is_wrong_is_said_at_its_place(system: System) -> None:
    group = await system.group()
    activity = await system.activity("One")
    first = await system.session(activity, name="First")
    second = await system.session(activity, name="Second")
    refused = await system.post(
        "/assignments/plan",
        {"add": [{"group_id": group, "session_id": first}, {"group_id": group, "activity_id": activity}]},
    )
    assert (refused.status_code, refused.json()["type"]) == (422, "choose_session")
    assert [found["id"] for found in refused.json()["sessions"]] == [first, second]
    assert refused.json()["errors"][0]["path"] == "add[1].activity_id"
    picked = (await system.apply(first, kind="manual", rule={"include": await system.people(1)}))["method_id"]
    for body, path in (
        ({}, "add"),
        ({"add": [{"group_id": group, "session_id": first}] * 2}, "add[1]"),
        ({"add": [{"group_id": 999_999, "session_id": first}]}, "add[0].group_id"),
        (
            {"add": [{"group_id": group, "session_id": first, "recertify_months": 3}]},
            "add[0].recertify_months",
        ),
        ({"remove": [{"method_id": picked}]}, "remove[0].method_id"),
    ):
        answer = await system.post("/assignments/plan", body)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path), answer.text
    assert (await system.post("/assignments/plan", {"remove": [{"method_id": 999_999}]})).status_code == 404


async def test_only_ones_own_groups_and_sessions(system: System) -> None:
    mine, other = await system.group("Mine"), await system.group("Other")
    coach = await system.person("coach@people.example")
    await system.join(mine, coach, role="coach")
    await system.people(2, mine)
    await system.people(2, other)
    ours = await system.session(name="Ours", group_id=mine)
    theirs = await system.session(name="Theirs", group_id=other)
    client = await system.client("coach@people.example")
    await applied(
        system,
        add=[
            {"group_id": other, "session_id": ours},
            {"group_id": other, "session_id": theirs},
            {"group_id": mine, "session_id": theirs},
        ],
    )
    methods = {(row["session_id"]): row["id"] for row in await given(system, other)}
    hidden = (await given(system, mine))[0]["id"]
    for body in (
        {"add": [{"group_id": other, "session_id": ours}]},
        {"add": [{"group_id": mine, "session_id": theirs}]},
        {"add": [{"group_id": mine, "session_id": ours}, {"group_id": 999_999, "session_id": ours}]},
        {"remove": [{"method_id": methods[ours]}]},
        {"remove": [{"method_id": methods[theirs]}]},
        {"remove": [{"method_id": hidden}]},
    ):
        answer = await system.post("/assignments/plan", body, client)
        assert answer.status_code in {403, 404, 422}, (body, answer.text)
        answer = await system.post("/assignments/apply", {**body, "hash": "x"}, client)
        assert answer.status_code in {403, 404, 422}, (body, answer.text)
    assert (await client.get(f"/groups/{other}/assignments")).status_code == 403
    # Of what others gave one's group in sessions that one does not see nothing is told.
    assert await given(system, mine, client) == []
    await applied(system, client, add=[{"group_id": mine, "session_id": ours, "mandatory": True}])
    (row,) = await given(system, mine, client)
    assert (row["session_id"], row["mandatory"], row["editable"]) == (ours, True, True)
    grid = (await client.get("/assignments/grid")).json()
    assert ([one["id"] for one in grid["groups"]], len(grid["activities"]), len(grid["cells"])) == (
        [mine],
        1,
        1,
    )
    learner = await system.person("learner@people.example")
    await system.join(mine, learner)
    body = {"add": [{"group_id": mine, "session_id": ours}]}
    client = await system.client("learner@people.example")
    assert (await system.post("/assignments/plan", body, client)).status_code == 403
    assert await fetch_value("SELECT count(*) FROM enrollment_method WHERE kind = 'group' AND active") == 4


async def test_they_are_due_by_a_date_of_each_person_and_go_before_others(system: System) -> None:
    hired = await field(system)
    sales, support = await system.group("Sales"), await system.group("Support")
    (ana,) = await system.people(1, sales)
    await system.join(support, ana)
    edited = await system.admin.patch(f"/learners/{ana}", json={"fields": {"hired": HIRED.isoformat()}})
    assert edited.status_code == 200, edited.text
    course = await system.activity("One")
    first, second = await system.session(course, name="First"), await system.session(course, name="Second")
    by_field = {"due_field": "hired", "due_field_days": 14}
    add = [
        {"group_id": sales, "session_id": first},
        {"group_id": support, "session_id": second, "priority": 5, **by_field},
    ]
    await applied(system, add=add)
    # Both want her, and the one of the higher priority gets her.
    assert (await system.enrolled(first), await system.enrolled(second)) == (set(), {ana})
    assert await due(system, second, ana) == HIRED + timedelta(days=14)
    (row,) = await given(system, support)
    assert (row["due_field"], row["due_field_days"], row["priority"], row["due_days"]) == (hired, 14, 5, None)
    (plain,) = await given(system, sales)
    assert (plain["due_field"], plain["due_field_days"], plain["priority"]) == (None, None, 0)
    # Given again on other terms, they become these.
    await applied(system, add=[{"group_id": support, "session_id": second, "due_days": 3}])
    (row,) = await given(system, support)
    assert (row["due_field"], row["due_days"], row["priority"]) == (None, 3, 5)
    unknown = {"add": [{"group_id": support, "session_id": second, "due_field": "nothing"}]}
    answer = await system.post("/assignments/plan", unknown)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "add[0].due_field")
