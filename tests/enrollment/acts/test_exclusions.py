"""Whom a session leaves out, whatever its methods say; and moving people between sessions."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from backend.database import fetch, fetch_value
from backend.runtime import clock
from tests.harness.system import System, until


@pytest.fixture
def restored_clock() -> Iterator[None]:
    """The clock as it was."""
    was = clock.offset()
    yield
    clock.set_offset(was)


async def exclude(system: System, session: int, **body: Any) -> dict[str, Any]:
    answer = await system.admin.post(f"/sessions/{session}/exclusions", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_exclusions_beat_every_method_until_lifted(system: System) -> None:
    group = await system.group()
    gone, other = await system.people(2, group)
    session = await system.session(catalog="everyone")
    method = (await system.enroll_group(session, group))["method_id"]
    done = await exclude(system, session, learner_id=gone, reason="On parental leave")
    assert (done["learner_id"], done["reason"], done["until"]) == (gone, "On parental leave", None)
    assert await system.enrolled(session) == {other}
    # Another dynamic method, a snapshot, picking, pasting, and the rule of the first one changed.
    rule = {"blocks": [{"everyone": True}]}
    everyone = await system.apply(session, kind="audience", rule=rule, dynamic=True)
    for body in ({"kind": "audience", "dynamic": False}, {"kind": "manual"}):
        plan = await system.plan(session, **body, rule={"include": [gone, other]})
        assert (plan["excluded"], plan["entering"]) == (1, 0)
        assert [one["id"] for one in plan["samples"]["excluded"]] == [gone]
        assert "excluded" in [one["code"] for one in plan["warnings"]]
        await system.apply(session, **body, rule={"include": [gone, other]})
    email = await fetch_value("SELECT email FROM learner WHERE id = $1", gone)
    sorted_ = (await system.admin.post(f"/sessions/{session}/emails", json={"text": email})).json()
    assert (sorted_["known"], sorted_["excluded"]) == (0, 1)
    await system.apply(session, method_id=method, rule=rule, dynamic=True)
    await system.leave(group, gone)
    await system.join(group, gone)
    await system.settled()
    assert gone not in await system.enrolled(session)
    why = (
        await system.admin.post(
            "/audiences/explain", json={"rule": rule, "learner_id": gone, "session_id": session}
        )
    ).json()["standing"]
    assert why["state"] == "excluded"
    assert "because “On parental leave”" in why["reason"]["sentence"]
    lifted = await system.admin.delete(f"/sessions/{session}/exclusions/{gone}")
    assert lifted.json()["done"] == 1
    await system.settled()
    assert gone in await system.enrolled(session)
    sources = await fetch(
        "SELECT method_id FROM source WHERE learner_id = $1 AND session_id = $2 AND until IS NULL",
        gone,
        session,
    )
    # The dynamic ones take them back; the others hold whom they were confirmed for.
    assert {row["method_id"] for row in sources} == {method, everyone["method_id"]}
    changes = (await system.admin.get(f"/learners/{gone}/enrollments")).json()["items"]
    assert [one["state"] for one in changes] == ["active"]
    # Undoing the lift leaves them out again, and undoing that lets them in again.
    undo = await system.admin.post(f"/runs/{lifted.json()['run_id']}/undo")
    assert undo.status_code == 200, undo.text
    await system.settled()
    assert gone not in await system.enrolled(session)
    await system.admin.post(f"/runs/{undo.json()['id']}/undo")
    await system.settled()
    assert gone in await system.enrolled(session)
    assert (await system.admin.delete(f"/sessions/{session}/exclusions/{gone}")).json() == {
        "run_id": None,
        "done": 0,
    }


async def test_undoing_an_exclusion_that_was_lifted_and_put_again(system: System) -> None:
    """Given somebody left out, let in again, and that undone; when the exclusion is undone, then they are enrolled as before."""
    group = await system.group()
    (person,) = await system.people(1, group)
    session = await system.session()
    await system.enroll_group(session, group)
    put = (await exclude(system, session, learner_id=person))["run_id"]
    lifted = await system.post(f"/sessions/{session}/exclusions/lift", {"learner_ids": [person]})
    await system.settled()
    undone = await system.post(f"/runs/{lifted.json()['run_id']}/undo", {})
    await system.settled()
    assert await system.enrolled(session) == set()
    # Undone and done again, the undo of the lifting still takes back what it brought back.
    again = await system.post(f"/runs/{undone.json()['id']}/undo", {})
    await system.settled()
    assert await system.enrolled(session) == {person}
    assert (await system.post(f"/runs/{again.json()['id']}/undo", {})).is_success
    await system.settled()
    assert (await system.post(f"/runs/{put}/undo", {})).is_success
    await system.settled()
    assert await fetch_value("SELECT count(*) FROM exclusion") == 0
    assert await system.enrolled(session) == {person}


async def test_an_exclusion_ends_on_its_day(system: System, restored_clock: None) -> None:
    group = await system.group()
    people = await system.people(3, group)
    session = await system.session()
    await system.enroll_group(session, group)
    today = clock.today("UTC")
    await exclude(system, session, learner_id=people[0], until=str(today + timedelta(days=1)))
    await exclude(system, session, learner_id=people[1], until="2200-12-31")
    await system.settled()
    assert await system.enrolled(session) == {people[2]}
    for day in (str(today), "1900-01-01", "0001-01-01", "9999-12-31"):
        answer = await system.admin.post(
            f"/sessions/{session}/exclusions", json={"learner_id": people[2], "until": day}
        )
        assert answer.status_code == 422, answer.text
    clock.set_offset(clock.offset() + timedelta(days=1))
    await until("SELECT count(*) FROM enrollment WHERE session_id = $1 AND state = 'active'", session, is_=2)
    assert await system.enrolled(session) == {people[0], people[2]}
    assert await fetch_value("SELECT cause FROM run ORDER BY id DESC LIMIT 1") == "clock"
    listed = (await system.admin.get(f"/sessions/{session}/exclusions")).json()
    assert [one["learner_id"] for one in listed["items"]] == [people[1]]


async def test_excluding_makes_and_invites_nobody(system: System) -> None:
    session = await system.session()
    before = await fetch_value("SELECT count(*) FROM learner")
    answer = await system.admin.post(
        f"/sessions/{session}/exclusions", json={"emails": ["nobody@x.org"], "reason": "x"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "emails[0]")
    assert await fetch_value("SELECT count(*) FROM learner") == before
    assert not await fetch("SELECT FROM message")
    (person,) = await system.people(1)
    await system.write("UPDATE learner SET email = 'Known@x.org' WHERE id = $1", person)
    done = await exclude(system, session, emails=["known@X.org"], learner_ids=[person])
    assert [one["learner_id"] for one in done["items"]] == [person]
    bodies: list[dict[str, Any]] = [{}, {"learner_id": 999_999}, {"learner_ids": []}]
    for body in bodies:
        assert (await system.admin.post(f"/sessions/{session}/exclusions", json=body)).status_code == 422


async def test_completed_people_stay_and_self_enrollment_is_refused(system: System) -> None:
    done_person = await system.person("done@example.org")
    await system.person("self@example.org")
    activity = await system.activity(external_id="a")
    session = await system.session(activity, catalog="everyone")
    await system.apply(session, kind="self", open=True)
    await system.apply(session, kind="manual", rule={"include": [done_person]})
    results = [{"learner": "done@example.org", "activity": "a", "status": "completed"}]
    await system.admin.post("/results/bulk", json={"results": results})
    myself = await system.client("self@example.org")
    own = await fetch_value("SELECT id FROM learner WHERE email = 'self@example.org'")
    await exclude(system, session, learner_ids=[done_person, own], reason="Secret")
    assert (await system.enrollment(session, done_person))["state"] == "completed"
    refused = await myself.post(f"/sessions/{session}/self-enroll", json={})
    assert (refused.status_code, "Secret" in refused.text) == (403, False)
    await system.settled()
    assert (await myself.get("/me/catalog")).json()["items"] == []
    assert (await system.enrollment(session, done_person))["state"] == "completed"


async def test_an_undo_brings_nobody_back_who_was_excluded_since(system: System) -> None:
    group = await system.group()
    one, two = await system.people(2, group)
    session = await system.session()
    await system.enroll_group(session, group)
    ids = [(await system.enrollment(session, person))["id"] for person in (one, two)]
    run = (
        await system.admin.post(
            f"/sessions/{session}/enrollments/bulk", json={"ids": ids, "do": "unenroll", "reason": "a"}
        )
    ).json()
    assert (run["done"], len(run["run_ids"]), run["skipped"]) == (2, 1, [])
    assert await system.enrolled(session) == set()
    await exclude(system, session, learner_id=one, reason="b")
    undone = (await system.admin.post(f"/runs/{run['run_ids'][0]}/undo")).json()
    assert [(row["learner"]["id"], row["reason"]) for row in undone["left_alone"]] == [(one, "excluded")]
    await system.settled()
    assert await system.enrolled(session) == {two}


async def test_many_acts_at_once_with_reason_and_undo(system: System) -> None:
    people = await system.people(3)
    session = await system.session()
    await system.apply(session, kind="manual", rule={"include": people})
    ids = [(await system.enrollment(session, person))["id"] for person in people]

    async def act(do: str, some: list[int], **more: Any) -> dict[str, Any]:
        answer = await system.admin.post(
            f"/sessions/{session}/enrollments/bulk", json={"ids": some, "do": do, **more}
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    paused = await act("suspend", ids[:2], reason="Waiting for the invoice")
    assert paused["done"] == 2
    again = await act("suspend", ids)
    assert (again["done"], [one["id"] for one in again["skipped"]]) == (1, ids[:2])
    shown = (await system.admin.get(f"/enrollments/{ids[0]}")).json()
    assert (shown["state"], shown["reason"]["note"]) == ("suspended", "Waiting for the invoice")
    for run in (*again["run_ids"], *paused["run_ids"]):
        assert (await system.admin.post(f"/runs/{run}/undo")).status_code == 200
    assert {(await system.enrollment(session, person))["state"] for person in people} == {"active"}
    later = await act("extend", ids, months=1)
    due = {str((await system.enrollment(session, person))["due_at"]) for person in people}
    assert len(due) == 1
    week = await act("extend", ids[:1], weeks=1)
    first = await system.enrollment(session, people[0])
    assert first["due_at"] - (await system.enrollment(session, people[1]))["due_at"] == timedelta(days=7)
    for run in (*week["run_ids"], *later["run_ids"]):
        await system.admin.post(f"/runs/{run}/undo")
    assert (await system.enrollment(session, people[0]))["due_at"] is None
    for body in (
        {"do": "extend"},
        {"do": "extend", "days": 1, "weeks": 1},
        {"do": "suspend", "days": 1},
        {"do": "unenroll", "until": "2100-01-01"},
        {"do": "move"},
        {"do": "suspend", "session_id": session},
    ):
        refused = await system.admin.post(f"/sessions/{session}/enrollments/bulk", json={"ids": ids, **body})
        assert refused.status_code == 422, refused.text
    elsewhere = await system.session()
    missing = await system.admin.post(
        f"/sessions/{elsewhere}/enrollments/bulk", json={"ids": ids, "do": "suspend"}
    )
    assert missing.status_code == 404


async def test_moving_keeps_progress_and_the_old_session_does_not_take_them_back(system: System) -> None:
    group = await system.group()
    people = await system.people(3, group)
    activity = await system.activity(external_id="a")
    old, new = await system.session(activity), await system.session(activity, name="Autumn")
    await system.enroll_group(old, group)
    await system.settled()
    ids = [(await system.enrollment(old, person))["id"] for person in people]
    await system.admin.post(f"/enrollments/{ids[1]}/suspend", json={"reason": "x"})
    await system.admin.post(f"/enrollments/{ids[1]}/extend", json={"due_at": "2190-01-01T00:00:00Z"})
    position = await fetch_value("SELECT seq FROM log_head")
    moved_one = await system.admin.post(f"/enrollments/{ids[0]}/move", json={"session_id": new})
    assert (moved_one.status_code, moved_one.json()["session_id"]) == (200, new), moved_one.text
    answer = await system.admin.post(
        f"/sessions/{old}/enrollments/bulk", json={"ids": ids[1:], "do": "move", "session_id": new}
    )
    assert answer.json()["done"] == 2, answer.text
    await system.settled()
    assert await system.enrolled(new) == set(people)
    assert await system.enrolled(old) == set()
    second = await system.enrollment(new, people[1])
    assert (second["state"], second["due_by_hand"], second["due_at"].year) == ("suspended", True, 2190)
    # In the order of the log nobody is ever without an enrollment.
    live: dict[int, set[int]] = {person: {old} for person in people}
    for row in await fetch(
        "SELECT learner_id, ref_id, new FROM change_log WHERE seq > $1 AND facet = 'enrollment' ORDER BY seq",
        position,
    ):
        (live[row["learner_id"]].add if row["new"][0] != "expired" else live[row["learner_id"]].discard)(
            row["ref_id"]
        )
        assert live[row["learner_id"]]
    left_out = (await system.admin.get(f"/sessions/{old}/exclusions")).json()["items"]
    assert {one["moved_to_id"] for one in left_out} == {new}
    assert all("Moved to “Autumn”" in one["sentence"] for one in left_out)
    # Back again: what the move said is lifted by itself.
    back = await system.admin.post(f"/enrollments/{moved_one.json()['id']}/move", json={"session_id": old})
    assert back.status_code == 200, back.text
    await system.settled()
    assert await system.enrolled(old) == {people[0]}
    # Undone as one, by either of the two runs.
    went, came = sorted(answer.json()["run_ids"], reverse=True)
    assert (await system.admin.post(f"/runs/{went}/undo")).status_code == 200
    assert (await system.admin.post(f"/runs/{came}/undo")).status_code == 409
    await system.settled()
    assert await system.enrolled(old) == set(people)
    assert await system.enrolled(new) == set()
    assert (await system.admin.get(f"/sessions/{old}/exclusions")).json()["total"] == 0


async def test_what_cannot_be_moved_is_refused(system: System) -> None:
    (person, other) = await system.people(2)
    activity = await system.activity()
    old, new = await system.session(activity), await system.session(activity, name="Autumn")
    await system.apply(old, kind="manual", rule={"include": [person, other]})
    enrollment = (await system.enrollment(old, person))["id"]
    ended = await system.session(activity, name="Past", ends_at=clock.now() - timedelta(days=1))
    for session, status in ((await system.session(), 422), (old, 422), (ended, 422), (999_999, 404)):
        answer = await system.admin.post(f"/enrollments/{enrollment}/move", json={"session_id": session})
        assert answer.status_code == status, answer.text
    await exclude(system, new, learner_id=person, reason="Not here")
    refused = await system.admin.post(f"/enrollments/{enrollment}/move", json={"session_id": new})
    assert refused.status_code == 409
    ids = [enrollment, (await system.enrollment(old, other))["id"]]
    some = await system.admin.post(
        f"/sessions/{old}/enrollments/bulk", json={"ids": ids, "do": "move", "session_id": new}
    )
    assert (some.json()["done"], [one["id"] for one in some.json()["skipped"]]) == (1, [enrollment])
    await system.settled()
    assert (await system.enrolled(old), await system.enrolled(new)) == ({person}, {other})


@pytest.mark.parametrize("role", ["coach", "instructor", "manager", "learner"])
async def test_exclusions_of_others_than_admins(system: System, role: str) -> None:
    """Coaches leave out members of their groups; nobody lifts a duty that is not theirs, not even beforehand."""
    group, far = await system.group(), await system.group("Far")
    actor = await system.person("who@example.org")
    member, stranger, duty = await system.people(3)
    await system.join(group, member, duty)
    await system.join(far, stranger)
    session = await system.session(group_id=group, catalog="group")
    await system.apply(session, kind="manual", rule={"include": [member, stranger]})
    wide = {"blocks": [{"everyone": True}], "include": [duty], "exclude": [member, stranger, actor]}
    if role == "coach":
        await system.join(group, actor, role="coach")
    elif role == "instructor":
        await system.write("INSERT INTO session_instructor VALUES ($1, $2)", session, actor)
    elif role == "manager":
        await system.write("UPDATE organisation SET managers_enroll = true")
        await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", actor, member)
    client = await system.client("who@example.org")
    path = f"/sessions/{session}/exclusions"
    mine = await client.post(path, json={"learner_id": member, "reason": "x"})
    assert mine.status_code == (201 if role == "coach" else 404 if role == "learner" else 403), mine.text
    for other in (stranger, 999_999):
        answer = await client.post(path, json={"learner_id": other})
        assert answer.status_code == (404 if role == "learner" else 403), answer.text
    row = await system.enrollment(session, stranger)
    bulk = await client.post(
        f"/sessions/{session}/enrollments/bulk", json={"ids": [row["id"]], "do": "exclude"}
    )
    assert bulk.status_code == (404 if role == "learner" else 403), bulk.text
    assert stranger in await system.enrolled(session)
    if role == "coach":
        await system.apply(session, kind="audience", rule=wide, dynamic=True, mandatory=True)
        await system.settled()
        newcomer = (await system.people(1))[0]
        await system.settled()
        await system.join(group, newcomer)
        for person in (duty, newcomer):
            assert (await client.post(path, json={"learner_id": person})).status_code == 403
        assert (await client.delete(f"{path}/{member}")).json()["done"] == 1
        assert (await client.delete(f"{path}/{stranger}")).status_code == 403
