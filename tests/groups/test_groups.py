"""Groups: tree, bulk, members, deletion."""

from typing import Any

import httpx
import pytest

from backend.database import fetch, fetch_value
from tests.harness.api_fixtures import AddPerson

pytestmark = pytest.mark.usefixtures("sequencer")


async def _bulk(admin: httpx.AsyncClient, *rows: dict[str, object]) -> dict[str, Any]:
    answer = await admin.post("/groups/bulk", json={"groups": rows})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _id(external_id: str) -> int:
    found: int = await fetch_value("SELECT id FROM learner_group WHERE external_id = $1", external_id)
    return found


async def _people(admin: httpx.AsyncClient, count: int, **more: object) -> list[int]:
    rows = [{"email": f"p{i}@example.org", "external_id": f"P{i}", **more} for i in range(count)]
    assert (await admin.post("/learners/bulk", json={"learners": rows})).json()["errors"] == []
    return [row[0] for row in await fetch("SELECT id FROM learner WHERE external_id LIKE 'P%' ORDER BY id")]


async def test_a_group_from_beginning_to_end(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/groups", json={"name": "Acme", "kind": "company", "external_id": "acme"})
    assert answer.status_code == 201, answer.text
    acme = answer.json()
    assert acme == {
        "id": acme["id"],
        "name": "Acme",
        "kind": "company",
        "parent_id": None,
        "description": "",
        "color": None,
        "private": False,
        "external_id": "acme",
        "member_count": 0,
        "total_count": 0,
        "ends_at": None,
        "after_end": "freeze",
        "ended": False,
        "version": 1,
    }
    team = (await admin.post("/groups", json={"name": "Team", "parent_id": acme["id"]})).json()
    for bad, path in (
        ({"name": ""}, "name"),
        ({"name": "x", "kind": "club"}, "kind"),
        ({"name": "x", "color": "red"}, "color"),
        ({"name": "x", "parent_id": 999_999}, "parent_id"),
        ({"name": "x", "parent_id": 2**40}, "parent_id"),
    ):
        answer = await admin.post("/groups", json=bad)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path), answer.text
    assert (await admin.post("/groups", json={"name": "x", "external_id": "acme"})).status_code == 409
    circle = await admin.patch(f"/groups/{acme['id']}", json={"parent_id": team["id"]})
    assert (circle.status_code, circle.json()["errors"][0]["path"]) == (422, "parent_id")
    changed = await admin.patch(
        f"/groups/{team['id']}", json={"color": "#2f6fed", "description": None}, headers={"if-match": "1"}
    )
    assert (changed.status_code, changed.json()["color"], changed.json()["version"]) == (200, "#2f6fed", 2)
    assert (
        await admin.patch(f"/groups/{team['id']}", json={"name": "y"}, headers={"if-match": "1"})
    ).status_code == 409
    refused = await admin.delete(f"/groups/{acme['id']}")
    assert refused.json()["dependents"] == [{"kind": "group", "id": team["id"], "name": "Team"}]
    for group in (team, acme):
        assert (await admin.delete(f"/groups/{group['id']}")).status_code == 204


async def test_bulk_takes_parents_in_any_order_and_refuses_circles(admin: httpx.AsyncClient) -> None:
    answer = await _bulk(
        admin,
        {"external_id": "c", "name": "C", "parent_external_id": "b"},
        {"external_id": "b", "name": "B", "parent_external_id": "a", "kind": "department"},
        {"external_id": "a", "name": "A"},
        {"external_id": "lost", "name": "Lost", "parent_external_id": "nowhere"},
        {"external_id": "below", "name": "Below", "parent_external_id": "lost"},
        {"external_id": "x", "name": "X", "parent_external_id": "y"},
        {"external_id": "y", "name": "Y", "parent_external_id": "x"},
        {"external_id": "z", "name": "Z", "parent_external_id": "z"},
        {"external_id": "under-x", "name": "U", "parent_external_id": "x"},
        {"external_id": "a", "name": "Again"},
        {"external_id": "nameless"},
        {"external_id": "d", "name": "D", "kind": "club"},
    )
    assert answer["created"] == 3
    assert [(e["row"], e["path"], e["code"]) for e in answer["errors"]] == [
        (3, "parent_external_id", "unknown"),
        (4, "parent_external_id", "unknown"),
        (5, "parent_external_id", "cycle"),
        (6, "parent_external_id", "cycle"),
        (7, "parent_external_id", "cycle"),
        (8, "parent_external_id", "unknown"),
        (9, "external_id", "duplicate"),
        (10, "name", "required"),
        (11, "kind", "choice"),
    ]
    circle = await _bulk(
        admin, {"external_id": "a", "parent_external_id": "c"}, {"external_id": "b", "name": "B2"}
    )
    assert [(e["row"], e["code"]) for e in circle["errors"]] == [(0, "cycle")]
    assert circle["updated"] == 1
    turned = await _bulk(
        admin,
        {"external_id": "a", "parent_external_id": "b"},
        {"external_id": "b", "parent_external_id": "c"},
        {"external_id": "c", "parent_external_id": None},
    )
    assert (turned["updated"], turned["errors"]) == (3, [])
    again = await _bulk(
        admin, {"external_id": "a", "name": "A", "parent_external_id": "b"}, {"external_id": "c"}
    )
    assert (again["updated"], again["unchanged"]) == (0, 2)


async def test_members_come_go_and_move(admin: httpx.AsyncClient) -> None:
    await _bulk(
        admin, {"external_id": "a", "name": "A"}, {"external_id": "b", "name": "B", "parent_external_id": "a"}
    )
    a, b = await _id("a"), await _id("b")
    people = await _people(admin, 5)
    added = await admin.post(
        f"/groups/{a}/members", json={"learner_ids": people[:3], "external_ids": ["P2", "P3"]}
    )
    assert (added.status_code, added.json()) == (
        200,
        {"added": 4, "updated": 0, "unchanged": 0, "approved": 0},
    )
    added = await admin.post(f"/groups/{b}/members", json={"learner_ids": people[:1], "role": "coach"})
    assert added.json()["added"] == 1
    group = (await admin.get(f"/groups/{a}")).json()
    assert (group["member_count"], group["total_count"]) == (4, 4)
    promoted = await admin.post(f"/groups/{a}/members", json={"learner_ids": people[:2], "role": "admin"})
    assert promoted.json()["updated"] == 2
    kept = await admin.post(f"/groups/{a}/members", json={"learner_ids": people[:2]})
    assert kept.json()["unchanged"] == 2
    members = (await admin.get(f"/groups/{a}/members", params={"sort": "id", "limit": 3})).json()
    assert [(m["id"], m["role"]) for m in members["items"]] == [
        (people[0], "admin"),
        (people[1], "admin"),
        (people[2], "member"),
    ]
    assert members["total"] == 4
    rest = (await admin.get(f"/groups/{a}/members", params={"sort": "id", "cursor": members["next"]})).json()
    assert [m["id"] for m in rest["items"]] == [people[3]]

    unknown = await admin.post(
        f"/groups/{a}/members", json={"learner_ids": [people[4], 999_999], "external_ids": ["?"]}
    )
    assert unknown.status_code == 422
    assert [e["path"] for e in unknown.json()["errors"]] == ["learner_ids[1]", "external_ids[0]"]
    assert (await admin.get(f"/groups/{a}")).json()["member_count"] == 4

    moved = await admin.post(f"/groups/{a}/members/move", json={"learner_ids": people[:3], "to_group_id": b})
    assert moved.json()["moved"] == 3
    roles = {
        row["learner_id"]: row["role"]
        for row in await fetch("SELECT * FROM membership WHERE group_id = $1", b)
    }
    assert roles == {people[0]: "coach", people[1]: "admin", people[2]: "member"}
    removed = await admin.post(
        f"/groups/{b}/members/remove", json={"learner_ids": people, "unlink": "group_only"}
    )
    assert removed.json()["removed"] == 3
    assert (await admin.get(f"/groups/{a}")).json()["total_count"] == 1


async def test_counts_take_each_person_once_at_any_depth(admin: httpx.AsyncClient) -> None:
    rows: list[dict[str, object]] = [
        {"external_id": f"g{i}", "name": f"G{i}", **({"parent_external_id": f"g{i - 1}"} if i else {})}
        for i in range(6)
    ]
    await _bulk(admin, *rows)
    await _people(admin, 3, groups=["g0", "g3", "g5"])
    found = {g["external_id"]: g for g in (await admin.get("/groups")).json()["items"]}
    assert [(found[f"g{i}"]["member_count"], found[f"g{i}"]["total_count"]) for i in range(6)] == [
        (3, 3),
        (0, 3),
        (0, 3),
        (3, 3),
        (0, 3),
        (3, 3),
    ]
    assert (await admin.get("/groups", params={"q": "g4"})).json()["total"] == 1
    assert (await admin.get("/groups", params={"parent": found["g3"]["id"]})).json()["items"][0][
        "external_id"
    ] == "g4"


async def test_deleting_a_group_names_what_depends_on_it(admin: httpx.AsyncClient) -> None:
    await _bulk(admin, {"external_id": "a", "name": "A"})
    a = await _id("a")
    await _people(admin, 2, groups=["a"])
    activity = await fetch_value(
        "INSERT INTO activity (kind, title) VALUES ('course', 'Safety') RETURNING id"
    )
    session = await fetch_value(
        "INSERT INTO session (activity_id, name, group_id) VALUES ($1, 'May', $2) RETURNING id", activity, a
    )
    rule = {"blocks": [{"groups": [a]}]}
    method = await fetch_value(
        "INSERT INTO enrollment_method (session_id, kind, rule, created_at)"
        " VALUES ($1, 'audience', $2, muster_now()) RETURNING id",
        session,
        rule,
    )
    refused = await admin.delete(f"/groups/{a}")
    assert (refused.status_code, refused.json()["type"]) == (409, "has_dependents")
    assert [(d["kind"], d["id"]) for d in refused.json()["dependents"]] == [
        ("session", session),
        ("method", method),
    ]
    await fetch("DELETE FROM session")
    assert (await admin.delete(f"/groups/{a}")).status_code == 204
    assert await fetch_value("SELECT count(*) FROM learner") == 3


async def test_who_leaves_a_group_can_leave_its_sessions_too(admin: httpx.AsyncClient) -> None:
    await _bulk(admin, {"external_id": "a", "name": "A"}, {"external_id": "b", "name": "B"})
    a, b = await _id("a"), await _id("b")
    people = await _people(admin, 3, groups=["a"])
    activity = await fetch_value(
        "INSERT INTO activity (kind, title) VALUES ('course', 'Safety') RETURNING id"
    )
    session = await fetch_value(
        "INSERT INTO session (activity_id, name, group_id) VALUES ($1, 'May', $2) RETURNING id", activity, a
    )
    method = await fetch_value(
        "INSERT INTO enrollment_method (session_id, kind, group_id, state, created_at)"
        " VALUES ($1, 'group', $2, 'live', muster_now()) RETURNING id",
        session,
        a,
    )
    await fetch(
        "INSERT INTO enrollment (session_id, activity_id, learner_id, state, exclusive, since)"
        " SELECT $1, $2, l, 'active', true, muster_now() FROM unnest($3::integer[]) AS w(l)",
        session,
        activity,
        people,
    )
    await fetch(
        "INSERT INTO source (method_id, learner_id, session_id, since)"
        " SELECT $1, l, $2, muster_now() FROM unnest($3::integer[]) AS w(l)",
        method,
        session,
        people,
    )
    for person, act, body in (
        (people[0], "remove", {}),
        (people[1], "remove", {"unlink": "expire"}),
        (
            people[2],
            "move",
            {"unlink": "erase", "to_group_id": b, "confirm": {"completions": 0, "certificates": 0}},
        ),
    ):
        answer = await admin.post(f"/groups/{a}/members/{act}", json={"learner_ids": [person], **body})
        assert answer.status_code == 200, answer.text
    states = {
        row["learner_id"]: row["state"] for row in await fetch("SELECT learner_id, state FROM enrollment")
    }
    assert states[people[0]] == "active"
    assert states[people[1]] == "expired"
    assert states.get(people[2]) in (None, "expired")
    assert await fetch_value("SELECT count(*) FROM source WHERE until IS NULL") == 1


async def test_only_approved_people_are_in_groups(admin: httpx.AsyncClient, add_person: AddPerson) -> None:
    group = (await admin.post("/groups", json={"name": "Sales", "external_id": "sales"})).json()["id"]
    active, waiting = await add_person("a@example.org"), await add_person("w@example.org", status="pending")
    members = f"/groups/{group}/members"
    refused = await admin.post(members, json={"learner_ids": [active, waiting]})
    assert (refused.status_code, refused.json()["type"]) == (409, "not_approved")
    assert [one["email"] for one in refused.json()["pending"]] == ["w@example.org"]
    assert "approve" in refused.json()["detail"]
    assert (await admin.get(f"/groups/{group}")).json()["member_count"] == 0

    # In bulk their groups wait, uncounted.
    bulk = await admin.post(
        "/learners/bulk",
        json={"learners": [{"email": "new@example.org", "status": "pending", "groups": ["sales"]}]},
    )
    assert bulk.json()["errors"] == []
    assert (await admin.get(f"/groups/{group}")).json()["member_count"] == 0
    assert (await admin.get(members)).json()["total"] == 0
    assert (await admin.get("/learners", params={"group": group})).json()["total"] == 0
    assert (await admin.get("/learners", params={"group_tree": group})).json()["total"] == 0
    (new,) = (await admin.get("/learners", params={"q": "new@"})).json()["items"]
    assert [(one["id"], one["waiting"]) for one in new["groups"]] == [(group, True)]
    await admin.patch(f"/learners/{new['id']}", json={"status": "active"})
    assert (await admin.get(f"/groups/{group}")).json()["member_count"] == 1
    assert (await admin.get(members)).json()["total"] == 1

    both = await admin.post(members, json={"learner_ids": [active, waiting], "approve": True})
    assert (both.status_code, both.json()["added"], both.json()["approved"]) == (200, 2, 1)
    assert await fetch_value("SELECT status FROM learner WHERE id = $1", waiting) == "active"
    made = await admin.post(
        "/learners", json={"email": "x@example.org", "status": "pending", "groups": [{"id": group}]}
    )
    assert made.status_code == 409
