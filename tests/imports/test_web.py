"""Sheets over the web, read and written by a real worker."""

import time
from typing import Any

import httpx
import pytest

from backend.sheets import xlsx_bytes
from backend.sheets.parsing import parse
from tests.harness.instance import Muster

SECONDS = 60.0


def upload(http: httpx.Client, kind: str, content: str | bytes, name: str = "sheet.csv") -> int:
    answer = http.post("/imports", files={"file": (name, content)}, data={"kind": kind})
    assert answer.status_code == 202, answer.text
    return int(answer.json()["id"])


def until(http: httpx.Client, import_id: int, *states: str) -> dict[str, Any]:
    deadline = time.monotonic() + SECONDS
    while True:
        found: dict[str, Any] = http.get(f"/imports/{import_id}").json()
        if found["state"] in states:
            return found
        assert time.monotonic() < deadline, f"still {found['state']}: {found}"
        time.sleep(0.05)


def prepare(
    http: httpx.Client, kind: str, content: str | bytes, answers: dict[str, str] | None = None
) -> dict[str, Any]:
    """An import that is ready, its questions answered."""
    import_id = upload(http, kind, content)
    ready = until(http, import_id, "ready", "failed")
    assert ready["state"] == "ready", ready
    if answers:
        answered = http.post(f"/imports/{import_id}/answers", json=answers)
        assert answered.status_code == 200, answered.text
        ready = until(http, import_id, "ready", "failed")
    return ready


def load(
    http: httpx.Client, kind: str, content: str | bytes, answers: dict[str, str] | None = None
) -> dict[str, Any]:
    import_id = prepare(http, kind, content, answers)["id"]
    assert http.post(f"/imports/{import_id}/apply").status_code == 200
    return until(http, import_id, "done", "failed")


def counts(found: dict[str, Any]) -> tuple[int, int, int, int]:
    return found["created"], found["updated"], found["unchanged"], found["errors"]


@pytest.fixture(scope="module")
def structure(http: httpx.Client) -> httpx.Client:
    for field in (
        {"name": "Location", "key": "location", "type": "choice", "options": ["Paris", "Lyon"]},
        {"name": "Hired on", "key": "hired", "type": "date"},
        {"name": "Grade", "key": "grade", "type": "number"},
        {"name": "Remote", "key": "remote", "type": "boolean"},
    ):
        assert http.post("/fields", json=field).is_success
    activity = http.post(
        "/activities", json={"kind": "course", "title": "Safety", "external_id": "safety"}
    ).json()
    for name in ("spring", "autumn"):
        body = {"activity_id": activity["id"], "name": name, "external_id": f"safety-{name}"}
        assert http.post("/sessions", json=body).is_success
    return http


def test_everything_from_sheets(structure: httpx.Client) -> None:
    http = structure
    groups = (
        "Code;Nom;Type;Parent;Privé\nco;Halden;entreprise;;\nfr;France;service;co;oui\nfr;Encore;;;\nx;;;;\n"
    )
    assert counts(load(http, "groups", groups)) == (2, 0, 0, 2)
    learners = (
        "E-mail;Prénom;Nom;Groupes;Lieu;LOCATION;hired on;Grade;Travail;Remote\n"
        "ana@x.org;Ana;López;fr, co;;Paris;01/02/2026;3,5;;oui\n"
        "bo@x.org;Bo;Ek;fr;;Lyon;2026-02-01;4;;non\n"
        "bad;No;Body;;;;;;;\n"
        "cy@x.org;Cy;;;;Oslo;;;;\n"
        "di@x.org;Di;;;;;yesterday;;;\n"
    )
    asked = prepare(http, "learners", learners.encode("latin-1"))
    assert {one["id"] for one in asked["questions"]} == {"date_order:fields.hired"}
    found = load(http, "learners", learners.encode("latin-1"), {"date_order:fields.hired": "day_first"})
    assert counts(found) == (2, 0, 0, 3)
    meanings = {column["header"]: column["meaning"] for column in found["preview"]["columns"]}
    assert meanings["Prénom"] == "first_name"
    assert meanings["LOCATION"] == "fields.location"
    assert meanings["Travail"] is None
    ana = http.get("/learners", params={"q": "ana"}).json()["items"][0]
    assert ana["fields"] == {"location": "Paris", "hired": "2026-02-01", "grade": 3.5, "remote": True}
    assert {group["name"] for group in ana["groups"]} == {"France", "Halden"}
    again = load(http, "learners", learners.encode("utf-8-sig"), {"date_order:fields.hired": "day_first"})
    assert counts(again) == (0, 0, 2, 3)
    memberships = (
        "learner,group,role\nana@x.org,co,coach\nBO@X.ORG,co,\nnobody@x.org,co,\nana@x.org,nowhere,\n"
    )
    assert counts(load(http, "memberships", memberships)) == (1, 1, 0, 2)
    results = "apprenant,cours,statut,note,date\nana@x.org,safety,Réussi,87%,2026-03-01\nbo@x.org,safety,nonsense,,\n"
    assert counts(load(http, "results", results))[3] == 1
    enrollments = (
        "learner,session,since,until\nana@x.org,safety-spring,2026-01-01,\nbo@x.org,safety-spring,2026-01-01,2026-02-01\n"
        "bo@x.org,safety-autumn,,\nana@x.org,safety-autumn,,\nbo@x.org,gone,,\n"
    )
    done = load(http, "enrollments", enrollments)
    assert done["created"] == 3
    assert done["errors"] == 2, "somebody unknown, and who has completed it elsewhere"
    session = http.get("/sessions", params={"q": "spring"}).json()["items"][0]["id"]
    people = http.get(f"/sessions/{session}/enrollments").json()["items"]
    states = {one["learner"]["email"]: (one["state"], one["since"][:10]) for one in people}
    assert states == {"ana@x.org": ("completed", "2026-01-01"), "bo@x.org": ("expired", "2026-01-01")}
    sources = {(source["kind"], source["name"]) for one in people for source in one["sources"]}
    assert sources <= {("manual", "")}
    assert counts(load(http, "enrollments", enrollments))[0] == 0


def test_rejects_can_be_mended_and_imported(structure: httpx.Client) -> None:
    http = structure
    import_id = upload(
        http, "learners", "email,location\neva@x.org,Paris\nfinn@x.org,=HYPERLINK(1)\n,Paris\n"
    )
    ready = until(http, import_id, "ready")
    assert (ready["rows"], ready["valid"], ready["errors"]) == (3, 1, 2)
    assert [row["outcome"] for row in ready["preview"]["rows"]] == ["valid", "error", "error"]
    assert http.get("/learners", params={"q": "eva@x.org"}).json()["total"] == 0, (
        "nothing before it is applied"
    )
    refused = http.get(f"/imports/{import_id}/rows", params={"outcome": "error", "limit": 1}).json()
    assert (refused["total"], refused["items"][0]["row"]) == (2, 3)
    assert refused["next"]
    answer = http.get(f"/imports/{import_id}/rejects.xlsx")
    assert "attachment" in answer.headers["content-disposition"]
    header, *rows = parse(answer.content).table
    assert header == ["email", "location", "Problem", "Row"]
    assert [row[1] for row in rows] == ["=HYPERLINK(1)", "Paris"]
    rows[0][1], rows[1][0] = "Lyon", "gus@x.org"
    http.post(f"/imports/{import_id}/apply")
    until(http, import_id, "done")
    mended = load(http, "learners", xlsx_bytes(header, rows))
    assert counts(mended) == (2, 0, 0, 0)


def test_a_template_of_sessions(structure: httpx.Client) -> None:
    http = structure
    load(http, "learners", "email\nhana@x.org\nivo@x.org\n")
    sessions = {one["name"]: one["id"] for one in http.get("/sessions").json()["items"]}
    answer = http.post("/imports/template", json={"session_ids": [sessions["spring"], sessions["autumn"]]})
    assert answer.status_code == 200
    (header,) = parse(answer.content).table
    assert header[0] == "E-mail"
    filled = xlsx_bytes(header, [["hana@x.org", "x", ""], ["ivo@x.org", "no", "yes"]])
    ready = prepare(http, "enrollments", filled)
    assert ready["created"] == 2, "how many will be enrolled is told before"
    assert http.post(f"/imports/{ready['id']}/apply").is_success
    assert until(http, ready["id"], "done", "failed")["created"] == 2
    told = {one["email"] for one in http.get("/outbox", params={"limit": 1000}).json()["items"]}
    assert {"hana@x.org", "ivo@x.org"} <= told
    autumn = http.get(f"/sessions/{sessions['autumn']}/enrollments", params={"q": "ivo"}).json()["items"]
    assert [one["learner"]["email"] for one in autumn] == ["ivo@x.org"]
    assert http.get(f"/sessions/{sessions['spring']}/enrollments", params={"q": "ivo"}).json()["total"] == 0
    assert http.post("/imports/template", json={"session_ids": [999_999]}).status_code == 422


def test_what_cannot_be_imported(muster: Muster, structure: httpx.Client) -> None:
    http = structure
    failed = until(http, upload(http, "learners", "name\nAna\n"), "failed")
    assert "email" in failed["error"]
    failed = until(http, upload(http, "learners", b"PK\x03\x04 nothing"), "failed")
    assert "damaged" in failed["error"]
    assert until(http, upload(http, "learners", ""), "failed")
    assert http.post("/imports", files={"file": ("a.csv", "x")}, data={"kind": "planets"}).status_code in {
        400,
        422,
    }
    assert http.post(f"/imports/{failed['id']}/apply").status_code == 409
    assert http.post(f"/imports/{failed['id']}/cancel").status_code == 409
    assert http.get("/imports/424242").status_code == 404
    ready = until(http, upload(http, "learners", "email\nzoe@x.org\n"), "ready")
    assert http.post(f"/imports/{ready['id']}/cancel").json()["state"] == "cancelled"
    assert http.post(f"/imports/{ready['id']}/apply").status_code == 409
    body = {"email": "plain@x.org", "password": "correct horse battery"}
    assert http.post("/learners", json=body).is_success
    plain = muster.sign_in("plain@x.org", "correct horse battery")
    assert plain.get("/imports").status_code == 403
    assert (
        plain.post("/imports", files={"file": ("a.csv", "x")}, data={"kind": "learners"}).status_code == 403
    )
    assert plain.get(f"/imports/{ready['id']}").status_code == 403
    assert http.get("/imports", params={"limit": 2}).json()["total"] >= 4


def test_many_rows_in_chunks(structure: httpx.Client) -> None:
    http = structure
    rows = "".join(f"person{n}@x.org,P{n},P{10_499 - n}\n" for n in range(10_500))
    ready = prepare(http, "learners", "email,external id,manager\n" + rows + "again@x.org,P3,\n")
    foreseen = counts(ready)
    assert foreseen == (10_500, 0, 0, 1)
    assert http.post(f"/imports/{ready['id']}/apply").is_success
    found = until(http, ready["id"], "done", "failed")
    assert (counts(found), found["progress"]) == (foreseen, 1)
    refused = http.get(f"/imports/{ready['id']}/rows", params={"outcome": "error"}).json()["items"]
    assert [(one["row"], one["problem"]["message"]) for one in refused] == [
        (10_502, "Line 5 is about the same learner.")
    ]


def test_whoever_a_sheet_puts_into_a_group_is_enrolled_as_whoever_is_added_by_hand(
    structure: httpx.Client,
) -> None:
    http = structure
    group = http.post("/groups", json={"name": "Night shift", "external_id": "night"}).json()["id"]
    course = http.post("/activities", json={"kind": "course", "title": "Fire Safety"}).json()["id"]
    session = http.post("/sessions", json={"activity_id": course, "name": "Always"}).json()["id"]
    method = {"kind": "group", "group_id": group, "dynamic": True, "due_days": 10}
    plan = http.post(f"/sessions/{session}/plan", json=method).json()
    applied = http.post(f"/sessions/{session}/apply", json=method | {"hash": plan["hash"]})
    assert applied.status_code == 200, applied.text
    people = [http.post("/learners", json={"email": f"night{n}@x.org"}).json()["id"] for n in range(3)]
    assert http.post(f"/groups/{group}/members", json={"learner_ids": people[:1]}).is_success
    load(http, "memberships", "learner,group\nnight1@x.org,night\n")
    load(http, "learners", "email,groups\nnight2@x.org,night\nnight3@x.org,night\n")
    deadline = time.monotonic() + SECONDS
    while len(enrolled := http.get(f"/sessions/{session}/enrollments").json()["items"]) < 4:
        assert time.monotonic() < deadline, enrolled
        time.sleep(0.05)
    assert len({one["due_at"][:10] for one in enrolled}) == 1
    assert {source["kind"] for one in enrolled for source in one["sources"]} == {"group"}
    messages = http.get("/outbox", params={"limit": 1000}).json()["items"]
    told = [one["email"] for one in messages if one["email"].startswith("night")]
    assert sorted(told) == sorted({*told}), "one message each"
    assert len(told) == 4
    # Who leaves by a sheet leaves as whoever is taken out.
    left = load(
        http, "memberships", "learner,group,status\nnight1@x.org,night,deleted\nnight9@x.org,night,deleted\n"
    )
    assert (left["updated"], left["errors"]) == (1, 1)
    deadline = time.monotonic() + SECONDS
    while http.get(f"/sessions/{session}/enrollments", params={"state": "active"}).json()["total"] != 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
