"""People who are picked until a day: they go when it comes, other reasons hold them, and an undo brings back what was."""

from datetime import timedelta
from typing import Any

import pytest

from backend.database import fetch_value
from backend.runtime import clock
from backend.services.enrollment.dates.ending_picks import end_all
from backend.workers.jobs import apply_runs
from tests.harness.system import System


def day(days: int) -> str:
    """So many days from today."""
    return (clock.today("UTC") + timedelta(days=days)).isoformat()


async def pick(system: System, session: int, *people: int, **body: Any) -> dict[str, Any]:
    """Confirm that these are enrolled by hand."""
    return await system.apply(session, kind="manual", rule={"include": list(people)}, **body)


async def passes(system: System, days: int) -> None:
    """What was to end within so many days is due."""
    await system.write(f"UPDATE picked_until SET until = until - {days}")
    await end_all()
    await system.settled()


async def source_of(system: System, session: int, person: int) -> dict[str, Any]:
    items = (await system.admin.get(f"/sessions/{session}/enrollments")).json()["items"]
    (found,) = [one for one in items if one["learner"]["id"] == person]
    return dict(found["sources"][0])


async def test_they_go_when_the_day_comes_and_are_told_why(system: System) -> None:
    ana, ben = await system.person("ana@example.org"), await system.person("ben@example.org")
    client = await system.client("ana@example.org")
    session = await system.session()
    await pick(system, session, ana, until=day(3))
    await pick(system, session, ben)
    assert (await source_of(system, session, ana))["until"] == day(3)
    assert (await source_of(system, session, ben))["until"] is None
    (item,) = (await client.get("/me/catalog")).json()["items"]
    assert str(clock.today("UTC").year) in item["why"][0]["reason"]
    await passes(system, 2)
    assert await system.enrolled(session) == {ana, ben}
    await passes(system, 1)
    assert await system.enrolled(session) == {ben}
    (gone,) = (
        await system.admin.get(f"/sessions/{session}/enrollments", params={"state": "expired"})
    ).json()["items"]
    assert gone["reason"]["cause"] == "until"
    assert "until" in gone["reason"]["sentence"]
    run = await fetch_value("SELECT id FROM run WHERE cause = 'clock'")
    assert (await system.admin.get(f"/runs/{run}")).json()["left"] == 1
    # Twice changes nothing; undone, they are in for good.
    await end_all()
    assert await fetch_value("SELECT count(*) FROM run WHERE cause = 'clock'") == 1
    assert (await system.admin.post(f"/runs/{run}/undo", json={})).status_code == 200
    await end_all()
    assert await system.enrolled(session) == {ana, ben}
    assert (await source_of(system, session, ana))["until"] is None


async def test_other_reasons_and_completion_hold_them(system: System) -> None:
    ana, ben = await system.person("ana@example.org"), await system.person("ben@example.org")
    group = await system.group()
    await system.join(group, ana)
    activity = await system.activity()
    session = await system.session(activity)
    await pick(system, session, ana, ben, until=day(1))
    await system.enroll_group(session, group)
    await system.write(
        "INSERT INTO result (learner_id, activity_id, status, completed_at) VALUES ($1, $2, 'completed', now())",
        ben,
        activity,
    )
    await system.settled()
    await passes(system, 1)
    assert await system.enrolled(session) == {ana, ben}
    assert (await source_of(system, session, ana))["kind"] == "audience"
    assert (await system.enrollment(session, ben))["state"] == "completed"
    # Who stays because they have completed is asked no more.
    await end_all()
    assert await fetch_value("SELECT count(*) FROM picked_until") == 0


async def test_the_day_is_changed_and_each_change_is_undone(system: System) -> None:
    ana = await system.person("ana@example.org")
    session = await system.session()
    await pick(system, session, ana, until=day(3))
    later = await pick(system, session, ana, until=day(9))
    assert (later["entered"], (await source_of(system, session, ana))["until"]) == (0, day(9))
    # Picking anew without a word of it leaves it as it is; null is for good.
    await pick(system, session, ana)
    assert (await source_of(system, session, ana))["until"] == day(9)
    forever = await pick(system, session, ana, until=None)
    assert (await source_of(system, session, ana))["until"] is None
    undo = await system.admin.post(f"/runs/{forever['run_id']}/undo", json={})
    assert undo.status_code == 200
    assert (await source_of(system, session, ana))["until"] == day(9)
    await system.admin.post(f"/runs/{undo.json()['id']}/undo", json={})
    assert (await source_of(system, session, ana))["until"] is None
    await system.admin.post(f"/runs/{later['run_id']}/undo", json={})
    assert (await source_of(system, session, ana))["until"] == day(3)


async def test_an_undo_in_chunks_changes_the_day_back_too(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ben, cleo = [await system.person(f"{name}@example.org") for name in ("ana", "ben", "cleo")]
    session = await system.session()
    await pick(system, session, ana, until=day(3))
    later = await pick(system, session, ana, ben, cleo, until=day(9))
    assert (await source_of(system, session, ana))["until"] == day(9)
    monkeypatch.setattr("backend.services.enrollment.undo.run_undo.INLINE", 1)
    undo = (await system.admin.post(f"/runs/{later['run_id']}/undo", json={})).json()
    assert undo["state"] == "applying"
    await apply_runs({})
    assert await system.enrolled(session) == {ana}
    assert (await source_of(system, session, ana))["until"] == day(3)
    # An undo keeps what it replaced, as every run does.
    again = await system.admin.post(f"/runs/{undo['id']}/undo", json={})
    assert again.json()["state"] == "applying", again.text
    await apply_runs({})
    assert await system.enrolled(session) == {ana, ben, cleo}
    assert [(await source_of(system, session, one))["until"] for one in (ana, ben)] == [day(9), day(9)]


async def test_an_end_is_of_one_pick_and_not_of_the_next(system: System) -> None:
    ana = await system.person("ana@example.org")
    session = await system.session()
    done = await pick(system, session, ana, until=day(2))
    await system.admin.post(f"/runs/{done['run_id']}/undo", json={})
    assert await system.enrolled(session) == set()
    await pick(system, session, ana)
    await passes(system, 5)
    assert await system.enrolled(session) == {ana}


async def test_it_is_a_part_of_what_is_confirmed(system: System) -> None:
    ana = await system.person("ana@example.org")
    session = await system.session()
    body: dict[str, Any] = {"kind": "manual", "rule": {"include": [ana]}, "until": day(3)}
    plan = await system.plan(session, **body)
    other = {**body, "until": day(4), "hash": plan["hash"]}
    assert (await system.admin.post(f"/sessions/{session}/apply", json=other)).status_code == 409
    assert (
        await system.admin.post(f"/sessions/{session}/apply", json={**body, "hash": plan["hash"]})
    ).status_code == 200


@pytest.mark.parametrize("until", [0, -1])
async def test_a_day_that_has_come_is_refused(system: System, until: int) -> None:
    ana = await system.person("ana@example.org")
    session = await system.session()
    body = {"kind": "manual", "rule": {"include": [ana]}, "until": day(until)}
    answer = await system.admin.post(f"/sessions/{session}/plan", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "until")


async def test_only_who_is_picked_by_name_ends_so(system: System) -> None:
    group = await system.group()
    session = await system.session()
    body = {"kind": "audience", "rule": {"blocks": [{"groups": [group]}]}, "until": day(3)}
    answer = await system.admin.post(f"/sessions/{session}/plan", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "until")
    everywhere = {"group_id": group, "targets": [{"session_id": session}], "until": day(3)}
    answer = await system.admin.post("/enrollments/plan", json=everywhere)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "until")
    bad = {"kind": "manual", "rule": {"include": [1]}, "until": "soon"}
    assert (await system.admin.post(f"/sessions/{session}/plan", json=bad)).status_code in {400, 422}


async def test_people_and_addresses_in_several_sessions_end_on_a_day(system: System) -> None:
    ana = await system.person("ana@example.org")
    group = await system.group()
    sessions = [await system.session(), await system.session()]
    targets = [{"session_id": one} for one in sessions]
    body: dict[str, Any] = {
        "emails": "ana@example.org, new@example.org",
        "group_id": group,
        "targets": targets,
        "until": day(3),
    }
    plan = (await system.admin.post("/enrollments/plan", json=body)).json()
    done = await system.admin.post("/enrollments/apply", json={**body, "hash": plan["hash"]})
    assert done.status_code == 200, done.text
    assert [len(await system.enrolled(one)) for one in sessions] == [2, 2]
    await passes(system, 3)
    assert [await system.enrolled(one) for one in sessions] == [set(), set()]
    assert ana


async def test_others_end_only_what_is_theirs(system: System) -> None:
    ida, ana, ben = [await system.person(f"{name}@example.org") for name in ("ida", "ana", "ben")]
    coach = await system.client("ida@example.org")
    own = await system.group("Own")
    await system.join(own, ida, role="coach")
    await system.join(own, ana)
    session = await system.session(group_id=own)
    await pick(system, session, ana, ben)
    await system.settled()
    path = f"/sessions/{session}/plan"

    def body(person: int) -> dict[str, Any]:
        return {"kind": "manual", "rule": {"include": [person]}, "until": day(3)}

    assert (await coach.post(path, json=body(ana))).status_code == 200
    assert (await coach.post(path, json=body(ben))).status_code == 403
    await system.person("cleo@example.org")
    learner = await system.client("cleo@example.org")
    assert (await learner.post(path, json=body(ana))).status_code == 404
