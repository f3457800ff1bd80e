"""Values at the ends of every type are checked as they are decoded: 1900 to 2200 or null, numbers as doubles."""

import math
from typing import Any

import httpx
import pytest

from backend.rules.calendar import FIRST_DAY, LAST_DAY
from tests.harness.instance import Muster
from tests.harness.world import world_of

OUTSIDE = [
    "0001-01-01T00:00:00Z",
    "1899-12-31T23:59:59Z",
    "2201-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
]
INSIDE = [f"{FIRST_DAY}T00:00:00Z", f"{LAST_DAY}T23:59:59.999999Z", None]


@pytest.fixture(scope="module")
def session(http: httpx.Client) -> int:
    activity = http.post("/activities", json={"kind": "course", "title": "C", "external_id": "c"}).json()
    made: int = http.post("/sessions", json={"activity_id": activity["id"], "name": "S"}).json()["id"]
    return made


def refused(answer: httpx.Response, *paths: str) -> None:
    assert answer.status_code == 422, answer.text
    assert [one["path"] for one in answer.json()["errors"]] == list(paths)


@pytest.mark.parametrize("instant", OUTSIDE)
def test_instants_outside_the_calendar_are_refused(http: httpx.Client, session: int, instant: str) -> None:
    activity = http.get(f"/sessions/{session}").json()["activity_id"]
    refused(
        http.post("/sessions", json={"activity_id": activity, "name": "S", "starts_at": instant}), "starts_at"
    )
    refused(http.patch(f"/sessions/{session}", json={"ends_at": instant}), "ends_at")
    refused(http.post("/learners", json={"email": "a@x.example", "added_at": instant}), "added_at")
    refused(
        http.post(f"/sessions/{session}/plan", json={"kind": "manual", "rule": {}, "due_at": instant}),
        "due_at",
    )
    for route, row, path in (
        ("learners", {"email": "b@x.example", "added_at": instant}, "added_at"),
        (
            "results",
            {"learner": "b@x.example", "activity": "c", "status": "completed", "completed_at": instant},
            "completed_at",
        ),
    ):
        answer = http.post(f"/{route}/bulk", json={route: [row, row]})
        assert answer.status_code in (200, 201), answer.text
        assert [(one["row"], one["path"], one["code"]) for one in answer.json()["errors"]] == [
            (0, path, "out_of_range"),
            (1, path, "out_of_range"),
        ]
    day = instant[:10]
    if day not in (str(FIRST_DAY), str(LAST_DAY)):
        refused(http.post("/audiences/preview", json={"rule": {}, "at": day}), "at")
        assert http.get("/learners", params={"added_from": day}).status_code == 422
        added = {"type": "added", "op": "before", "values": [day]}
        rule = {"blocks": [{"everyone": True, "filters": [added]}]}
        refused(http.post("/audiences/preview", json={"rule": rule}), "rule.blocks[0].filters[0].values[0]")


@pytest.mark.parametrize("instant", INSIDE)
def test_the_ends_of_the_calendar_are_taken(http: httpx.Client, session: int, instant: str | None) -> None:
    answer = http.patch(f"/sessions/{session}", json={"starts_at": None, "ends_at": instant})
    assert answer.status_code == 200, answer.text
    assert http.patch(f"/sessions/{session}", json={"ends_at": None}).status_code == 200


def test_numbers_are_doubles(http: httpx.Client, muster: Muster) -> None:
    field = http.post("/fields", json={"name": "Pay", "key": "pay", "type": "number"}).json()["id"]
    numbers = {2**64: float(2**64), 1e308: 1e308, 2**53 + 1: float(2**53 + 1), -0.0: 0, 5e-324: 5e-324}
    for i, (sent, held) in enumerate(numbers.items()):
        made = http.post("/learners", json={"email": f"n{i}@x.example", "fields": {"pay": sent}})
        assert made.status_code == 201, made.text
        assert float(made.json()["fields"]["pay"]) == held
        assert math.copysign(1, made.json()["fields"]["pay"]) == 1
        found = {"type": "field", "field": field, "op": "in", "values": [sent]}
        rule: Any = {"blocks": [{"everyone": True, "filters": [found]}]}
        assert http.post("/audiences/preview", json={"rule": rule}).json()["total"] == 1, sent
    # JSON has no words for these, and no double is so large.
    for text in ("1e309", "-1e400", "1" + "0" * 400, "NaN", "Infinity"):
        body = f'{{"email": "z@x.example", "fields": {{"pay": {text}}}}}'
        answer = http.post("/learners", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), (text, answer.text)
        values = f'{{"rule": {{"blocks": [{{"everyone": true, "filters": [{{"type": "field", "field": {field}, "op": "gt", "values": [{text}]}}]}}]}}}}'
        answer = http.post("/audiences/preview", content=values, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), (text, answer.text)
    with world_of(muster.database_url) as world:
        assert world.run("SELECT count(*) FROM field_value WHERE NOT abs(number_value) < 'infinity'") == 0


def test_days_of_fields(http: httpx.Client) -> None:
    field = http.post("/fields", json={"name": "Hired", "key": "hired", "type": "date"}).json()["id"]
    for day in ("0001-01-01", "1899-12-31", "2201-01-01", "9999-12-31"):
        refused(
            http.post("/learners", json={"email": "d@x.example", "fields": {"hired": day}}), "fields.hired"
        )
        found = {"type": "field", "field": field, "op": "lt", "values": [day]}
        rule = {"blocks": [{"everyone": True, "filters": [found]}]}
        refused(http.post("/audiences/preview", json={"rule": rule}), "rule.blocks[0].filters[0].values[0]")
    assert http.post("/learners", json={"email": "d@x.example", "fields": {"hired": "1900-01-01"}}).is_success
