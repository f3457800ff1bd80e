"""Leaving a group: whoever stays has a source, whoever is erased is named before, and undo brings all of it back."""

from typing import Any

import httpx
import pytest

from backend.database import fetch, fetch_value
from tests.enrolling.house import House

# Every live enrollment has a live source, whatever has been done.
SOURCELESS = """
SELECT count(*) FROM enrollment e WHERE e.state <> 'expired' AND NOT EXISTS (
    SELECT FROM source s WHERE s.session_id = e.session_id AND s.learner_id = e.learner_id AND s.until IS NULL)
"""


async def removed(house: House, group: int, people: list[int], **more: Any) -> httpx.Response:
    return await house.post(f"/groups/{group}/members/remove", {"learner_ids": people, **more})


async def complete(house: House, activity: int, person: int, session: int | None = None) -> None:
    await house.write(
        "INSERT INTO result (learner_id, activity_id, session_id, status, score, completed_at)"
        " VALUES ($1, $2, $3, 'completed', 90, muster_now())",
        person, activity, session,
    )  # fmt: skip


async def certificate(house: House, activity: int, *people: int) -> None:
    await house.write("INSERT INTO certificate (activity_id, title) VALUES ($1, 'Safe')", activity)
    for person in people:
        await house.write(
            "INSERT INTO award (learner_id, certificate_id, issued_at)"
            " SELECT $1, id, muster_now() FROM certificate WHERE activity_id = $2",
            person, activity,
        )  # fmt: skip


async def test_only_the_group_keeps_everybody_enrolled(house: House) -> None:
    parent = await house.group("All")
    group, other = await house.group("Sales", parent), await house.group("Support", parent)
    anna, ben, carl = await house.people(3, group)
    await house.join(other, ben)
    session, above = await house.session(), await house.session(name="Above")
    await house.enroll_group(session, group)
    await house.enroll_group(above, parent)
    await house.settled()

    trial = (await removed(house, group, [anna, ben], dry_run=True)).json()
    assert {(one["session_id"], one["kept"], one["ended"]) for one in trial["sessions"]} == {
        (session, 2, 0),
        (above, 1, 0),
    }
    assert await fetch_value("SELECT count(*) FROM membership WHERE group_id = $1", group) == 3
    answer = (await removed(house, group, [anna, ben])).json()
    assert answer["sessions"] == trial["sessions"]
    assert answer["removed"] == 2
    await house.settled()
    assert await house.enrolled(session) == {anna, ben, carl}
    assert await house.enrolled(above) == {anna, ben, carl}
    assert await fetch_value(SOURCELESS) == 0
    kept = await fetch(
        "SELECT learner_id, session_id FROM source WHERE until IS NULL AND kept_from IS NOT NULL"
    )
    # Ben is still in the parent by his other group.
    assert {tuple(row) for row in kept} == {(anna, session), (ben, session), (anna, above)}

    # A later expiry from that group ends what was kept, too.
    answer = (await removed(house, group, [anna], unlink="expire")).json()
    assert [(one["session_id"], one["ended"]) for one in answer["sessions"]] == [(session, 1)]
    await house.settled()
    assert await house.enrolled(session) == {ben, carl}
    assert await fetch_value(SOURCELESS) == 0


async def test_deleting_a_group_keeps_its_people_enrolled(house: House) -> None:
    parent = await house.group("All")
    group = await house.group("Sales", parent)
    people = await house.people(3, group)
    session = await house.session()
    await house.enroll_group(session, parent)
    assert (await house.admin.delete(f"/groups/{group}")).status_code == 204
    await house.settled()
    assert await house.enrolled(session) == set(people)
    assert await fetch_value(SOURCELESS) == 0


async def test_keeping_is_undone_with_its_run(house: House) -> None:
    group = await house.group()
    people = await house.people(2, group)
    session = await house.session()
    await house.enroll_group(session, group, dynamic=False)
    await house.write(
        "UPDATE enrollment_method SET dynamic = true, version = version + 1 WHERE session_id = $1", session
    )
    await house.settled()
    (run,) = (await removed(house, group, people)).json()["run_ids"]
    undone = (await house.post(f"/runs/{run}/undo", {})).json()
    assert (undone["people"], undone["left_alone_total"]) == (2, 0)
    await house.join(group, *people)
    await house.settled()
    assert await fetch_value("SELECT count(*) FROM source WHERE until IS NULL AND kept_from IS NOT NULL") == 0
    assert await house.enrolled(session) == set(people)
    assert await fetch_value(SOURCELESS) == 0


@pytest.mark.parametrize("on_leave", ["keep", "expire"])
async def test_who_stays_after_a_rule_has_a_source(house: House, on_leave: str) -> None:
    group = await house.group()
    plain, done = await house.people(2, group)
    activity = await house.activity()
    session = await house.session(activity)
    await house.enroll_group(session, group, on_leave=on_leave)
    await complete(house, activity, done)
    await house.leave(group, plain, done)
    await house.settled()
    assert await house.enrolled(session) == ({plain, done} if on_leave == "keep" else {done})
    assert await fetch_value(SOURCELESS) == 0


async def test_erasing_names_what_goes_and_undo_brings_it_back(house: House) -> None:
    group = await house.group()
    done, begun, stays = await house.people(3, group)
    activity = await house.activity()
    session = await house.session(activity)
    await house.enroll_group(session, group, dynamic=False)
    await complete(house, activity, done, session)
    await house.write(
        "INSERT INTO result (learner_id, activity_id, status, score) VALUES ($1, $2, 'started', 40)",
        begun,
        activity,
    )
    await certificate(house, activity, done, stays)
    await house.settled()

    for confirm in (None, {"completions": 0, "certificates": 0}, {"completions": 1, "certificates": 1}):
        refused = await removed(house, group, [done, begun], unlink="erase", confirm=confirm)
        assert refused.status_code == 409, refused.text
        assert refused.json()["erase"] == {"completions": 1, "certificates": 0}
    assert await house.enrolled(session) == {done, begun, stays}
    answer = await removed(
        house,
        group,
        [done, begun],
        unlink="erase",
        certificates=True,
        confirm={"completions": 1, "certificates": 1},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["erased"] == {"completions": 1, "certificates": 1}
    await house.settled()
    assert await house.enrolled(session) == {stays}
    assert await fetch_value("SELECT count(*) FROM result") == 0
    assert await fetch_value("SELECT count(*) FROM standing") == 0
    assert {row["learner_id"] for row in await fetch("SELECT learner_id FROM award")} == {stays}

    for run in answer.json()["run_ids"]:
        undone = (await house.post(f"/runs/{run}/undo", {})).json()
        assert undone["left_alone_total"] == 0
    await house.settled()
    assert (await house.enrollment(session, done))["state"] == "completed"
    assert (await house.enrollment(session, begun))["state"] == "active"
    assert await fetch_value("SELECT array_agg(score ORDER BY score) FROM result") == [40, 90]
    assert await fetch_value("SELECT count(*) FROM award") == 2
    assert await fetch_value(SOURCELESS) == 0


async def test_what_another_session_counts_is_not_erased(house: House) -> None:
    group = await house.group()
    (person,) = await house.people(1, group)
    course = await house.activity("Course")
    path = await house.activity("Path", kind="path")
    await house.write(
        "INSERT INTO step (activity_id, position, kind, child_activity_id, title) VALUES ($1, 1, 'course', $2, 'Course')",
        path, course,
    )  # fmt: skip
    in_course, in_path = await house.session(course), await house.session(path)
    await house.enroll_group(in_course, group, dynamic=False)
    await house.apply(in_path, kind="audience", rule={"include": [person]}, dynamic=False)
    await complete(house, course, person, in_course)
    answer = await removed(
        house, group, [person], unlink="erase", confirm={"completions": 0, "certificates": 0}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["staying"] == [{"learner_id": person, "activity_id": course, "session_id": in_path}]
    assert (await house.enrollment(in_course, person))["state"] == "expired"
    assert (await house.enrollment(in_path, person))["state"] == "completed"


async def test_erasing_by_removing_a_method_and_by_unenrolling(house: House) -> None:
    group = await house.group()
    first, second = await house.people(2, group)
    activity = await house.activity()
    session = await house.session(activity)
    method = (await house.enroll_group(session, group))["method_id"]
    for person in (first, second):
        await complete(house, activity, person)
    await house.settled()
    enrollment = (await house.enrollment(session, first))["id"]
    refused = await house.post(f"/enrollments/{enrollment}/unenroll", {"on_leave": "erase"})
    assert (refused.status_code, refused.json()["erase"]["completions"]) == (409, 1)
    figures = {"completions": 1, "certificates": 0}
    answer = await house.post(
        f"/enrollments/{enrollment}/unenroll", {"on_leave": "erase", "confirm": figures}
    )
    assert (answer.status_code, answer.json()["state"]) == (200, "expired")
    await house.settled()
    path = f"/sessions/{session}/methods/{method}"
    refused = await house.admin.request("DELETE", path, json={"people": "erase"})
    assert (refused.status_code, refused.json()["erase"]) == (409, figures)
    assert await fetch_value("SELECT count(*) FROM result") == 1
    answer = await house.admin.request("DELETE", path, json={"people": "erase", "confirm": figures})
    assert answer.status_code == 200, answer.text
    assert await fetch_value("SELECT count(*) FROM result") == 0
    assert await house.enrolled(session) == set()
