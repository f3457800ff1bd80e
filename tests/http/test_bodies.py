"""How large and of what type a body may be: judged while it is read, before anything is built of it."""

import asyncio
import random
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.app import create_app
from backend.controllers.http.bodies import BULK, PLAN, SIGN_IN, USUAL, BodyLimit
from backend.controllers.http.json_shape import JsonShape
from backend.controllers.http.route_options import BODY, SAFE_METHODS
from backend.services.errors import Malformed, MusterError, TooLarge

JSON = {"content-type": "application/json"}


def the_limits() -> dict[str, int]:
    """The most bytes that each operation with a body takes."""
    return {
        f"{method} {route.path}": handler.opt.get(BODY, USUAL).size
        for route in create_app().routes
        for handler in getattr(route, "route_handlers", ())
        for method in getattr(handler, "http_methods", ())
        if method not in SAFE_METHODS
    }


def test_every_route_has_a_limit_and_only_bulk_and_imports_a_large_one() -> None:
    limits = the_limits()
    for operation, size in limits.items():
        if "/auth/" in operation:
            assert size == SIGN_IN.size, operation
        elif size > PLAN.size:
            assert operation.endswith("/bulk") or operation == "POST /api/v1/imports", operation
        elif size > USUAL.size:
            assert operation.endswith(("/plan", "/apply", "/emails")) or any(
                part in operation
                for part in ("/consequences", "/proposals", "/rehearsals", "/path-sessions/")
            ), operation
    assert limits["POST /api/v1/learners/bulk"] == BULK.size


async def nested(size: int) -> bytes:
    return b"[" + b",".join([b"[[[0]]]"] * (size // 8)) + b"]"


async def test_a_large_body_to_the_sign_in_is_refused_unread(anonymous: httpx.AsyncClient) -> None:
    """60 MB of nested lists took 52 s and 2.6 GB, and held everybody's health check for 24 s."""

    async def pieces() -> AsyncIterator[bytes]:
        piece = b"[[[[0]]]]," * 6_000
        for _ in range(1_000):
            yield piece

    announced = await anonymous.post("/auth/login", content=await nested(1_000_000), headers=JSON)
    assert (announced.status_code, announced.json()["type"]) == (413, "too_large")
    # Without a length beforehand it is counted as it comes; health is answered in the middle of it.
    posting = asyncio.create_task(anonymous.post("/auth/login", content=pieces(), headers=JSON))
    answered = 0
    while not posting.done():
        health = await anonymous.get(f"{anonymous.base_url}".replace("/v1/", "/alive"))
        assert health.status_code == 200
        answered += 1
    counted = posting.result()
    assert (counted.status_code, counted.json()["type"]) == (413, "too_large")
    assert answered


async def test_nested_lists_within_the_bytes_of_a_bulk_route_are_refused_before_they_are_built(
    admin: httpx.AsyncClient,
) -> None:
    body = b'{"learners":' + await nested(30_000_000) + b"}"
    answer = await admin.post("/learners/bulk", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (413, "too_large")
    deep = b'{"learners":' + b"[" * 40 + b" " * 1_000_000 + b"]" * 40 + b"}"
    answer = await admin.post("/learners/bulk", content=deep, headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (400, "malformed")


async def test_a_usual_body_beyond_its_limit_is_refused(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/groups", content=b" " * (USUAL.size + 1), headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (413, "too_large")


async def test_more_large_bodies_than_are_read_at_once_all_get_their_turn(admin: httpx.AsyncClient) -> None:
    rows = [{"email": f"not an address {i}", "first_name": "x" * 200} for i in range(2_000)]
    body = msgspec.json.encode({"learners": rows})
    answers = await asyncio.gather(
        *(admin.post("/learners/bulk", content=body, headers=JSON) for _ in range(6))
    )
    assert [answer.status_code for answer in answers] == [200] * 6


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_a_body_that_is_not_json_is_refused(admin: httpx.AsyncClient, kind: str) -> None:
    """A page of another site can send these without asking."""
    for path in ("/auth/login", "/groups", "/auth/logout"):
        answer = await admin.post(path, content=b'{"name":"x"}', headers={"content-type": kind})
        assert (answer.status_code, answer.json()["type"]) == (415, "unsupported_media_type"), path
    made = await admin.post(
        "/groups", content=b'{"name":"x"}', headers={"content-type": "application/json; charset=utf-8"}
    )
    assert made.status_code == 201


def judged(pieces: list[bytes], limit: BodyLimit) -> type[MusterError] | None:
    shape = JsonShape(depth=5, values=limit.values)
    try:
        for piece in pieces:
            shape.feed(piece)
    except MusterError as error:
        return type(error)
    return None


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


VALUES = st.recursive(
    st.none() | st.integers() | st.text(alphabet='[]{}"\\, a', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet='["\\{', max_size=4), inner, max_size=3)
    ),
    max_leaves=25,
)


@given(value=VALUES, seed=st.integers(0, 2**32))
def test_the_depth_is_that_of_the_value_however_the_text_is_cut(value: object, seed: int) -> None:
    text = msgspec.json.encode(value)
    cuts = random.Random(seed)
    pieces = []
    while text:
        size = cuts.randint(1, 7)
        pieces.append(text[:size])
        text = text[size:]
    expected = Malformed if depth_of(value) > 5 else None
    assert judged(pieces, BodyLimit(0, 1_000)) is expected


def test_values_are_counted_outside_of_texts() -> None:
    assert judged([b'["' + b",[" * 500 + b'"]'], BodyLimit(0, 10)) is None
    assert judged([b"[" + b"0," * 500 + b"0]"], BodyLimit(0, 10)) is TooLarge
