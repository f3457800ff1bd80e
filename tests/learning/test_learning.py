"""Activities and sessions, and learners who take steps themselves."""

import httpx

from backend.database import execute, fetch_row, fetch_value
from tests.harness.api_fixtures import AddPerson, SignIn
from tests.harness.system import System
from tests.learning.paths import create, onboarding, report


async def test_an_activity_keeps_the_ids_of_its_steps(admin: httpx.AsyncClient) -> None:
    course, path = await onboarding(admin)
    assert path["certificate"] == {"id": path["certificate"]["id"], "title": "Onboarded", "valid_months": 12}
    first, second = path["steps"]
    assert (first["title"], first["activity_id"], first["min_score"]) == ("Safety", course["id"], 50)
    at = f"/activities/{path['id']}"
    changed = await admin.patch(
        at, json={"steps": [second, {"kind": "content", "title": "New"}, first]}, headers={"if-match": "1"}
    )
    assert changed.status_code == 200, changed.text
    steps = changed.json()["steps"]
    assert [step["id"] for step in (steps[0], steps[2])] == [second["id"], first["id"]]
    assert steps[1]["id"] not in (first["id"], second["id"])
    replaced = await admin.put(at, json={"kind": "path", "title": "Start", "steps": [steps[2]]})
    assert replaced.json()["steps"] == [first]
    assert replaced.json()["certificate"] is None
    assert (await admin.get(at)).json() == replaced.json()
    assert (await admin.put(at, json={"kind": "course", "title": "Start"})).status_code == 422
    stale = await admin.patch(at, json={"title": "x"}, headers={"if-match": "1"})
    assert (stale.status_code, stale.json()["current_version"]) == (409, 3)


async def test_what_an_activity_cannot_be(admin: httpx.AsyncClient) -> None:
    course, path = await onboarding(admin)
    for body, at in (
        ({"kind": "class", "title": "x"}, "kind"),
        ({"kind": "path", "title": ""}, "title"),
        ({"kind": "path", "title": "x", "steps": [{"kind": "course"}]}, "steps[0].activity_id"),
        (
            {"kind": "path", "title": "x", "steps": [{"kind": "course", "activity_id": 999}]},
            "steps[0].activity_id",
        ),
        (
            {"kind": "path", "title": "x", "steps": [{"kind": "path", "activity_id": course["id"]}]},
            "steps[0].kind",
        ),
        ({"kind": "path", "title": "x", "steps": [{"kind": "content"}]}, "steps[0].title"),
        ({"kind": "path", "title": "x", "steps": [path["steps"][1]]}, "steps[0].id"),
        ({"kind": "path", "title": "x", "steps": [{"title": "y", "min_score": 101}]}, "steps[0].min_score"),
        ({"kind": "path", "title": "x", "certificate": {"valid_months": 0}}, "certificate.valid_months"),
    ):
        answer = await admin.post("/activities", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, at), answer.text
    assert (
        await admin.post("/activities", json={"kind": "path", "title": "x", "external_id": "safety"})
    ).status_code == 409
    limits = await admin.post(
        "/activities", json={"kind": "path", "title": "x", "min_minutes": 9, "max_minutes": 3}
    )
    assert limits.status_code == 422
    outer = await create(
        admin, "/activities", kind="path", title="Outer", steps=[{"kind": "path", "activity_id": path["id"]}]
    )
    circle = await admin.patch(
        f"/activities/{path['id']}", json={"steps": [{"kind": "path", "activity_id": outer["id"]}]}
    )
    assert (circle.status_code, circle.json()["errors"][0]["path"]) == (422, "steps")
    assert len((await admin.get(f"/activities/{path['id']}")).json()["steps"]) == 2
    refused = await admin.delete(f"/activities/{course['id']}")
    assert refused.json()["dependents"] == [{"kind": "activity", "id": path["id"], "name": "Onboarding"}]
    for activity in (outer, path, course):
        assert (await admin.delete(f"/activities/{activity['id']}")).status_code == 204


async def test_a_session_from_beginning_to_end(admin: httpx.AsyncClient, add_person: AddPerson) -> None:
    course, _ = await onboarding(admin)
    teacher = await add_person("teacher@example.org")
    session = await create(
        admin,
        "/sessions",
        activity_id=course["id"],
        name="Spring",
        external_id="safety-1",
        starts_at="2030-03-01T09:00:00+01:00",
        instructor_ids=[teacher],
        catalog="everyone",
    )
    assert session["starts_at"] == "2030-03-01T08:00:00Z"
    assert session["fuse"] == {"count": 50, "percent": 10.0, "most": 1_000, "entering": 1_000}
    at = f"/sessions/{session['id']}"
    changed = await admin.patch(at, json={"fuse": {"count": 5}, "instructor_ids": [], "starts_at": None})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["fuse"]["count"], changed.json()["instructor_ids"]) == (5, [])
    for body, path in (
        ({"starts_at": "2030-03-02T00:00:00Z", "ends_at": "2030-03-01T00:00:00Z"}, "ends_at"),
        ({"instructor_ids": [teacher, 999]}, "instructor_ids[1]"),
        ({"group_id": 999}, "group_id"),
        ({"name": ""}, "name"),
        ({"fuse": {"percent": 101}}, "fuse.percent"),
    ):
        answer = await admin.patch(at, json=body)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path), answer.text
    listed = await admin.get("/sessions", params={"activity_id": course["id"], "sort": "starts"})
    assert [item["id"] for item in listed.json()["items"]] == [session["id"]]
    refused = await admin.delete(f"/activities/{course['id']}")
    assert {d["kind"] for d in refused.json()["dependents"]} == {"session", "activity"}
    await execute(
        "INSERT INTO enrollment (session_id, activity_id, learner_id, state, exclusive, since)"
        " VALUES ($1, $2, $3, 'active', true, muster_now())",
        session["id"],
        course["id"],
        teacher,
    )
    assert (await admin.delete(at)).status_code == 409
    await execute("DELETE FROM enrollment")
    assert (await admin.delete(at)).status_code == 204


async def test_a_learner_completes_content_steps_of_what_they_are_enrolled_in(
    admin: httpx.AsyncClient, add_person: AddPerson, sign_in: SignIn
) -> None:
    course, path = await onboarding(admin)
    ana = await add_person("ana@example.org", external_id="A")
    client = await sign_in("ana@example.org")
    nested, reading = (step["id"] for step in path["steps"])
    at = f"/activities/{path['id']}/steps/{reading}"
    assert (await client.post(f"{at}/start")).status_code == 404
    session = await create(admin, "/sessions", activity_id=path["id"], name="Open", catalog="everyone")
    assert (await client.post(f"{at}/start")).status_code == 403
    await execute(
        "INSERT INTO enrollment (session_id, activity_id, learner_id, state, exclusive, since)"
        " VALUES ($1, $2, $3, 'active', true, muster_now())",
        session["id"],
        path["id"],
        ana,
    )
    started = await client.post(f"{at}/start")
    assert (started.status_code, started.json()["status"]) == (200, "started"), started.text
    assert (await client.post(f"/activities/{path['id']}/steps/{nested}/complete")).status_code == 409
    assert (await client.post(f"/activities/{path['id']}/steps/999/complete")).status_code == 404
    assert (await client.post(f"{at}/complete", json={"score": 101})).status_code == 422
    await admin.patch(f"/sessions/{session['id']}", json={"starts_at": "2090-01-01T00:00:00Z"})
    assert (await client.post(f"{at}/complete")).status_code == 409
    await admin.patch(f"/sessions/{session['id']}", json={"starts_at": None})
    assert (await client.post(f"{at}/complete", json={"score": 80})).status_code == 422
    done = await client.post(f"{at}/complete")
    assert (done.status_code, done.json()["steps_done"]) == (200, 1), done.text
    await report(admin, {"learner": ana, "activity": course["id"], "status": "completed", "score": 70})
    enrollment = await fetch_row("SELECT * FROM enrollment")
    assert enrollment is not None
    assert enrollment["state"] == "completed"
    assert await fetch_value("SELECT count(*) FROM award") == 1


async def test_a_suspended_enrollment_closes_that_course_alone(system: System) -> None:
    person = await system.person("ana@people.example")
    closed, open_ = await system.activity("Closed"), await system.activity("Open")
    steps = {
        activity: await system.write_value(
            "INSERT INTO step (activity_id, position, kind, title) VALUES ($1, 1, 'content', 'Read') RETURNING id",
            activity,
        )
        for activity in (closed, open_)
    }
    sessions = [await system.session(activity) for activity in steps]
    for session in sessions:
        await system.apply(session, kind="manual", rule={"include": [person]})
    suspended = (await system.enrollment(sessions[0], person))["id"]
    assert (await system.post(f"/enrollments/{suspended}/suspend", {})).status_code == 200
    ana = await system.client("ana@people.example")
    answers = [
        await ana.post(f"/activities/{activity}/steps/{step}/start") for activity, step in steps.items()
    ]
    assert [answer.status_code for answer in answers] == [403, 200]
    assert (await ana.get(f"/me/activities/{closed}")).json()["enrollment"]["state"] == "suspended"
    assert (await ana.get("/me/catalog")).status_code == 200
