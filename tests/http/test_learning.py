"""Activities, sessions, results, awards, and learners who take steps themselves."""

from datetime import UTC, datetime
from typing import Any

import httpx

from backend.database import execute, fetch, fetch_row, fetch_value
from tests.http.conftest import AddPerson, SignIn

Json = dict[str, Any]


async def _create(admin: httpx.AsyncClient, path: str, **data: object) -> Json:
    answer = await admin.post(path, json=data)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def _results(admin: httpx.AsyncClient, *rows: Json) -> Json:
    answer = await admin.post("/results/bulk", json={"results": rows})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def _path(admin: httpx.AsyncClient) -> tuple[Json, Json]:
    """A path with a certificate, made of a course without steps and a content step."""
    course = await _create(admin, "/activities", kind="course", title="Safety", external_id="safety")
    path = await _create(
        admin,
        "/activities",
        kind="path",
        title="Onboarding",
        external_id="onboarding",
        steps=[
            {"kind": "course", "activity_id": course["id"], "title": "", "min_score": 50},
            {"kind": "content", "title": "Read the handbook", "body": "Please do."},
        ],
        certificate={"title": "Onboarded", "valid_months": 12},
    )
    return course, path


async def test_an_activity_keeps_the_ids_of_its_steps(admin: httpx.AsyncClient) -> None:
    course, path = await _path(admin)
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
    course, path = await _path(admin)
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
    outer = await _create(
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
    course, _ = await _path(admin)
    teacher = await add_person("teacher@example.org")
    session = await _create(
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
    assert session["fuse"] == {"count": 50, "percent": 10.0}
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


async def test_results_complete_a_path_and_award_its_certificate(
    admin: httpx.AsyncClient, add_person: AddPerson
) -> None:
    _, path = await _path(admin)
    ana = await add_person("ana@example.org", external_id="A")
    reading = path["steps"][1]["id"]
    answer = await _results(
        admin,
        {"learner": "A", "activity": "safety", "status": "started", "started_at": "2024-01-01T00:00:00Z"},
        {"learner": "ANA@example.org", "activity": "safety", "status": "completed", "score": 40},
        {"learner": "A", "activity": "onboarding", "step": reading, "status": "completed"},
        {"learner": "nobody", "activity": "safety", "status": "completed"},
        {"learner": "A", "activity": "nothing", "status": "completed"},
        {"learner": "A", "activity": "onboarding", "status": "completed"},
        {"learner": "A", "activity": "onboarding", "status": "started"},
        {"learner": "A", "activity": "safety", "step": reading, "status": "completed"},
        {"learner": "A", "activity": "safety", "session": "none", "status": "completed"},
        {"learner": "A", "activity": "safety", "status": "done"},
        {"learner": "A", "activity": "safety", "status": "completed", "score": 101},
    )
    assert [(e["row"], e["path"], e["code"]) for e in answer["errors"]] == [
        (3, "learner", "unknown"),
        (4, "activity", "unknown"),
        (5, "step", "step_required"),
        (7, "step", "unknown"),
        (8, "session", "unknown"),
        (9, "status", "choice"),
        (10, "score", "range"),
    ]
    standing = await fetch_row("SELECT * FROM standing WHERE activity_id = $1", path["id"])
    assert standing is not None
    # Completed, but not successful: the course's score is below the step's minimum.
    assert (standing["status"], standing["successful"], standing["steps_done"]) == ("completed", False, 2)
    awards = await fetch("SELECT * FROM award")
    assert [(a["learner_id"], a["certificate_id"]) for a in awards] == [(ana, path["certificate"]["id"])]
    assert (awards[0]["expires_at"].year, awards[0]["expires_at"].month) == (
        awards[0]["issued_at"].year + 1,
        awards[0]["issued_at"].month,
    )

    again = await _results(admin, {"learner": "A", "activity": "safety", "status": "completed", "score": 40})
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 1)
    better = await _results(admin, {"learner": "A", "activity": "safety", "status": "completed", "score": 90})
    assert better["updated"] == 1
    assert await fetch_value("SELECT successful FROM standing WHERE activity_id = $1", path["id"])
    assert await fetch_value("SELECT count(*) FROM award") == 1
    await _results(admin, {"learner": "A", "activity": "safety", "status": "started"})
    assert await fetch_value("SELECT status FROM standing WHERE activity_id = $1", path["id"]) == "completed"
    await _results(admin, {"learner": "A", "activity": "safety", "status": "failed"})
    assert await fetch_value("SELECT status FROM standing WHERE activity_id = $1", path["id"]) == "started"
    assert await fetch_value("SELECT count(*) FROM award") == 1


async def test_an_activity_without_steps_is_awarded_again_when_completed_again(
    admin: httpx.AsyncClient, add_person: AddPerson
) -> None:
    await _create(
        admin,
        "/activities",
        kind="course",
        title="First aid",
        external_id="aid",
        certificate={"title": "First aider", "valid_months": 24},
    )
    await add_person("ana@example.org", external_id="A")
    row = {"learner": "A", "activity": "aid", "status": "completed", "completed_at": "2022-01-31T10:00:00Z"}
    for _ in range(2):
        await _results(admin, row)
    await _results(admin, row | {"completed_at": "2024-02-29T10:00:00Z"})
    await _results(
        admin, row | {"completed_at": "2025-01-01T10:00:00Z", "awarded_at": "2025-01-05T00:00:00Z"}
    )
    awards = await fetch("SELECT issued_at, expires_at FROM award ORDER BY issued_at")
    assert [(a["issued_at"].date().isoformat(), a["expires_at"].date().isoformat()) for a in awards] == [
        ("2022-01-31", "2024-01-31"),
        ("2024-02-29", "2026-02-28"),
        ("2025-01-05", "2027-01-05"),
    ]


async def test_awards_from_elsewhere(admin: httpx.AsyncClient, add_person: AddPerson) -> None:
    await _path(admin)
    await add_person("ana@example.org", external_id="A")
    row = {"learner": "A", "certificate": "onboarding", "issued_at": "2024-05-01T00:00:00Z"}
    rows = [
        row,
        row | {"issued_at": "2023-05-01T00:00:00Z", "expires_at": None},
        row | {"issued_at": "2022-05-01T00:00:00Z", "expires_at": "2022-06-01T00:00:00Z"},
        row | {"issued_at": "2022-05-01T00:00:00Z", "expires_at": "2021-06-01T00:00:00Z"},
        row | {"certificate": "safety"},
        row | {"learner": "nobody"},
    ]
    answer = (await admin.post("/awards/bulk", json={"awards": rows})).json()
    assert (answer["created"], answer["updated"], answer["unchanged"]) == (3, 0, 0)
    assert [(e["row"], e["path"]) for e in answer["errors"]] == [
        (3, "expires_at"),
        (4, "certificate"),
        (5, "learner"),
    ]
    stored = await fetch("SELECT expires_at FROM award ORDER BY issued_at")
    assert [a["expires_at"] for a in stored] == [
        datetime(2022, 6, 1, tzinfo=UTC),
        None,
        datetime(2025, 5, 1, tzinfo=UTC),
    ]
    changed = [row | {"expires_at": None}, rows[1]]
    answer = (await admin.post("/awards/bulk", json={"awards": changed})).json()
    assert (answer["created"], answer["updated"], answer["unchanged"]) == (0, 1, 1)


async def test_the_certificates_of_somebody(
    admin: httpx.AsyncClient, add_person: AddPerson, sign_in: SignIn
) -> None:
    _, path = await _path(admin)
    people = [await add_person(f"{name}@example.org", external_id=name) for name in ("ana", "bo")]
    rows = [
        {
            "learner": "ana",
            "certificate": "onboarding",
            "issued_at": f"{year}-05-01T00:00:00Z",
            "expires_at": until,
        }
        for year, until in ((2023, "2025-05-01T00:00:00Z"), (2025, None), (2024, "2026-05-01T00:00:00Z"))
    ]
    await admin.post("/awards/bulk", json={"awards": rows})
    ana, bo = await sign_in("ana@example.org"), await sign_in("bo@example.org")
    listed = f"/learners/{people[0]}/awards"
    first = (await ana.get(f"{listed}?limit=2")).json()
    assert (first["total"], len(first["items"])) == (3, 2)
    rest = (await ana.get(listed, params={"limit": 2, "cursor": first["next"]})).json()
    assert rest["next"] is None
    held = first["items"] + rest["items"]
    assert [(a["issued_at"][:4], a["expires_at"]) for a in held] == [
        ("2025", None),
        ("2024", "2026-05-01T00:00:00Z"),
        ("2023", "2025-05-01T00:00:00Z"),
    ]
    assert {(a["activity_id"], a["activity_title"], a["title"]) for a in held} == {
        (path["id"], path["title"], path["certificate"]["title"])
    }
    assert (await bo.get(listed)).status_code == 404
    assert (await bo.get(f"/learners/{people[1]}/awards")).json()["items"] == []


async def test_a_learner_completes_content_steps_of_what_they_are_enrolled_in(
    admin: httpx.AsyncClient, add_person: AddPerson, sign_in: SignIn
) -> None:
    course, path = await _path(admin)
    ana = await add_person("ana@example.org", external_id="A")
    client = await sign_in("ana@example.org")
    nested, reading = (step["id"] for step in path["steps"])
    at = f"/activities/{path['id']}/steps/{reading}"
    assert (await client.post(f"{at}/start")).status_code == 404
    session = await _create(admin, "/sessions", activity_id=path["id"], name="Open", catalog="everyone")
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
    done = await client.post(f"{at}/complete", json={"score": 80})
    assert (done.status_code, done.json()["steps_done"]) == (200, 1), done.text
    await _results(admin, {"learner": ana, "activity": course["id"], "status": "completed", "score": 70})
    enrollment = await fetch_row("SELECT * FROM enrollment")
    assert enrollment is not None
    assert enrollment["state"] == "completed"
    assert await fetch_value("SELECT count(*) FROM award") == 1


async def test_ten_thousand_results_at_once(admin: httpx.AsyncClient) -> None:
    _course, path = await _path(admin)
    await execute(
        "INSERT INTO learner (email, external_id, added_at)"
        " SELECT 'p' || i || '@example.org', 'P' || i, muster_now() FROM generate_series(1, 5000) AS i"
    )
    reading = path["steps"][1]["id"]
    rows: list[Json] = []
    for i in range(1, 5001):
        rows.append({"learner": f"P{i}", "activity": "safety", "status": "completed", "score": i % 101})
        rows.append(
            {"learner": f"p{i}@example.org", "activity": path["id"], "step": reading, "status": "completed"}
        )
    answer = await _results(admin, *rows)
    assert (answer["created"], answer["errors"]) == (10_000, [])
    assert await fetch_value("SELECT count(*) FROM award") == 5000
    assert (await _results(admin, *rows))["unchanged"] == 10_000
