"""Classes of a session: who is in them, by hand and by methods; moving, undo, and who sees what."""

from typing import Any

import httpx

from tests.harness.system import System
from tests.live.client import live_socket


async def new_class(system: System, session: int, name: str, **more: Any) -> int:
    answer = await system.admin.post(f"/sessions/{session}/course-groups", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    found: int = answer.json()["id"]
    return found


async def members(system: System, session: int) -> dict[str, int]:
    answer = await system.admin.get(f"/sessions/{session}/course-groups")
    return {one["name"]: one["members"] for one in answer.json()["items"]}


async def in_class(system: System, session: int, course_group: int) -> set[int]:
    answer = await system.admin.get(f"/sessions/{session}/enrollments", params={"course_group": course_group})
    return {one["learner"]["id"] for one in answer.json()["items"]}


async def act(
    client: httpx.AsyncClient, session: int, course_group: int, what: str, people: list[int], **more: Any
) -> httpx.Response:
    return await client.post(
        f"/sessions/{session}/course-groups/{course_group}/{what}", json={"learner_ids": people, **more}
    )


async def test_people_are_placed_moved_and_taken_out_and_stay_enrolled(system: System) -> None:
    ana, bo, stranger = await system.people(3)
    session = await system.session()
    await system.apply(session, kind="manual", rule={"include": [ana, bo]})
    first = await new_class(system, session, "A", external_id="class-a")
    second = await new_class(system, session, "B")
    before = await system.enrollment(session, ana)

    refused = await act(system.admin, session, first, "members", [ana, stranger])
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "learner_ids[1]")
    assert (await act(system.admin, session, first, "members", [ana, bo])).json()["done"] == 2
    assert await members(system, session) == {"A": 2, "B": 0}
    # By hand everybody is in one class: they are moved, not put into a second one.
    again = await act(system.admin, session, second, "members", [ana])
    assert (again.status_code, again.json()["type"]) == (409, "in_another_class")

    moved = await act(system.admin, session, first, "move", [ana], to_course_group_id=second)
    assert await members(system, session) == {"A": 1, "B": 1}
    after = await system.enrollment(session, ana)
    kept = ("id", "state", "since", "until", "due_at", "completed_at")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}

    assert (await system.admin.post(f"/runs/{moved.json()['run_id']}/undo")).status_code == 200
    assert await in_class(system, session, first) == {ana, bo}
    assert (await act(system.admin, session, first, "remove", [bo])).json()["done"] == 1
    assert await in_class(system, session, first) == {ana}
    assert await in_class(system, session, 0) == {bo}
    assert await system.enrolled(session) == {ana, bo}


async def test_a_class_of_a_method_holds_its_people_while_it_does(system: System) -> None:
    group = await system.group()
    ana, bo = await system.people(2, group)
    session = await system.session()
    course_group, other = await new_class(system, session, "A"), await new_class(system, session, "B")
    done = await system.enroll_group(session, group, course_group_id=course_group)
    assert await members(system, session) == {"A": 2, "B": 0}
    (shown, _) = (await system.admin.get(f"/sessions/{session}/course-groups")).json()["items"]
    assert [one["method_id"] for one in shown["synced_by"]] == [done["method_id"]]

    for what, more in (("remove", {}), ("move", {"to_course_group_id": other})):
        refused = await act(system.admin, session, course_group, what, [ana], **more)
        assert (refused.status_code, refused.json()["type"]) == (409, "synced")
    (person,) = (await system.admin.get(f"/sessions/{session}/enrollments?q=P{ana}")).json()["items"][:1]
    assert person["course_groups"] == [{"id": course_group, "name": "A", "synced": True}]
    # A class that a method fills is not deleted from under it.
    refused = await system.admin.delete(f"/sessions/{session}/course-groups/{course_group}")
    assert (refused.status_code, refused.json()["type"]) == (409, "has_dependents")

    await system.apply(session, kind="manual", rule={"include": [bo]})
    await system.leave(group, ana, bo)
    await system.settled()
    assert await system.enrolled(session) == {bo}
    assert await members(system, session) == {"A": 0, "B": 0}


async def test_a_plan_says_into_which_class_it_puts_people(system: System) -> None:
    group = await system.group()
    await system.people(2, group)
    session = await system.session()
    course_group = await new_class(system, session, "A")
    body: dict[str, Any] = {"kind": "audience", "rule": {"blocks": [{"groups": [group]}]}, "dynamic": False}
    assert (await system.plan(session, **body))["course_group"] is None
    plan = await system.plan(session, **body, course_group_id=course_group)
    assert (plan["entering"], plan["course_group"]) == (2, {"id": course_group, "name": "A"})
    done = await system.apply(session, **body, course_group_id=course_group)
    assert await members(system, session) == {"A": 2}
    # Without a class again: those who were put into it stay there, and the plan names none.
    plan = await system.plan(session, **body, method_id=done["method_id"], course_group_id=None)
    assert plan["course_group"] is None


async def test_an_instructor_of_a_class_sees_and_acts_on_its_people_alone(system: System) -> None:
    ana, bo = await system.people(2)
    session = await system.session()
    await system.apply(session, kind="manual", rule={"include": [ana, bo]})
    teacher = await system.person("teacher@example.org")
    first = await new_class(system, session, "A", instructor_ids=[teacher])
    second = await new_class(system, session, "B")
    await act(system.admin, session, first, "members", [ana])
    await act(system.admin, session, second, "members", [bo])
    mine, theirs = [(await system.enrollment(session, one))["id"] for one in (ana, bo)]
    client = await system.client("teacher@example.org")

    assert (await client.get("/sessions?mine=true")).json()["total"] == 1
    assert (await client.get(f"/sessions/{session}")).json()["may"] == ["class"]
    listed = (await client.get(f"/sessions/{session}/course-groups")).json()
    assert [one["name"] for one in listed["items"]] == ["A"]
    listed = (await client.get(f"/sessions/{session}/enrollments")).json()
    assert [one["learner"]["id"] for one in listed["items"]] == [ana]
    listed = (await client.get(f"/sessions/{session}/enrollments?course_group={second}")).json()
    assert listed["items"] == []
    # Nobody waits, whoever asks and of whichever class.
    for asker in (client, system.admin):
        for course_group in ("", "&course_group=0", f"&course_group={first}"):
            answer = await asker.get(f"/sessions/{session}/enrollments?state=blocked{course_group}")
            assert (answer.status_code, answer.json()["items"]) == (200, []), answer.text
    assert {one["id"] for one in (await client.get("/learners")).json()["items"]} == {teacher, ana}
    assert (await client.get(f"/learners/{ana}")).status_code == 200
    assert (await client.get(f"/learners/{bo}")).status_code == 404

    assert (await client.post(f"/enrollments/{mine}/suspend", json={})).status_code == 200
    assert (await client.post(f"/enrollments/{theirs}/suspend", json={})).status_code == 404
    both = {"ids": [mine, theirs], "do": "resume"}
    assert (await client.post(f"/sessions/{session}/enrollments/bulk", json=both)).status_code == 404
    assert (await client.post(f"/enrollments/{mine}/resume")).status_code == 200
    # Who is enrolled, and in which class, is decided by who runs the session.
    for path, body in (
        (f"/enrollments/{mine}/unenroll", {}),
        (f"/sessions/{session}/course-groups", {"name": "C"}),
        (f"/sessions/{session}/course-groups/{first}/remove", {"learner_ids": [ana]}),
        (f"/sessions/{session}/plan", {"kind": "manual", "rule": {"include": [teacher]}}),
    ):
        assert (await client.post(path, json=body)).status_code == 403, path
    assert (await client.get(f"/sessions/{session}/counts")).status_code == 403

    await act(system.admin, session, first, "move", [ana], to_course_group_id=second)
    assert (await client.get(f"/learners/{ana}")).status_code == 404
    assert (await client.get(f"/enrollments/{mine}")).status_code == 404


async def test_a_coach_places_people_but_gives_no_rights(system: System) -> None:
    group = await system.group()
    (ana,) = await system.people(1, group)
    coach = await system.person("coach@example.org")
    await system.join(group, coach, role="coach")
    session = await system.session(group_id=group)
    await system.apply(session, kind="manual", rule={"include": [ana]})
    client = await system.client("coach@example.org")
    path = f"/sessions/{session}/course-groups"
    assert (await client.post(path, json={"name": "A", "instructor_ids": [ana]})).status_code == 403
    made = (await client.post(path, json={"name": "A"})).json()
    assert (await act(client, session, made["id"], "members", [ana])).json()["done"] == 1
    taken = await client.post(path, json={"name": "a"})
    assert (taken.status_code, taken.json()["errors"][0]["path"]) == (409, "name")
    full = await client.delete(f"{path}/{made['id']}")
    assert (full.status_code, full.json()["members"]) == (409, 1)
    await act(client, session, made["id"], "remove", [ana])
    assert (await client.delete(f"{path}/{made['id']}")).status_code == 204


async def test_classes_are_told_live(system: System) -> None:
    ana, bo = await system.people(2)
    session = await system.session()
    await system.apply(session, kind="manual", rule={"include": [ana, bo]})
    first, second = await new_class(system, session, "A"), await new_class(system, session, "B")
    await act(system.admin, session, first, "members", [ana])
    await act(system.admin, session, second, "members", [bo])
    token = (await system.admin.post("/tokens", json={"name": "live"})).json()["token"]
    url = system.address.replace("http", "ws", 1) + "/api/v1/live"
    async with live_socket(url, token) as socket:
        await socket.send("watch", id="c", topic=f"course_groups:{session}")

        async def counts() -> list[int]:
            frame = await socket.until(lambda one: one["type"] == "state")
            return [one["members"] for one in frame["data"]["course_groups"]]

        assert await counts() == [1, 1]
        await act(system.admin, session, first, "move", [ana], to_course_group_id=second)
        assert await counts() == [0, 2]
        await act(system.admin, session, second, "move", [bo], to_course_group_id=first)
        assert await counts() == [1, 1]


async def segment_of(system: System, group: int) -> int:
    answer = await system.admin.post(
        "/segments", json={"name": "Starters", "rule": {"blocks": [{"groups": [group]}]}}
    )
    found: int = answer.json()["id"]
    return found


async def test_members_of_a_segment_who_are_enrolled_are_put_into_a_class(system: System) -> None:
    """Given a segment of ana, bo and cy; when ana and cy are enrolled by hand; then they are in the class, and bo nowhere."""
    group = await system.group()
    ana, bo, cy = await system.people(3, group)
    segment = await segment_of(system, group)
    session = await system.session()
    course_group = await new_class(system, session, "A")
    await system.apply(session, kind="manual", rule={"include": [ana]})
    body: dict[str, Any] = {"kind": "segment_group", "segment_id": segment, "course_group_id": course_group}
    plan = await system.plan(session, **body)
    assert (plan["entering"], plan["leaving"], plan["gaining"]) == (0, 0, 1)
    done = await system.apply(session, **body, name="Starters")
    assert (done["entered"], done["gaining"]) == (0, 1)
    assert await system.enrolled(session) == {ana}
    assert await in_class(system, session, course_group) == {ana}
    assert (await act(system.admin, session, course_group, "remove", [ana])).json()["type"] == "synced"

    await system.apply(session, kind="manual", rule={"include": [cy]})
    await system.settled()
    assert await in_class(system, session, course_group) == {ana, cy}

    # Another rule of the segment: what it does is shown where it is used, and done.
    change = {"act": "segment", "id": segment, "rule": {"blocks": [], "include": [bo, cy]}}
    asked = (await system.admin.post("/consequences", json={"changes": [change]})).json()
    (of_session,) = asked["sessions"]
    (of_method,) = of_session["methods"]
    assert (of_method["method_id"], of_method["losing"], of_method["gaining"]) == (done["method_id"], 1, 0)
    assert (asked["entering"], asked["leaving"]) == (0, 0)
    answer = await system.admin.patch(
        f"/segments/{segment}",
        json={"rule": change["rule"]},
        headers={"If-Consequences": asked["hash"]},
    )
    assert answer.status_code == 200, answer.text
    await system.settled()
    assert await in_class(system, session, course_group) == {cy}
    assert await system.enrolled(session) == {ana, cy}
    assert (await system.admin.post(f"/runs/{answer.headers['Run']}/undo")).status_code == 200
    await system.settled()
    assert await in_class(system, session, course_group) == {ana, cy}

    # Out of the session is out of the class; an undo of the method takes everybody out of it, and nobody out of the session.
    enrollment = (await system.enrollment(session, cy))["id"]
    await system.admin.post(f"/enrollments/{enrollment}/unenroll", json={})
    await system.settled()
    assert await in_class(system, session, course_group) == {ana}
    assert (await system.admin.post(f"/runs/{done['run_id']}/undo")).status_code == 200
    await system.settled()
    assert await in_class(system, session, course_group) == set()
    assert await system.enrolled(session) == {ana}


async def test_a_segment_to_a_class_says_what_it_lacks(system: System) -> None:
    segment = await segment_of(system, await system.group())
    session, other = await system.session(), await system.session()
    elsewhere = await new_class(system, other, "A")
    body = {"kind": "segment_group", "segment_id": segment}
    for more, path in (
        ({}, "course_group_id"),
        ({"course_group_id": elsewhere}, "course_group_id"),
        ({"course_group_id": elsewhere, "mandatory": True}, "mandatory"),
        ({"course_group_id": elsewhere, "dynamic": False}, "dynamic"),
    ):
        refused = await system.post(f"/sessions/{session}/plan", {**body, **more})
        assert refused.status_code == 422, refused.text
        assert path in [one["path"] for one in refused.json()["errors"]]
    enrolling = await system.plan(other, kind="segment", segment_id=segment, course_group_id=elsewhere)
    assert enrolling["entering"] == 0


async def done_as_act(system: System, client: httpx.AsyncClient, **change: Any) -> int:
    """An act on a class, done as it was shown; its run."""
    asked = await system.post("/consequences", {"changes": [change]}, client)
    assert asked.status_code == 200, asked.text
    assert (asked.json()["people"], asked.json()["messages"]) == (0, 0)
    body = {"changes": [change], "hash": asked.json()["hash"]}
    done = await system.post("/consequences/apply", body, client)
    assert done.status_code == 200, done.text
    run_id: int = done.json()["run_id"]
    return run_id


async def undone(system: System, client: httpx.AsyncClient, run_id: int) -> dict[str, Any]:
    answer = await system.post(f"/runs/{run_id}/undo", {}, client)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_classes_are_made_changed_and_deleted_by_acts_that_go_back(system: System) -> None:
    """By who teaches the session: a class that is deleted comes back with its people and under its id."""
    ana, bo = await system.people(2)
    teacher = await system.person("teacher@example.org")
    session = await system.session()
    instructors = {"instructor_ids": [teacher]}
    assert (await system.admin.patch(f"/sessions/{session}", json=instructors)).is_success
    await system.apply(session, kind="manual", rule={"include": [ana, bo]})
    client = await system.client("teacher@example.org")

    made = await done_as_act(system, client, act="course_group", session_id=session, name="Early")
    assert await members(system, session) == {"Early": 0}
    told = (await system.admin.get(f"/runs/{made}")).json()
    assert told["sentence"] == "Made the class Early"
    await undone(system, client, made)
    assert await members(system, session) == {}

    course_group = await new_class(system, session, "Late", instructor_ids=[bo])
    renamed = await done_as_act(
        system, client, act="course_group", session_id=session, id=course_group, name="Later"
    )
    assert await members(system, session) == {"Later": 0}
    await undone(system, client, renamed)
    assert await members(system, session) == {"Late": 0}

    assert (await act(system.admin, session, course_group, "members", [ana, bo])).json()["done"] == 2
    deleted = await done_as_act(
        system, client, act="course_group_delete", session_id=session, id=course_group
    )
    assert await members(system, session) == {}
    assert await system.enrolled(session) == {ana, bo}
    assert (await system.admin.get(f"/runs/{deleted}")).json()["sentence"] == "Deleted the class Late"
    await undone(system, system.admin, deleted)
    assert await in_class(system, session, course_group) == {ana, bo}
    (shown,) = (await system.admin.get(f"/sessions/{session}/course-groups")).json()["items"]
    assert (shown["id"], shown["instructor_ids"]) == (course_group, [bo])


async def test_undo_takes_no_class_away_that_people_are_in(system: System) -> None:
    (ana,) = await system.people(1)
    session = await system.session()
    await system.apply(session, kind="manual", rule={"include": [ana]})
    made = await done_as_act(
        system, system.admin, act="course_group", session_id=session, name="Full", instructor_ids=[ana]
    )
    (shown,) = (await system.admin.get(f"/sessions/{session}/course-groups")).json()["items"]
    assert (await act(system.admin, session, shown["id"], "members", [ana])).json()["done"] == 1
    await undone(system, system.admin, made)
    assert await in_class(system, session, shown["id"]) == {ana}


async def test_acts_on_classes_are_refused_as_their_routes_are(system: System) -> None:
    group = await system.group()
    await system.people(1, group)
    await system.person("stranger@example.org")
    session = await system.session()
    course_group = await new_class(system, session, "A")
    await system.enroll_group(session, group, course_group_id=course_group)
    stranger = await system.client("stranger@example.org")
    delete = {"act": "course_group_delete", "session_id": session, "id": course_group}
    new = {"act": "course_group", "session_id": session}
    for client, change, expected in (
        (system.admin, delete, (409, "has_dependents")),
        (system.admin, new, (422, "invalid")),
        (stranger, new | {"name": "B"}, (404, "not_found")),
        (stranger, delete, (404, "not_found")),
    ):
        refused = await system.post("/consequences", {"changes": [change]}, client)
        assert (refused.status_code, refused.json()["type"]) == expected, refused.text
