"""A key writes once; what fails writes nothing."""

import asyncio

import httpx

from backend.database import execute, fetch_value
from tests.harness.api_fixtures import AddPerson, SignIn


async def test_an_idempotency_key_writes_once_and_answers_twice(admin: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "one"}
    body = {"name": "Acme", "kind": "company"}
    first = await admin.post("/groups", json=body, headers=headers)
    again = await admin.post("/groups", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert await fetch_value("SELECT count(*) FROM learner_group") == 1
    other = await admin.post("/groups", json={"name": "Other"}, headers=headers)
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "reused")
    assert (await admin.post("/groups", json=body, headers={"idempotency-key": "x" * 256})).status_code == 422


async def test_a_failed_request_leaves_its_key_free(admin: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "one"}
    body = {"name": "Team", "external_id": "team"}
    await admin.post("/groups", json=body)
    assert (await admin.post("/groups", json=body, headers=headers)).status_code == 409
    await execute("DELETE FROM learner_group")
    assert (await admin.post("/groups", json=body, headers=headers)).status_code == 201


async def test_the_same_key_at_the_same_time_writes_once(admin: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(
            admin.post("/groups", json={"name": "Acme"}, headers={"idempotency-key": "together"})
            for _ in range(5)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await fetch_value("SELECT count(*) FROM learner_group") == 1


async def test_a_key_belongs_to_a_person(
    admin: httpx.AsyncClient, add_person: AddPerson, sign_in: SignIn
) -> None:
    await add_person("second@example.org", is_admin=True)
    second = await sign_in("second@example.org")
    for client in (admin, second):
        answer = await client.post("/groups", json={"name": "A"}, headers={"idempotency-key": "one"})
        assert answer.status_code == 201
    assert await fetch_value("SELECT count(*) FROM learner_group") == 2


async def test_large_answers_are_compressed_and_kept_uncompressed(admin: httpx.AsyncClient) -> None:
    rows = [{"email": f"not an address {i}"} for i in range(200)]
    answers = [
        await admin.post("/learners/bulk", json={"learners": rows}, headers={"idempotency-key": "big"})
        for _ in range(2)
    ]
    assert len(answers[0].json()["errors"]) == 200
    assert answers[0].json() == answers[1].json()


async def test_nothing_is_half_written(admin: httpx.AsyncClient) -> None:
    before = await fetch_value("SELECT count(*) FROM outbox")
    for key in ({}, {"idempotency-key": "k"}):
        answer = await admin.post(
            "/activities",
            json={
                "kind": "path",
                "title": "x",
                "steps": [{"title": "a"}, {"kind": "course", "activity_id": 99}],
            },
            headers=key,
        )
        assert answer.status_code == 422
    assert await fetch_value("SELECT count(*) FROM activity") == 0
    assert await fetch_value("SELECT count(*) FROM outbox") == before
