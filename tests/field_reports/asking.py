"""What the tests of rules ask, and how they enroll by a rule."""

import time
from collections.abc import Callable
from typing import Any

import httpx

# A change is reflected within a second; a loaded machine may take longer.
PATIENCE_SECONDS = 30


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def members(http: httpx.Client, rule: dict[str, Any]) -> set[int]:
    answer = http.post("/audiences/members", json={"rule": rule, "limit": 1000})
    assert answer.status_code == 200, answer.text
    return {one["id"] for one in answer.json()["items"]}


def among(group: int, *filters: dict[str, Any]) -> dict[str, Any]:
    return {"blocks": [{"groups": [group], "filters": list(filters)}]}


def of_field(field: int, op: str, *values: object) -> dict[str, Any]:
    return {"type": "field", "field": field, "op": op, "values": list(values)}


def audience(http: httpx.Client, session: int, rule: dict[str, Any], **more: Any) -> int:
    """A live dynamic method; its id."""
    body = {"kind": "audience", "rule": rule, "dynamic": True, **more}
    plan = http.post(f"/sessions/{session}/plan", json=body)
    assert plan.status_code == 200, plan.text
    applied = http.post(f"/sessions/{session}/apply", json=body | {"hash": plan.json()["hash"]})
    assert applied.status_code in (200, 202), applied.text
    made: int = applied.json()["method_id"]
    return made


def enrolled(http: httpx.Client, session: int) -> set[int]:
    items = http.get(f"/sessions/{session}/enrollments", params={"state": "active", "limit": 1000}).json()[
        "items"
    ]
    return {one["learner"]["id"] for one in items}


def method(http: httpx.Client, session: int, method_id: int) -> Any:
    return next(
        one for one in http.get(f"/sessions/{session}/methods").json()["items"] if one["id"] == method_id
    )
