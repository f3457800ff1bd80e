"""A path to learn, and reports about it."""

from typing import Any

import httpx

Json = dict[str, Any]


async def create(admin: httpx.AsyncClient, path: str, **data: object) -> Json:
    """What a POST has made."""
    answer = await admin.post(path, json=data)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def report(admin: httpx.AsyncClient, *rows: Json) -> Json:
    """The answer to results of some people."""
    answer = await admin.post("/results/bulk", json={"results": rows})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def onboarding(admin: httpx.AsyncClient) -> tuple[Json, Json]:
    """A path with a certificate, made of a course without steps and a content step."""
    course = await create(admin, "/activities", kind="course", title="Safety", external_id="safety")
    path = await create(
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
