"""Legacy sessions: people are enrolled directly by routes of their own, and each kind of session refuses the other's routes."""

from typing import Any

import pytest

from backend.database import fetch_value
from tests.harness.system import System


async def legacy(system: System, **more: Any) -> tuple[int, int]:
    """A path, and a legacy session of it."""
    path = await system.activity("Sales path", kind="path")
    answer = await system.admin.post("/path-sessions", json={"path_id": path, "name": "Old", **more})
    assert answer.status_code == 201, answer.text
    return path, answer.json()["id"]


async def test_people_are_enrolled_and_unenrolled_directly_and_come_again(system: System) -> None:
    one, other, done = await system.people(3)
    path, session = await legacy(system)
    email = await fetch_value("SELECT email FROM learner WHERE id = $1", other)
    body = {"learner_ids": [one, done], "emails": [email.upper()]}
    answer = (await system.admin.post(f"/path-sessions/{session}/enroll", json=body)).json()
    assert (answer["entered"], answer["unchanged"]) == (3, 0)
    # Once more changes nothing, and leaves no run.
    again = (await system.admin.post(f"/path-sessions/{session}/enroll", json=body)).json()
    assert again == {"run_id": None, "entered": 0, "left": 0, "blocked": 0, "unchanged": 3}
    await system.write(
        "INSERT INTO result (learner_id, activity_id, status, completed_at) VALUES ($1, $2, 'completed', now())",
        done,
        path,
    )
    everybody = {"learner_ids": [one, other, done]}
    left = (await system.admin.post(f"/path-sessions/{session}/unenroll", json=everybody)).json()
    assert (left["left"], left["unchanged"]) == (2, 1)
    assert await system.enrolled(session) == {done}
    # Nobody is left out from then on, and no enrollment was ever without a source.
    back = (await system.admin.post(f"/path-sessions/{session}/enroll", json={"learner_ids": [one]})).json()
    assert back["entered"] == 1
    assert await system.enrolled(session) == {one, done}
    assert await fetch_value(
        "SELECT bool_and(EXISTS (SELECT FROM source o WHERE o.session_id = e.session_id AND o.learner_id = e.learner_id"
        " AND o.until IS NULL)) FROM enrollment e WHERE e.state <> 'expired'"
    )
    await system.admin.post(f"/runs/{back['run_id']}/undo")
    assert await system.enrolled(session) == {done}


async def test_the_kinds_are_told_apart_and_refuse_each_others_routes(system: System) -> None:
    (person,) = await system.people(1)
    path, session = await legacy(system)
    usual = await system.session(path)
    await system.admin.post(f"/path-sessions/{session}/enroll", json={"learner_ids": [person]})
    told = (await system.admin.get(f"/sessions/{session}")).json()
    assert (told["legacy"], told["method_kinds"]) == (True, [])
    assert (await system.admin.get(f"/sessions/{usual}")).json()["legacy"] is False
    picked = {"kind": "manual", "rule": {"include": [person]}}
    enrollment = (await system.enrollment(session, person))["id"]
    targets = {"people": [person], "targets": [{"session_id": session}]}
    refused: list[tuple[str, dict[str, Any]]] = [
        (f"/sessions/{session}/plan", picked),
        (f"/sessions/{session}/apply", picked | {"hash": "0" * 64}),
        (f"/sessions/{session}/methods", picked),
        (f"/sessions/{session}/emails", {"text": "new@example.org"}),
        (f"/sessions/{session}/self-enroll", {}),
        (f"/sessions/{session}/leave", {}),
        (f"/sessions/{session}/exclusions", {"learner_id": person}),
        (f"/sessions/{session}/enrollments/bulk", {"ids": [enrollment], "do": "exclude"}),
        (f"/enrollments/{enrollment}/move", {"session_id": usual}),
        ("/enrollments/plan", targets),
        ("/proposals", {"session_id": session, "body": targets}),
    ]
    for route, body in refused:
        answer = await system.admin.post(route, json=body)
        assert (answer.status_code, answer.json()["type"]) == (409, "legacy_session"), (route, answer.text)
    for act in ("enroll", "unenroll"):
        answer = await system.admin.post(f"/path-sessions/{usual}/{act}", json={"learner_ids": [person]})
        assert (answer.status_code, answer.json()["type"]) == (409, "audience_session"), answer.text
    # An activity is meant by its one open session that has methods.
    plan = await system.admin.post(
        "/enrollments/plan", json={"people": [person], "targets": [{"activity_id": path}]}
    )
    assert plan.json()["sessions"][0]["session_id"] == usual, plan.text
    # What is done to those who are enrolled works in both; unenrolling leaves nobody out here.
    for act in ("suspend", "resume", "unenroll"):
        answer = await system.admin.post(f"/enrollments/{enrollment}/{act}", json={})
        assert answer.status_code == 200, (act, answer.text)
    assert not await fetch_value("SELECT count(*) FROM exclusion")


@pytest.mark.parametrize("kind", ["course", "program"])
async def test_only_paths_have_legacy_sessions(system: System, kind: str) -> None:
    activity = await system.activity(kind=kind)
    answer = await system.admin.post("/path-sessions", json={"path_id": activity, "name": "Old"})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "path_id")


async def test_coaches_enroll_directly_whom_they_lead_and_learn_of_nobody_else(system: System) -> None:
    coach = await system.person("coach@example.org")
    group = await system.group()
    (mine,), (foreign,) = await system.people(1, group), await system.people(1)
    await system.join(group, coach, role="coach")
    _, session = await legacy(system, group_id=group)
    client = await system.client("coach@example.org")
    foreign_email = await fetch_value("SELECT email FROM learner WHERE id = $1", foreign)
    for body in ({"emails": [foreign_email]}, {"emails": ["nobody@example.org"]}, {"learner_ids": [foreign]}):
        answer = await client.post(f"/path-sessions/{session}/enroll", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown"), answer.text
    answer = await client.post(f"/path-sessions/{session}/enroll", json={"learner_ids": [mine]})
    assert answer.json()["entered"] == 1
    await system.admin.post(f"/path-sessions/{session}/enroll", json={"learner_ids": [foreign]})
    answer = await client.post(f"/path-sessions/{session}/unenroll", json={"learner_ids": [mine, foreign]})
    assert answer.status_code == 422
    assert await system.enrolled(session) == {mine, foreign}
