"""Completion is one fact: rule, board, enrollment and catalog tell the same, whatever is corrected afterwards."""

from typing import Any

import pytest

from backend.database import fetch, fetch_value
from backend.services.enrollment.reconciler import full_check
from tests.harness.system import System


async def facts(system: System, activity: int, session: int, person: int) -> set[bool]:
    """What everybody says who tells whether the person has completed it."""
    await system.settled()
    rule = {
        "blocks": [
            {
                "groups": [],
                "everyone": True,
                "filters": [{"type": "path_result", "status": "completed", "paths": [activity]}],
            }
        ]
    }
    preview = (await system.post("/audiences/preview", {"rule": rule, "sample": 10})).json()
    counts = (await system.admin.get(f"/sessions/{session}/counts")).json()
    listed = (
        await system.admin.get(f"/sessions/{session}/enrollments", params={"state": "completed"})
    ).json()
    return {
        person in [one["id"] for one in preview["sample"]],
        counts["completed"] == 1,
        person in [one["learner"]["id"] for one in listed["items"]],
        (await system.enrollment(session, person))["state"] == "completed",
        await fetch_value(
            "SELECT status FROM standing WHERE activity_id = $1 AND learner_id = $2", activity, person
        )
        == "completed",
    }


async def reported(system: System, **row: Any) -> dict[str, Any]:
    answer = await system.admin.post("/results/bulk", json={"results": [row]})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["errors"] == []
    return found


@pytest.mark.parametrize("with_session", [False, True])
async def test_failed_after_completed_is_an_attempt_and_revoking_is_for_everybody(
    system: System, with_session: bool
) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    activity = await system.activity(external_id="safety")
    session = await system.session(activity, external_id="spring")
    await system.enroll_group(session, group)
    email = await fetch_value("SELECT email FROM learner WHERE id = $1", person)
    row = {"learner": email, "activity": "safety", **({"session": "spring"} if with_session else {})}
    await reported(system, **row, status="completed", score=80)
    assert await facts(system, activity, session, person) == {True}

    failed = {"status": "failed", "score": 20, "completed_at": "2026-01-02T00:00:00Z"}
    assert (await reported(system, **row, **failed))["updated"] == 1
    assert (await reported(system, **row, **failed))["unchanged"] == 1
    assert await facts(system, activity, session, person) == {True}
    attempts = await fetch("SELECT status, score FROM result_attempt")
    assert [tuple(one) for one in attempts] == [("failed", 20)]
    assert await fetch_value("SELECT score FROM standing WHERE activity_id = $1", activity) == 80

    await reported(system, **row, **failed, revoke=True)
    assert await facts(system, activity, session, person) == {False}
    assert (await system.enrollment(session, person))["state"] == "active"
    await reported(system, **row, status="completed", score=90)
    assert await facts(system, activity, session, person) == {True}


async def test_new_steps_take_no_completion_back(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    activity = await system.activity(external_id="safety")
    session = await system.session(activity)
    await system.enroll_group(session, group)
    steps = [{"kind": "content", "title": "One"}]
    made = (await system.admin.patch(f"/activities/{activity}", json={"steps": steps})).json()["steps"]
    email = await fetch_value("SELECT email FROM learner WHERE id = $1", person)
    await reported(system, learner=email, activity="safety", step=made[0]["id"], status="completed")
    assert await facts(system, activity, session, person) == {True}
    longer = [{**made[0]}, {"kind": "content", "title": "Two"}]
    made = (await system.admin.patch(f"/activities/{activity}", json={"steps": longer})).json()["steps"]
    assert await facts(system, activity, session, person) == {True}
    await reported(system, learner=email, activity="safety", step=made[1]["id"], status="started")
    assert await facts(system, activity, session, person) == {True}
    await reported(system, learner=email, activity="safety", step=made[0]["id"], status="failed", revoke=True)
    assert await facts(system, activity, session, person) == {False}


async def test_learners_do_not_grade_themselves(system: System) -> None:
    group = await system.group()
    person = await system.person("pia@people.example")
    coach, stranger = await system.person("coach@people.example"), await system.person("other@people.example")
    await system.join(group, person)
    await system.join(group, coach, role="coach")
    await system.join(await system.group("Elsewhere"), stranger, role="coach")
    activity = await system.activity()
    session = await system.session(activity, group_id=group)
    step: int = await system.write_value(
        "INSERT INTO step (activity_id, position, kind, title, min_score) VALUES ($1, 1, 'content', 'Quiz', 60) RETURNING id",
        activity,
    )
    await system.enroll_group(session, group)
    pia = await system.client("pia@people.example")
    path = f"/activities/{activity}/steps/{step}/complete"
    refused = await pia.post(path, json={"score": 100})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "score")
    assert (await pia.post(path)).json()["successful"] is False
    assert (
        await pia.post(f"/steps/{step}/grade", json={"learner_id": person, "score": 100})
    ).status_code == 403

    body = {"learner_id": person, "score": 75, "note": "Well done"}
    other = await system.client("other@people.example")
    # To an outsider the step may be known, as staff know all activities; the person is not.
    refused = await other.post(f"/steps/{step}/grade", json=body)
    missing = await other.post(f"/steps/{step}/grade", json={**body, "learner_id": 2_000_000_000})
    assert refused.status_code == missing.status_code == 422
    assert refused.json()["errors"] == missing.json()["errors"]

    mine = await system.client("coach@people.example")
    graded = await mine.post(f"/steps/{step}/grade", json=body)
    assert (graded.status_code, graded.json()["successful"], graded.json()["score"]) == (200, True, 75)
    assert await fetch_value("SELECT note FROM result") == "Well done"
    assert (await mine.post(f"/steps/{step}/grade", json={**body, "revoke": True})).status_code == 403
    withdrawn = await system.post(f"/steps/{step}/grade", {**body, "score": 10, "revoke": True})
    assert withdrawn.json()["status"] == "started"
    assert (await system.enrollment(session, person))["state"] == "active"
    assert (await mine.post("/steps/999999/grade", json=body)).status_code == 404


async def test_completions_of_before_are_brought_together(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    activity = await system.activity(external_id="safety")
    session = await system.session(activity)
    await system.enroll_group(session, group)
    await system.write(
        "INSERT INTO result (learner_id, activity_id, status) VALUES ($1, $2, 'failed')", person, activity
    )
    # As a release before left it.
    await system.write(
        "UPDATE enrollment SET state = 'completed', completed_at = muster_now() WHERE learner_id = $1", person
    )
    (found,) = await full_check.run(repair=True)
    assert found.uncompleted == 1
    assert await facts(system, activity, session, person) == {True}
    assert await full_check.run(repair=False) == []
