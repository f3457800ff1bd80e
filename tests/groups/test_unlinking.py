"""Leaving a group: whoever stays has a source, whoever is erased is named before, and undo brings all of it back."""

from typing import Any

import httpx
import pytest

from backend.database import fetch, fetch_value
from tests.harness.system import System

# Every live enrollment has a live source, whatever has been done.
SOURCELESS = """
SELECT count(*) FROM enrollment e WHERE e.state <> 'expired' AND NOT EXISTS (
    SELECT FROM source s WHERE s.session_id = e.session_id AND s.learner_id = e.learner_id AND s.until IS NULL)
"""


async def removed(system: System, group: int, people: list[int], **more: Any) -> httpx.Response:
    return await system.post(f"/groups/{group}/members/remove", {"learner_ids": people, **more})


async def complete(system: System, activity: int, person: int, session: int | None = None) -> None:
    await system.write(
        "INSERT INTO result (learner_id, activity_id, session_id, status, score, completed_at)"
        " VALUES ($1, $2, $3, 'completed', 90, muster_now())",
        person, activity, session,
    )  # fmt: skip


async def certificate(system: System, activity: int, *people: int) -> None:
    await system.write("INSERT INTO certificate (activity_id, title) VALUES ($1, 'Safe')", activity)
    for person in people:
        await system.write(
            "INSERT INTO award (learner_id, certificate_id, issued_at)"
            " SELECT $1, id, muster_now() FROM certificate WHERE activity_id = $2",
            person, activity,
        )  # fmt: skip


async def test_only_the_group_keeps_everybody_enrolled(system: System) -> None:
    parent = await system.group("All")
    group, other = await system.group("Sales", parent), await system.group("Support", parent)
    anna, ben, carl = await system.people(3, group)
    await system.join(other, ben)
    session, above = await system.session(), await system.session(name="Above")
    await system.enroll_group(session, group)
    await system.enroll_group(above, parent)
    await system.settled()

    trial = (await removed(system, group, [anna, ben], dry_run=True)).json()
    assert {(one["session_id"], one["kept"], one["ended"]) for one in trial["sessions"]} == {
        (session, 2, 0),
        (above, 1, 0),
    }
    assert await fetch_value("SELECT count(*) FROM membership WHERE group_id = $1", group) == 3
    answer = (await removed(system, group, [anna, ben])).json()
    assert answer["sessions"] == trial["sessions"]
    assert answer["removed"] == 2
    await system.settled()
    assert await system.enrolled(session) == {anna, ben, carl}
    assert await system.enrolled(above) == {anna, ben, carl}
    assert await fetch_value(SOURCELESS) == 0
    kept = await fetch(
        "SELECT learner_id, session_id FROM source WHERE until IS NULL AND kept_from IS NOT NULL"
    )
    # Ben is still in the parent by his other group.
    assert {tuple(row) for row in kept} == {(anna, session), (ben, session), (anna, above)}

    # A later expiry from that group ends what was kept, too.
    answer = (await removed(system, group, [anna], unlink="expire")).json()
    assert [(one["session_id"], one["ended"]) for one in answer["sessions"]] == [(session, 1)]
    await system.settled()
    assert await system.enrolled(session) == {ben, carl}
    assert await fetch_value(SOURCELESS) == 0


@pytest.mark.parametrize("still_there", [True, False])
async def test_what_a_deleted_method_kept_ends_with_the_group(system: System, still_there: bool) -> None:
    group, other = await system.group(), await system.group("Other")
    anna, ben = await system.people(2, group)
    session = await system.session()
    method = (await system.enroll_group(session, group))["method_id"]
    await system.settled()
    path = f"/sessions/{session}/methods/{method}"
    gone = await system.admin.request("DELETE", path, json={"people": "keep"})
    assert gone.is_success, gone.text
    await system.settled()
    assert await system.enrolled(session) == {anna, ben}
    if not still_there:
        await removed(system, group, [anna])
    # Another group has nothing to do with it.
    await system.join(other, anna)
    await removed(system, other, [anna], unlink="expire")
    assert await system.enrolled(session) == {anna, ben}
    answer = (await removed(system, group, [anna], unlink="expire")).json()
    assert [(one["session_id"], one["ended"]) for one in answer["sessions"]] == [(session, 1)]
    await system.settled()
    assert await system.enrolled(session) == {ben}
    assert await fetch_value(SOURCELESS) == 0


class Moving:
    """Two groups that give access to one session, and ana in the first of them; `gives` is how they do."""

    group: int
    other: int
    ana: int
    session: int

    def __init__(self, system: System) -> None:
        self.system = system

    async def begin(self, gives: str) -> None:
        system = self.system
        self.group, self.other = await system.group("Sales"), await system.group("Support")
        (self.ana,) = await system.people(1, self.group)
        self.session = await system.session(fuse_count=1000)
        if gives == "one rule":
            rule = {"blocks": [{"groups": [self.group, self.other]}]}
            await system.apply(self.session, kind="audience", rule=rule, dynamic=True)
        else:
            await system.enroll_group(self.session, self.group, dynamic=gives != "a snapshot", due_days=20)
            await system.apply(self.session, kind="group", group_id=self.other, due_days=30)
        await system.settled()
        if gives == "what was kept":
            await removed(system, self.group, [self.ana])
            await system.join(self.group, self.ana)
            await system.settled()

    async def ends(self) -> int:
        """How often ana's enrollment has ended."""
        found: int = await fetch_value(
            "SELECT count(*) FROM change_log WHERE facet = 'enrollment' AND learner_id = $1 AND ref_id = $2"
            " AND (new IS NULL OR new->>0 = 'expired')",
            self.ana,
            self.session,
        )
        return found

    async def sources(self) -> list[tuple[Any, ...]]:
        rows = await fetch(
            "SELECT method_id, since, kept_from FROM source WHERE learner_id = $1 AND until IS NULL ORDER BY 1",
            self.ana,
        )
        return [tuple(row) for row in rows]


@pytest.mark.parametrize("gives", ["two rules", "one rule", "a snapshot", "what was kept"])
async def test_who_moves_to_a_group_that_gives_the_same_stays_enrolled(system: System, gives: str) -> None:
    """Given two groups with access to one session; when ana moves between them; then her enrollment goes on, by the other group."""
    moving = Moving(system)
    await moving.begin(gives)
    sources = await moving.sources()
    before = await system.enrollment(moving.session, moving.ana)
    body = {"learner_ids": [moving.ana], "to_group_id": moving.other, "unlink": "expire"}
    change = {"act": "members_move", "group_id": moving.group, **body}
    shown = (await system.post("/consequences", {"changes": [change]})).json()
    assert (shown["entering"], shown["leaving"], shown["messages"]) == (0, 0, 0)
    done = await system.post("/consequences/apply", {"changes": [change], "hash": shown["hash"]})
    assert done.status_code == 200, done.text
    await system.settled()
    assert await moving.ends() == 0
    after = await system.enrollment(moving.session, moving.ana)
    assert (after["id"], after["state"], after["since"]) == (before["id"], "active", before["since"])
    held = await moving.sources()
    assert len(held) == 1
    assert (held == sources) == (gives == "one rule")
    assert await fetch_value(SOURCELESS) == 0

    undone = await system.post(f"/runs/{done.json()['run_id']}/undo", {})
    assert (undone.status_code, undone.json()["left_alone_total"]) == (200, 0), undone.text
    await system.settled()
    assert await moving.ends() == 0
    assert await moving.sources() == sources
    assert (await system.enrollment(moving.session, moving.ana))["due_at"] == before["due_at"]


async def test_who_moves_to_a_group_without_the_session_leaves_it(system: System) -> None:
    """Given a method that only enters, and a rule that a person has switched off; when ana moves; then nothing holds her."""
    group, other = await system.group("Sales"), await system.group("Support")
    (ana,) = await system.people(1, group)
    session = await system.session()
    await system.enroll_group(session, group, follow="enter")
    await system.enroll_group(session, other, active=False)
    await system.settled()
    body = {"learner_ids": [ana], "to_group_id": other, "unlink": "expire"}
    moved = await system.post(f"/groups/{group}/members/move", body)
    assert [(one["ended"], one["held"]) for one in moved.json()["sessions"]] == [(1, 0)]
    await system.settled()
    assert await system.enrolled(session) == set()


async def test_an_undo_keeps_from_which_group_somebody_was_kept(system: System) -> None:
    """Given ana kept from a group; when what ended that is undone; then leaving the group with its sessions still ends it."""
    group = await system.group()
    (ana,) = await system.people(1, group)
    session = await system.session()
    method = (await system.enroll_group(session, group))["method_id"]
    await system.settled()
    await removed(system, group, [ana])
    kept_from = "SELECT kept_from FROM source WHERE learner_id = $1 AND until IS NULL"
    assert await fetch_value(kept_from, ana) == method
    enrollment = (await system.enrollment(session, ana))["id"]
    gone = await system.post(f"/enrollments/{enrollment}/unenroll", {})
    assert gone.is_success, gone.text
    assert await system.enrolled(session) == set()
    run = await fetch_value("SELECT max(id) FROM run")
    undone = await system.post(f"/runs/{run}/undo", {})
    assert (undone.status_code, undone.json()["left_alone_total"]) == (200, 0), undone.text
    await system.settled()
    assert await system.enrolled(session) == {ana}
    assert await fetch_value(kept_from, ana) == method
    await removed(system, group, [ana], unlink="expire")
    assert await system.enrolled(session) == set()


async def test_deleting_a_group_keeps_its_people_enrolled(system: System) -> None:
    parent = await system.group("All")
    group = await system.group("Sales", parent)
    people = await system.people(3, group)
    session = await system.session()
    await system.enroll_group(session, parent)
    assert (await system.admin.delete(f"/groups/{group}")).status_code == 204
    await system.settled()
    assert await system.enrolled(session) == set(people)
    assert await fetch_value(SOURCELESS) == 0


async def test_keeping_is_undone_with_its_run(system: System) -> None:
    group = await system.group()
    people = await system.people(2, group)
    session = await system.session()
    await system.enroll_group(session, group, dynamic=False)
    await system.write(
        "UPDATE enrollment_method SET dynamic = true, version = version + 1 WHERE session_id = $1", session
    )
    await system.settled()
    (run,) = (await removed(system, group, people)).json()["run_ids"]
    undone = (await system.post(f"/runs/{run}/undo", {})).json()
    assert (undone["people"], undone["left_alone_total"]) == (2, 0)
    await system.join(group, *people)
    await system.settled()
    assert await fetch_value("SELECT count(*) FROM source WHERE until IS NULL AND kept_from IS NOT NULL") == 0
    assert await system.enrolled(session) == set(people)
    assert await fetch_value(SOURCELESS) == 0


@pytest.mark.parametrize("on_leave", ["keep", "expire"])
async def test_who_stays_after_a_rule_has_a_source(system: System, on_leave: str) -> None:
    group = await system.group()
    plain, done = await system.people(2, group)
    activity = await system.activity()
    session = await system.session(activity)
    await system.enroll_group(session, group, on_leave=on_leave)
    await complete(system, activity, done)
    await system.leave(group, plain, done)
    await system.settled()
    assert await system.enrolled(session) == ({plain, done} if on_leave == "keep" else {done})
    assert await fetch_value(SOURCELESS) == 0


async def test_erasing_names_what_goes_and_undo_brings_it_back(system: System) -> None:
    group = await system.group()
    done, begun, stays = await system.people(3, group)
    activity = await system.activity()
    session = await system.session(activity)
    await system.enroll_group(session, group, dynamic=False)
    await complete(system, activity, done, session)
    await system.write(
        "INSERT INTO result (learner_id, activity_id, status, score) VALUES ($1, $2, 'started', 40)",
        begun,
        activity,
    )
    await certificate(system, activity, done, stays)
    await system.settled()

    for confirm in (None, {"completions": 0, "certificates": 0}, {"completions": 1, "certificates": 1}):
        refused = await removed(system, group, [done, begun], unlink="erase", confirm=confirm)
        assert refused.status_code == 409, refused.text
        assert refused.json()["erase"] == {"completions": 1, "certificates": 0}
    assert await system.enrolled(session) == {done, begun, stays}
    answer = await removed(
        system,
        group,
        [done, begun],
        unlink="erase",
        certificates=True,
        confirm={"completions": 1, "certificates": 1},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["erased"] == {"completions": 1, "certificates": 1}
    await system.settled()
    assert await system.enrolled(session) == {stays}
    assert await fetch_value("SELECT count(*) FROM result") == 0
    assert await fetch_value("SELECT count(*) FROM standing") == 0
    assert {row["learner_id"] for row in await fetch("SELECT learner_id FROM award")} == {stays}

    for run in answer.json()["run_ids"]:
        undone = (await system.post(f"/runs/{run}/undo", {})).json()
        assert undone["left_alone_total"] == 0
    await system.settled()
    assert (await system.enrollment(session, done))["state"] == "completed"
    assert (await system.enrollment(session, begun))["state"] == "active"
    assert await fetch_value("SELECT array_agg(score ORDER BY score) FROM result") == [40, 90]
    assert await fetch_value("SELECT count(*) FROM award") == 2
    assert await fetch_value(SOURCELESS) == 0


async def test_what_another_session_counts_is_not_erased(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    course = await system.activity("Course")
    path = await system.activity("Path", kind="path")
    await system.write(
        "INSERT INTO step (activity_id, position, kind, child_activity_id, title) VALUES ($1, 1, 'course', $2, 'Course')",
        path, course,
    )  # fmt: skip
    in_course, in_path = await system.session(course), await system.session(path)
    await system.enroll_group(in_course, group, dynamic=False)
    await system.apply(in_path, kind="audience", rule={"include": [person]}, dynamic=False)
    await complete(system, course, person, in_course)
    answer = await removed(
        system, group, [person], unlink="erase", confirm={"completions": 0, "certificates": 0}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["staying"] == [{"learner_id": person, "activity_id": course, "session_id": in_path}]
    assert (await system.enrollment(in_course, person))["state"] == "expired"
    assert (await system.enrollment(in_path, person))["state"] == "completed"


async def test_erasing_by_removing_a_method_and_by_unenrolling(system: System) -> None:
    group = await system.group()
    first, second = await system.people(2, group)
    activity = await system.activity()
    session = await system.session(activity)
    method = (await system.enroll_group(session, group))["method_id"]
    for person in (first, second):
        await complete(system, activity, person)
    await system.settled()
    enrollment = (await system.enrollment(session, first))["id"]
    refused = await system.post(f"/enrollments/{enrollment}/unenroll", {"on_leave": "erase"})
    assert (refused.status_code, refused.json()["erase"]["completions"]) == (409, 1)
    figures = {"completions": 1, "certificates": 0}
    answer = await system.post(
        f"/enrollments/{enrollment}/unenroll", {"on_leave": "erase", "confirm": figures}
    )
    assert (answer.status_code, answer.json()["state"]) == (200, "expired")
    await system.settled()
    path = f"/sessions/{session}/methods/{method}"
    refused = await system.admin.request("DELETE", path, json={"people": "erase"})
    assert (refused.status_code, refused.json()["erase"]) == (409, figures)
    assert await fetch_value("SELECT count(*) FROM result") == 1
    answer = await system.admin.request("DELETE", path, json={"people": "erase", "confirm": figures})
    assert answer.status_code == 200, answer.text
    assert await fetch_value("SELECT count(*) FROM result") == 0
    assert await system.enrolled(session) == set()
