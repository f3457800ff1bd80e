"""What is refused, and with which error."""

from typing import Any

import pytest

from tests.harness.system import System

FRENCH = {"type": "language", "op": "in", "values": ["fr"]}


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"kind": "audience", "dynamic": True}, "rule", "required"),
        ({"kind": "chain", "dynamic": True}, "after_activity_id", "required"),
        ({"kind": "chain", "after_activity_id": 1, "dynamic": False}, "dynamic", "always"),
        ({"kind": "chain", "after_activity_id": 1, "rule": {"include": [1]}}, "rule.include", "derived"),
        ({"kind": "audience", "rule": {}, "after_status": "completed"}, "after_status", "not_chain"),
        ({"kind": "group"}, "group_id", "required"),
        ({"kind": "manual", "dynamic": True, "rule": {"include": []}}, "dynamic", "by_name"),
        ({"kind": "manual", "rule": {"blocks": [{"everyone": True}]}}, "rule.blocks", "by_name"),
        ({"kind": "manual", "rule": {}, "key": "x"}, "key", "not_self"),
        (
            {"kind": "manual", "rule": {}, "due_days": 3, "due_at": "2030-01-01T00:00:00Z"},
            "due_days",
            "either_or",
        ),
        ({"kind": "manual", "rule": {}, "course_group_id": 99}, "course_group_id", "unknown"),
        ({"kind": "audience", "rule": {}, "group_id": 1}, "group_id", "not_group"),
        ({"kind": "audience", "rule": {}, "segment_id": 1}, "segment_id", "not_segment"),
        ({"kind": "audience", "rule": {}, "after_activity_id": 1}, "after_activity_id", "not_chain"),
        ({"kind": "segment", "segment_id": 1, "key": "x"}, "key", "not_self"),
        ({"kind": "self", "rule": {"blocks": [{"everyone": True}]}}, "rule.blocks", "derived"),
        ({"kind": "self", "rule": {"exclude": [1]}}, "rule.exclude", "derived"),
        ({"kind": "self", "key": "k", "dynamic": True}, "dynamic", "by_name"),
        ({"kind": "self"}, "open", "required"),
        ({"kind": "self", "key": "k", "open": True}, "open", "either_or"),
        ({"kind": "self", "open": True, "capacity": 0}, "capacity", "range"),
        (
            {
                "kind": "self",
                "open": True,
                "opens_at": "2030-01-02T00:00:00Z",
                "closes_at": "2030-01-01T00:00:00Z",
            },
            "closes_at",
            "order",
        ),
        ({"kind": "audience", "rule": {}, "capacity": 3}, "capacity", "not_self"),
        ({"kind": "group", "group_id": 1, "rule": {"include": [1]}}, "rule.include", "derived"),
        (
            {"kind": "group", "group_id": 1, "rule": {"blocks": [{"groups": [1], "filters": [FRENCH]}]}},
            "rule.blocks[0].filters",
            "derived",
        ),
        (
            {"kind": "group", "group_id": 1, "rule": {"blocks": [{"groups": [2]}]}},
            "rule.blocks[0].groups",
            "derived",
        ),
        (
            {"kind": "group", "group_id": 1, "rule": {"blocks": [{"groups": [1]}, {"groups": [1]}]}},
            "rule.blocks",
            "derived",
        ),
        (
            {"kind": "segment", "segment_id": 1, "rule": {"blocks": [{"everyone": True}]}},
            "rule.blocks",
            "derived",
        ),
        ({"kind": "audience", "rule": {}, "recertify_months": 12}, "recertify_months", "not_supported"),
        (
            {"kind": "audience", "rule": {}, "dynamic": True, "on_leave": "erase"},
            "on_leave",
            "dynamic",
        ),
    ],
)
async def test_plans_that_make_no_sense(system: System, body: dict[str, Any], path: str, code: str) -> None:
    session = await system.session()
    answer = await system.admin.post(f"/sessions/{session}/plan", json=body)
    assert answer.status_code == 422, answer.text
    assert (answer.json()["errors"][0]["path"], answer.json()["errors"][0]["code"]) == (path, code)


async def test_stored_values_that_are_refused_now_harm_nobody(system: System) -> None:
    group = await system.group()
    people = await system.people(2, group)
    activity = await system.activity()
    session = await system.session(activity)
    done = await system.enroll_group(session, group)
    await system.write(
        "UPDATE enrollment_method SET on_leave = 'erase', recertify_months = 12, after_activity_id = $2 WHERE id = $1",
        done["method_id"],
        activity,
    )
    path = f"/sessions/{session}/methods/{done['method_id']}"
    stored = (await system.admin.get(path)).json()
    assert stored["on_leave"] == "expire"
    # What is told can be sent back, and other things can be changed.
    changed = await system.admin.patch(path, json={"name": "Sales", "on_leave": stored["on_leave"]})
    assert changed.status_code == 200, changed.text
    body: dict[str, Any] = {"kind": "group", "group_id": group, "rule": {"exclude": people[:1]}}
    assert (await system.plan(session, **body))["gaining"] == 1
    derived = {"blocks": [{"groups": [group], "subgroups": False}], "exclude": people[:1]}
    assert (await system.plan(session, **(body | {"rule": derived})))["gaining"] == 1


def enrolled_filter(status: str, activity: int) -> dict[str, Any]:
    return {
        "blocks": [
            {"everyone": True, "filters": [{"type": "path_result", "status": status, "paths": [activity]}]}
        ]
    }


async def test_rules_that_ask_about_themselves(system: System) -> None:
    first, second = await system.activity("First"), await system.activity("Second")
    one, two = await system.session(first), await system.session(second)
    own = {"kind": "audience", "rule": enrolled_filter("not_enrolled", first), "dynamic": True}
    answer = await system.admin.post(f"/sessions/{one}/plan", json=own)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "circular_enrollment")
    # A snapshot asks once, and cannot go round.
    assert (
        await system.admin.post(f"/sessions/{one}/plan", json={**own, "dynamic": False})
    ).status_code == 200
    await system.apply(one, kind="audience", rule=enrolled_filter("enrolled", second), dynamic=True)
    back = {"kind": "audience", "rule": enrolled_filter("enrolled", first), "dynamic": True}
    answer = await system.admin.post(f"/sessions/{two}/plan", json=back)
    assert answer.json()["errors"][0]["code"] == "circular_enrollment"
    assert "First" in answer.json()["errors"][0]["message"]
    made = await system.admin.post(
        "/segments", json={"name": "Round", "rule": enrolled_filter("enrolled", first)}
    )
    through = {"kind": "segment", "segment_id": made.json()["id"]}
    answer = await system.admin.post(f"/sessions/{two}/plan", json=through)
    assert answer.json()["errors"][0]["code"] == "circular_enrollment"


async def test_a_chain_of_enrolled_rules_is_followed(system: System) -> None:
    first, second = await system.activity("First"), await system.activity("Second")
    one, two = await system.session(first), await system.session(second)
    group = await system.group()
    people = await system.people(2, group)
    await system.apply(two, kind="audience", rule=enrolled_filter("enrolled", first), dynamic=True)
    await system.enroll_group(one, group)
    await system.settled()
    assert await system.enrolled(two) == set(people)
    await system.leave(group, people[0])
    await system.settled()
    assert await system.enrolled(two) == {people[1]}


async def test_unknown_things(system: System) -> None:
    session = await system.session()
    for address in (
        "/sessions/999/methods", f"/sessions/{session}/methods/999", "/runs/999", "/runs/999/changes",
        "/sessions/999/enrollments", "/sessions/999/counts", "/learners/999/enrollments", f"/runs/{2**70}",
    ):  # fmt: skip
        assert (await system.admin.get(address)).status_code == 404, address
    for address in (
        "/runs/999/undo",
        "/enrollments/999/suspend",
        "/sessions/999/plan",
        f"/enrollments/{2**70}/resume",
    ):
        answer = await system.admin.post(address, json={"rule": {}} if "plan" in address else None)
        assert answer.status_code == 404, (address, answer.text)
    other = await system.session()
    method = (await system.apply(other, kind="manual", rule={"include": [system.admin_id]}))["method_id"]
    assert (await system.admin.get(f"/sessions/{session}/methods/{method}")).status_code == 404
    changed = await system.admin.post(
        f"/sessions/{other}/plan", json={"method_id": method, "kind": "self", "open": True}
    )
    assert changed.json()["errors"][0]["code"] == "fixed"


async def test_coaches_enroll_members_of_their_groups_in_their_sessions(system: System) -> None:
    coach = await system.person("coach@example.org")
    client = await system.client("coach@example.org")
    own, foreign = await system.group("Own"), await system.group("Foreign")
    mine, others = await system.people(2, own), await system.people(2, foreign)
    await system.join(own, coach, role="coach")
    session = await system.session(group_id=own)
    elsewhere = await system.session(group_id=foreign)
    done = await system.enroll_group(session, own, client=client)
    assert done["entered"] == 3
    picked = await system.apply(session, client, kind="manual", rule={"include": mine}, dynamic=False)
    assert (picked["entered"], picked["gaining"]) == (0, 2)
    for body in (
        {"kind": "audience", "rule": {"blocks": [{"groups": [own]}, {"groups": [foreign]}]}, "dynamic": True},
        {"kind": "audience", "rule": {"blocks": [{"everyone": True}]}, "dynamic": True},
        {"kind": "manual", "rule": {"include": others}, "dynamic": False},
        {"kind": "group", "group_id": foreign},
    ):
        answer = await client.post(f"/sessions/{session}/plan", json=body)
        assert answer.status_code == 403, (body, answer.text)
        assert answer.json()["errors"]
    assert (await client.get(f"/sessions/{elsewhere}/methods")).status_code == 404
    foreign_run = (await system.enroll_group(elsewhere, foreign))["run_id"]
    assert (await client.post(f"/runs/{foreign_run}/undo")).status_code == 404
    seen = {run["session_id"] for run in (await client.get("/runs")).json()["items"]}
    assert seen == {session}
    row = await system.enrollment(elsewhere, others[0])
    assert (await client.post(f"/enrollments/{row['id']}/suspend")).status_code == 404


async def test_learners_may_not_enroll_anybody(system: System) -> None:
    person = await system.person("ana@example.org")
    client = await system.client("ana@example.org")
    session = await system.session(catalog="everyone")
    body = {"kind": "manual", "rule": {"include": [person]}}
    assert (await client.post(f"/sessions/{session}/plan", json=body)).status_code == 403
    assert (await client.get(f"/sessions/{session}/enrollments")).status_code == 403
    assert (await client.get("/runs")).json()["items"] == []
    assert (await client.get(f"/learners/{system.admin_id}/enrollments")).status_code == 404


async def test_managers_enroll_their_team_where_the_feature_is_on(system: System) -> None:
    boss = await system.person("boss@example.org")
    client = await system.client("boss@example.org")
    group = await system.group()
    report, stranger = await system.people(2, group)
    await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", boss, report)
    session = await system.session(group_id=group, catalog="group")
    body = {"kind": "manual", "rule": {"include": [report]}, "dynamic": False}
    assert (await client.post(f"/sessions/{session}/plan", json=body)).status_code in (403, 404)
    await system.write("UPDATE organisation SET managers_enroll = true")
    assert (await system.apply(session, client, **body))["entered"] == 1
    refused = await client.post(f"/sessions/{session}/plan", json={**body, "rule": {"include": [stranger]}})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    "due_at", ["2030-01-01", "2030-01-01T00:00:00", "9999-12-31T23:59:59-12:00", 5, "soon"]
)
async def test_instants_that_are_none(system: System, due_at: object) -> None:
    session = await system.session()
    await system.apply(session, kind="manual", rule={"include": [system.admin_id]})
    row = await system.enrollment(session, system.admin_id)
    answer = await system.admin.post(f"/enrollments/{row['id']}/extend", json={"due_at": due_at})
    assert answer.status_code == 422, answer.text
    answer = await system.admin.post(
        f"/sessions/{session}/plan", json={"rule": {}, "kind": "manual", "due_at": due_at}
    )
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "path", ["/enrollments/1/unenroll", "/runs/1/approve", "/runs/1/reject", "/enrollments/1/extend"]
)
async def test_bodies_that_are_none(system: System, path: str) -> None:
    for body, status in ((b"{", 400), (b'{"nonsense": 1}', 422), (b"[]", 422), (b'{"a": 1, "a": 2}', 400)):
        answer = await system.admin.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == status, (path, body, answer.text)
