"""What holds of every route: bad input, and the OpenAPI document."""

import itertools
from pathlib import Path

import asyncpg
import httpx

from backend.database import fetch_value
from tests.harness.api import serving_api
from tests.harness.servers import Servers
from tests.harness.world import world_of

JSON = {"content-type": "application/json"}
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


async def test_head_answers_as_get_without_the_body(admin: httpx.AsyncClient, address: str) -> None:
    for path in (
        "/learners",
        "/auth/me",
        "/nothing",
        f"{address}/api/health",
        f"{address}/api/openapi.json",
        f"{address}/",
    ):
        got, head = await admin.get(path), await admin.head(path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert head.headers.get("content-type") == got.headers.get("content-type"), path
        assert head.headers.get("content-length") == got.headers.get("content-length"), path


async def test_options_names_every_method_of_an_address(admin: httpx.AsyncClient) -> None:
    for path, allowed in (
        ("/learners", "GET, HEAD, OPTIONS, POST"),
        ("/learners/7", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/auth/login", "OPTIONS, POST"),
    ):
        answer = await admin.options(path)
        assert (answer.status_code, answer.headers["allow"]) == (204, allowed)


async def test_unknown_addresses_and_methods_are_problems(admin: httpx.AsyncClient, address: str) -> None:
    for answer, status in (
        (await admin.get("/nothing"), 404),
        (await admin.get(f"{address}/api/nope"), 404),
        (await admin.get(f"{address}/scim/nope"), 404),
        (await admin.post(f"{address}/api/nope", json={}), 404),
        (await admin.get("/learners/x"), 404),
        (await admin.delete("/learners"), 405),
    ):
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_that_may_be_null_may_be_left_out(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        paths = (await client.get("/api/openapi.json")).json()["paths"]
    required = {
        operation["operationId"]: operation["requestBody"]["required"]
        for operations in paths.values()
        for operation in operations.values()
        if "requestBody" in operation
    }
    optional = {
        "approveRun", "completeStep", "deleteMethod", "nudge", "rejectRun", "resumeEnrollment", "suspendEnrollment", "unenroll",
    }  # fmt: skip
    assert {name for name, is_required in required.items() if not is_required} == optional


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


async def test_the_catalog_is_unavailable_while_the_index_is_read(
    database_url: str, servers: Servers, tmp_path: Path
) -> None:
    with world_of(database_url) as world:
        headers = {"authorization": f"Bearer {world.token(world.learner())}"}
    reading = await asyncpg.connect(database_url)
    await reading.execute("BEGIN; LOCK TABLE award")
    try:
        async with (
            serving_api(database_url, servers.new_redis(), tmp_path) as address,
            httpx.AsyncClient(base_url=f"{address}/api/v1", timeout=60) as client,
        ):
            answer = await client.get("/me/catalog", headers=headers)
            assert (answer.status_code, answer.json()["type"]) == (503, "index_behind")
            assert "retry-after" in answer.headers
            await reading.execute("ROLLBACK")
            assert (await client.get("/me/catalog", headers=headers)).status_code == 200
    finally:
        await reading.close()
