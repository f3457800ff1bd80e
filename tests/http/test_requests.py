"""What holds of every route: bad input, idempotency keys, versions, tokens, the OpenAPI document, number of queries."""

# ruff: noqa: SLF001 - asyncpg tells no other way which connections its pool has

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from backend.database import ENGINE, execute, fetch, fetch_value
from tests.http.conftest import AddPerson, SignIn

JSON = {"content-type": "application/json"}


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


PATHS = ["learners", "groups", "activities", "sessions", "fields", "tokens"]


async def test_ids_out_of_range_are_not_found(admin: httpx.AsyncClient) -> None:
    for path, number in itertools.product(PATHS, (0, -1, 2**31 - 1, 2**31, 2**63, 10**30)):
        at = f"/{path}/{number}"
        answers = [await admin.delete(at)]
        if path != "tokens":
            answers += [await admin.get(at), await admin.patch(at, json={})]
        for answer in answers:
            assert answer.status_code == 404, (at, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"


BAD_BODIES = [
    (b"", 400),
    (b"nonsense", 400),
    (b"[" * 200_000, 400),
    (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400),
    (b'{"name":"x","name":"y"}', 400),
    (b'{"name":NaN}', 400),
    (b'{"name":"\\ud800"}', 400),
    (b'{"name":"a\\u0000b"}', 422),
    (b"[]", 422),
    (b"null", 422),
    (b'{"name":["x"]}', 422),
    (b'{"name":"x","parent_id":"1"}', 422),
    (b'{"name":"x","parent_id":1.5}', 422),
    (b'{"name":"x","private":"true"}', 422),
    (b'{"name":"' + b"x" * 301 + b'"}', 422),
    (b'{"name":"x","hue":1}', 422),
]


async def test_bad_bodies_of_writes(admin: httpx.AsyncClient) -> None:
    for body, status in BAD_BODIES:
        answer = await admin.post("/groups", content=body, headers=JSON)
        assert answer.status_code == status, (body[:50], answer.text)
        problem = answer.json()
        assert (problem["status"], set(problem) >= {"type", "title", "detail", "errors"}) == (status, True)
    assert await fetch_value("SELECT count(*) FROM learner_group") == 0
    # An escaped backslash before u0000 is no NUL.
    answer = await admin.post("/groups", content=b'{"name":"a\\\\u0000b"}', headers=JSON)
    assert (answer.status_code, answer.json()["name"]) == (201, "a\\u0000b")


async def test_a_body_beyond_the_cap_is_refused(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/groups", content=b" " * (64 * 1024 * 1024 + 1), headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (413, "too_large")


async def test_unknown_addresses_and_methods_are_problems(admin: httpx.AsyncClient) -> None:
    for answer, status in (
        (await admin.get("/nothing"), 404),
        (await admin.get("/learners/x"), 404),
        (await admin.delete("/learners"), 405),
    ):
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("sequencer")
async def test_tokens_carry_scopes_and_expire(
    admin: httpx.AsyncClient, anonymous: httpx.AsyncClient, add_person: AddPerson, sign_in: SignIn
) -> None:
    async def token(**data: object) -> dict[str, str]:
        answer = await admin.post("/tokens", json={"name": "t", **data})
        assert answer.status_code == 201, answer.text
        return {"authorization": f"Bearer {answer.json()['token']}"}

    everything, read, write, scim = (
        await token(),
        await token(scopes=["read"]),
        await token(scopes=["write"]),
        await token(scopes=["scim"]),
    )
    for headers, reads, writes in (
        (everything, 200, 201),
        (read, 200, 403),
        (write, 200, 201),
        (scim, 403, 403),
    ):
        assert (await anonymous.get("/groups", headers=headers)).status_code == reads
        assert (await anonymous.post("/groups", json={"name": "x"}, headers=headers)).status_code == writes
    wider = await anonymous.post("/tokens", json={"name": "y"}, headers=write)
    assert wider.status_code == 403

    stored = await fetch("SELECT token_hash FROM api_token")
    secret = everything["authorization"].removeprefix("Bearer ")
    assert all(secret.encode() not in row["token_hash"] for row in stored)
    listed = (await admin.get("/tokens")).json()
    assert listed["total"] == 4
    assert all("token" not in item for item in listed["items"])

    await execute("UPDATE api_token SET expires_at = muster_now() - interval '1 second' WHERE scopes = '{}'")
    assert (await anonymous.get("/groups", headers=everything)).status_code == 401
    assert (await anonymous.get("/groups", headers={"authorization": "Bearer nonsense"})).status_code == 401
    assert (await admin.get("/groups", headers={"authorization": "Basic x"})).status_code == 401
    past = await admin.post("/tokens", json={"name": "t", "expires_at": "2020-01-01T00:00:00Z"})
    assert past.status_code == 422

    ana = await add_person("ana@example.org")
    hers = await admin.post("/tokens", json={"name": "t", "learner_id": ana})
    headers = {"authorization": f"Bearer {hers.json()['token']}"}
    assert (await anonymous.get("/auth/me", headers=headers)).json()["learner"]["id"] == ana
    await execute("UPDATE learner SET status = 'suspended' WHERE id = $1", ana)
    assert (await anonymous.get("/auth/me", headers=headers)).status_code == 401
    await execute("UPDATE learner SET status = 'active' WHERE id = $1", ana)
    client = await sign_in("ana@example.org")
    assert (await client.delete(f"/tokens/{listed['items'][0]['id']}")).status_code == 404
    assert (await client.delete(f"/tokens/{hers.json()['id']}")).status_code == 204
    assert (await anonymous.get("/auth/me", headers=headers)).status_code == 401


async def test_the_audit_tells_who_did_what(admin: httpx.AsyncClient) -> None:
    group = (await admin.post("/groups", json={"name": "A"})).json()
    await admin.delete(f"/groups/{group['id']}")
    lines = (await admin.get("/audit", params={"object_kind": "group", "object_id": group["id"]})).json()
    assert [line["action"] for line in lines["items"]] == ["group.delete", "group.create"]
    assert lines["items"][0]["actor"]["email"] == "root@example.org"


async def test_the_organisation_is_changed_by_admins(admin: httpx.AsyncClient) -> None:
    answer = await admin.patch("/organisation", json={"timezone": "Europe/Paris", "language": "fr"})
    assert answer.status_code == 200
    assert (await admin.get("/auth/me")).json()["organisation"]["timezone"] == "Europe/Paris"
    assert (await admin.post("/learners", json={"email": "a@example.org"})).json()["language"] == "fr"
    for body, path in (
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"language": "?"}, "language"),
    ):
        answer = await admin.patch("/organisation", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)


async def test_the_openapi_document_is_complete(admin: httpx.AsyncClient, address: str) -> None:
    document = (await admin.get(f"{address}/api/openapi.json")).json()
    operations = [
        operation
        for path, item in document["paths"].items()
        for operation in item.values()
        if path.startswith("/api/v1")
    ]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)) > 40
    assert all(operation.get("summary") or operation.get("description") for operation in operations)
    schemas = document["components"]["schemas"]
    closed = {name for name, schema in schemas.items() if schema.get("additionalProperties") is False}
    assert {
        "LearnerInput",
        "LearnerRow",
        "GroupInput",
        "ActivityInput",
        "SessionInput",
        "ResultRow",
    } <= closed
    for operation in operations:
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert "example" in media or "examples" in media, operation["operationId"]


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Every statement that this process's pool runs."""
    seen: list[str] = []
    holders: list[Any] = []

    def note(record: Any) -> None:
        # What asyncpg says itself when a connection goes back to the pool.
        if "pg_advisory_unlock_all" not in record.query:
            seen.append(record.query)

    pool: Any = ENGINE.pool
    for holder in pool._holders:
        if holder._con is not None:
            holder._con.add_query_logger(note)
            holders.append(holder._con)
    try:
        yield seen
    finally:
        for connection in holders:
            connection.remove_query_logger(note)


LISTS = [
    "/learners?limit=1000",
    "/learners?limit=1000&q=p&sort=-added&field.level=1",
    "/groups?limit=1000",
    "/groups/{group}/members?limit=1000",
    "/activities?limit=1000",
    "/sessions?limit=1000",
    "/audit?limit=1000",
]


async def _grow(first: int, last: int) -> None:
    """Learners, groups, activities and sessions numbered from `first` to `last`."""
    await execute(
        "INSERT INTO learner (email, added_at) SELECT 'p' || i || '@example.org', muster_now()"
        " FROM generate_series($1::integer, $2) AS i",
        first,
        last,
    )
    await execute(
        "INSERT INTO field_value (learner_id, field_id, number_value) SELECT l.id, f.id, 1 FROM learner l, field f"
        " ON CONFLICT DO NOTHING"
    )
    await execute(
        "INSERT INTO learner_group (name, parent_id) SELECT 'g' || i, (SELECT min(id) FROM learner_group)"
        " FROM generate_series($1::integer, $2) AS i",
        first,
        last,
    )
    await execute(
        "INSERT INTO membership (learner_id, group_id, since) SELECT id, (SELECT min(id) FROM learner_group), muster_now()"
        " FROM learner ON CONFLICT DO NOTHING"
    )
    await execute(
        "WITH made AS (INSERT INTO activity (kind, title) SELECT 'course', 'a' || i FROM generate_series($1::integer, $2) AS i"
        " RETURNING id), steps AS (INSERT INTO step (activity_id, position, kind, title)"
        " SELECT id, 1, 'content', 's' FROM made)"
        " INSERT INTO session (activity_id, name) SELECT id, 'session' FROM made",
        first,
        last,
    )


async def test_lists_take_as_many_queries_for_a_thousand_as_for_ten(
    admin: httpx.AsyncClient, add_person: AddPerson, sign_in: SignIn
) -> None:
    await admin.post("/fields", json={"name": "level", "type": "number"})
    top = (await admin.post("/groups", json={"name": "Top"})).json()["id"]
    coach = await add_person("coach@example.org")
    await execute(
        "INSERT INTO membership (learner_id, group_id, role, since) VALUES ($1, $2, 'coach', muster_now())",
        coach,
        top,
    )
    clients = (admin, await sign_in("coach@example.org"))

    async def counts() -> list[int]:
        # Waiting for the index is not what is counted.
        await fetch_value("SELECT (sequence_outbox(1000000)).head")
        await admin.get("/groups")
        found = []
        for client in clients:
            for path in LISTS:
                with counted_statements() as seen:
                    answer = await client.get(path.format(group=top))
                if path.startswith("/audit") and client is not admin:
                    assert answer.status_code == 403
                    continue
                assert answer.status_code == 200, answer.text
                assert len(seen) > 0
                found.append(len(seen))
        return found

    await _grow(1, 10)
    # What a connection asks of types that it has not met is asked once.
    await counts()
    few = await counts()
    await _grow(11, 1000)
    many = await counts()
    assert many == few
    assert max(few) <= 8
    assert (await clients[1].get("/learners?limit=1000")).json()["total"] == 1002


async def test_the_database_is_named_when_it_is_away(admin: httpx.AsyncClient) -> None:
    name = await fetch_value("SELECT current_database()")
    pool = ENGINE.pool
    assert isinstance(pool, asyncpg.Pool)
    await execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
        name,
    )
    answers = [await admin.get("/groups") for _ in range(12)]
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert answers[-1].status_code == 200
