"""Results and awards."""

from datetime import UTC, datetime, timedelta

import httpx

from backend.database import execute, fetch, fetch_row, fetch_value
from tests.harness.api_fixtures import AddPerson, SignIn
from tests.learning.paths import Json, create, onboarding, report


async def test_results_complete_a_path_and_award_its_certificate(
    admin: httpx.AsyncClient, add_person: AddPerson
) -> None:
    _, path = await onboarding(admin)
    ana = await add_person("ana@example.org", external_id="A")
    reading = path["steps"][1]["id"]
    answer = await report(
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

    again = await report(admin, {"learner": "A", "activity": "safety", "status": "completed", "score": 40})
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 1)
    better = await report(admin, {"learner": "A", "activity": "safety", "status": "completed", "score": 90})
    assert better["updated"] == 1
    assert await fetch_value("SELECT successful FROM standing WHERE activity_id = $1", path["id"])
    assert await fetch_value("SELECT count(*) FROM award") == 1
    await report(admin, {"learner": "A", "activity": "safety", "status": "started"})
    assert await fetch_value("SELECT status FROM standing WHERE activity_id = $1", path["id"]) == "completed"
    await report(admin, {"learner": "A", "activity": "safety", "status": "failed"})
    assert await fetch_value("SELECT status FROM standing WHERE activity_id = $1", path["id"]) == "completed"
    await report(admin, {"learner": "A", "activity": "safety", "status": "failed", "revoke": True})
    assert await fetch_value("SELECT status FROM standing WHERE activity_id = $1", path["id"]) == "started"
    assert await fetch_value("SELECT count(*) FROM award") == 1


async def test_success_keeps_within_the_time_of_the_path(
    admin: httpx.AsyncClient, add_person: AddPerson
) -> None:
    path = await create(
        admin,
        "/activities",
        kind="path",
        title="Exam",
        external_id="exam",
        min_minutes=10,
        max_minutes=60,
        steps=[{"kind": "content", "title": "Paper"}],
    )
    step = path["steps"][0]["id"]
    for minutes in (9, 10, 60, 61):
        name = f"after-{minutes}"
        await add_person(f"{name}@example.org", external_id=name)
        done = datetime(2026, 3, 1, 9, tzinfo=UTC) + timedelta(minutes=minutes)
        row = {"learner": name, "activity": "exam", "step": step, "status": "completed"}
        times = {"started_at": "2026-03-01T09:00:00Z", "completed_at": done.isoformat()}
        assert (await report(admin, row | times))["errors"] == []
    standings = await fetch(
        "SELECT l.external_id, s.status, s.successful FROM standing s JOIN learner l ON l.id = s.learner_id ORDER BY l.id"
    )
    assert [tuple(row) for row in standings] == [
        ("after-9", "completed", False),
        ("after-10", "completed", True),
        ("after-60", "completed", True),
        ("after-61", "completed", False),
    ]


async def test_an_activity_without_steps_is_awarded_again_when_completed_again(
    admin: httpx.AsyncClient, add_person: AddPerson
) -> None:
    await create(
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
        await report(admin, row)
    await report(admin, row | {"completed_at": "2024-02-29T10:00:00Z"})
    await report(admin, row | {"completed_at": "2025-01-01T10:00:00Z", "awarded_at": "2025-01-05T00:00:00Z"})
    awards = await fetch("SELECT issued_at, expires_at FROM award ORDER BY issued_at")
    assert [(a["issued_at"].date().isoformat(), a["expires_at"].date().isoformat()) for a in awards] == [
        ("2022-01-31", "2024-01-31"),
        ("2024-02-29", "2026-02-28"),
        ("2025-01-05", "2027-01-05"),
    ]


async def test_awards_from_elsewhere(admin: httpx.AsyncClient, add_person: AddPerson) -> None:
    await onboarding(admin)
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
    _, path = await onboarding(admin)
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


async def test_ten_thousand_results_at_once(admin: httpx.AsyncClient) -> None:
    _course, path = await onboarding(admin)
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
    answer = await report(admin, *rows)
    assert (answer["created"], answer["errors"]) == (10_000, [])
    assert await fetch_value("SELECT count(*) FROM award") == 5000
    assert (await report(admin, *rows))["unchanged"] == 10_000
