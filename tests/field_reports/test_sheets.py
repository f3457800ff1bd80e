"""Cases 18, 26 to 29 and 33 of the field reports: what a sheet must not do, whatever is in it, and what time must not undo."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.field_reports.asking import audience, enrolled, until
from tests.harness.instance import Muster
from tests.harness.world import World
from tests.imports.test_web import load, prepare

FILES = Path(__file__).parent.parent / "imports" / "files"


def learner(http: httpx.Client, email: str) -> dict[str, Any]:
    (found,) = http.get("/learners", params={"q": email}).json()["items"]
    assert isinstance(found, dict)
    return found


def test_who_is_missing_from_a_sheet_stays(http: httpx.Client, world: World) -> None:
    """Case 18: no rows, fewer people, a file cut in the middle of a row. A sheet says what it says, and nothing by silence."""
    group = world.group()
    world.run("UPDATE learner_group SET external_id = 'night-18' WHERE id = $1", group)
    session = world.session(world.activity())
    audience(http, session, {"blocks": [{"groups": [group]}]})
    rows = [f"p{number}@18.example,night-18,P{number}\n" for number in range(40)]
    header = "email,groups,first name\n"
    assert load(http, "learners", header + "".join(rows))["created"] == len(rows)
    until(lambda: len(enrolled(http, session)) == len(rows))
    before, told = enrolled(http, session), world.run("SELECT count(*) FROM notice")
    whole = header + "".join(rows)
    for content in (header, header + "".join(rows[:34]), whole[:-12]):
        found = prepare(http, "learners", content)
        assert found["left"] == 0
        applied = http.post(f"/imports/{found['id']}/apply")
        assert applied.status_code in (200, 409), applied.text
        if applied.is_success:
            until(lambda at=found["id"]: http.get(f"/imports/{at}").json()["state"] == "done")  # type: ignore[misc]  # of a lambda with a default mypy infers nothing
    until(lambda: world.run("SELECT count(*) FROM outbox") == 0)
    assert enrolled(http, session) == before
    assert world.run("SELECT count(*) FROM notice") == told


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_a_day_is_the_same_wherever_the_server_is(start_muster: Callable[..., Muster], zone: str) -> None:
    """Case 26: the zone of the machine, and that of the organisation, move no day of a workbook."""
    muster = start_muster(TZ=zone, MUSTER_TIMEZONE=zone)
    http = muster.sign_in()
    for key, kind in (("hire_date", "date"), ("name", "text")):
        assert http.post("/fields", json={"key": key, "name": key, "type": kind}).is_success
    expected = {"0004711": "2026-03-01", "0004712": "2024-02-29", "0004713": "2026-03-01"}
    content = (FILES / "xlsx" / "people_1900_dates_leading_zeros.xlsx").read_bytes()
    load(http, "learners", content, {"zeros:external_id": "pad:7"})
    for _ in range(2):
        items = http.get("/learners", params={"limit": 100}).json()["items"]
        days = {one["external_id"]: one["fields"]["hire_date"] for one in items if one["fields"]}
        assert days == expected
        load(http, "learners", (FILES / "xlsx" / "people_1904_dates.xlsx").read_bytes())


def test_several_spellings_again_make_nobody_and_tell_nobody(http: httpx.Client, world: World) -> None:
    """Case 27: the same sheet a second time."""
    content = (FILES / "encoding" / "case_and_unicode_duplicates.csv").read_bytes()
    ignore = {"unused_columns": "ignore"}
    first = load(http, "learners", content, ignore)
    assert (first["rows"], first["errors"]) == (6, 2)
    people, messages = world.run("SELECT count(*) FROM learner"), world.run("SELECT count(*) FROM message")
    again = load(http, "learners", content, ignore)
    assert (again["created"], again["updated"], again["unchanged"], again["errors"]) == (0, 0, 4, 2)
    assert world.run("SELECT count(*) FROM learner") == people
    assert world.run("SELECT count(*) FROM message") == messages


def test_invisible_characters_cost_nobody_their_place(http: httpx.Client, world: World) -> None:
    """Case 28: who is enrolled stays so; what is no address says where it is wrong; the result is what was foreseen, row by row."""
    avi = http.post("/learners", json={"email": "avi.kessler@example.org"}).json()["id"]
    session = world.session(world.activity())
    world.enroll(session, avi)
    content = (FILES / "encoding" / "invisible_characters_in_email.csv").read_bytes()
    ready = prepare(http, "learners", content, {"unused_columns": "ignore"})
    rows = f"/imports/{ready['id']}/rows"
    foreseen = [(row["row"], row["outcome"]) for row in http.get(rows).json()["items"]]
    (refused,) = http.get(rows, params={"outcome": "error"}).json()["items"]
    assert (refused["row"], refused["problem"]["code"]) == (4, "email")
    assert "haracter" in refused["problem"]["message"], refused
    assert http.post(f"/imports/{ready['id']}/apply").is_success
    until(lambda: http.get(f"/imports/{ready['id']}").json()["state"] == "done")
    done = [(row["row"], row["outcome"]) for row in http.get(rows).json()["items"]]
    assert [row for row, _ in done] == [row for row, _ in foreseen]
    assert [row for row, outcome in done if outcome == "error"] == [4]
    assert learner(http, "avi.kessler@example.org")["id"] == avi
    assert enrolled(http, session) == {avi}


def test_a_form_opened_before_an_import_throws_nobody_out(http: httpx.Client, world: World) -> None:
    """Case 29: two members; the import adds three while a form is open; the form adds one."""
    group = world.group()
    world.run("UPDATE learner_group SET external_id = 'night-29' WHERE id = $1", group)
    people = world.learners(3)
    world.join(group, *people[:2])
    shown = http.get(f"/groups/{group}").json()
    sheet = "email,groups\n" + "".join(f"n{number}@29.example,night-29\n" for number in range(3))
    assert load(http, "learners", sheet)["created"] == 3
    assert http.post(f"/groups/{group}/members", json={"learner_ids": people[2:]}).is_success
    assert http.patch(f"/groups/{group}", json={"description": "As the form has it"}).is_success
    assert shown["member_count"] == 2
    until(lambda: http.get(f"/groups/{group}").json()["member_count"] == 6)
    assert http.get(f"/groups/{group}/members").json()["total"] == 6


def test_the_end_of_an_enrollment_resets_nothing(http: httpx.Client, world: World) -> None:
    """Case 33, as far as it goes without renewal: the certificate and the completion outlive the enrollment, and nobody is told."""
    group = world.group()
    (ana,) = world.learners(1)
    world.join(group, ana)
    fire = http.post(
        "/activities",
        json={"kind": "course", "title": "Fire", "external_id": "fire-33", "certificate": {"title": "Safe", "valid_months": 12}},
    ).json()  # fmt: skip
    session = world.session(fire["id"])
    method = audience(http, session, {"blocks": [{"groups": [group]}]})
    until(lambda: enrolled(http, session) == {ana})
    email = http.get(f"/learners/{ana}").json()["email"]
    done = {"learner": email, "activity": "fire-33", "status": "completed"}
    assert http.post("/results/bulk", json={"results": [done]}).json()["errors"] == []
    awards = http.get(f"/learners/{ana}/awards").json()
    assert world.run("SELECT count(*) FROM award WHERE learner_id = $1", ana) == 1, awards
    # Of messages only those that this end could cause.
    told = world.run("SELECT count(*) FROM notice WHERE learner_id = $1", ana)
    gone = http.request("DELETE", f"/sessions/{session}/methods/{method}", json={"people": "expire"})
    assert gone.is_success, gone.text
    world.leave(group, ana)
    until(lambda: world.run("SELECT count(*) FROM outbox") == 0)
    assert http.get(f"/learners/{ana}/awards").json() == awards
    assert world.run("SELECT status FROM standing WHERE learner_id = $1", ana) == "completed"
    assert world.run("SELECT count(*) FROM notice WHERE learner_id = $1", ana) == told
