"""Repeated keys, depth and NUL in large bodies: found in many short steps, and the same as are found in small ones at once."""

import json
from collections.abc import Iterable

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.controllers.http.decoding import LARGE_BODY
from backend.controllers.http.json_scan import MOST_MEMBERS, PIECE, scan, scan_steps
from backend.rules.limits import BODY_BYTES, BODY_DEPTH
from backend.services.errors import Invalid, Malformed, MusterError, TooLarge

JSON = {"content-type": "application/json"}
TEXTS = st.text(alphabet='[]{}"\\:, aé\0', max_size=5)


def json_text(value: object) -> str:
    """JSON of a value whose objects are lists of pairs, so that their keys may repeat."""
    if isinstance(value, tuple):
        return "{" + ", ".join(f"{json.dumps(key)} :{json_text(child)}" for key, child in value) + "}"
    if isinstance(value, list):
        return "[" + " ,".join(map(json_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


VALUES = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.lists(st.tuples(TEXTS, inner), max_size=4).map(tuple),
    max_leaves=30,
)


def outcome(steps: Iterable[None]) -> tuple[type[MusterError] | None, list[str]]:
    try:
        for _ in steps:
            pass
    except MusterError as error:
        return type(error), [mistake.path for mistake in error.errors]
    return None, []


def at_once(body: bytes) -> Iterable[None]:
    scan(body)
    yield


@given(value=VALUES, size=st.integers(1, 40))
def test_in_pieces_the_same_is_found_as_at_once(value: object, size: int) -> None:
    body = json_text(value).encode()
    assert outcome(scan_steps(body, size)) == outcome(at_once(body))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "b": [{"c": 1, "c": 2}]}',
        '{"a": 1, "b": 2, "\\u0061": 3}',
        '[[], {"a": {"b": 1}, "a": {}}]',
        '{"a": 1} x',
        '{"a": [1,]}',
        '{"a": {"b" 1}}',
        "[1, [2, [3, nul]]]",
        "[" * (BODY_DEPTH + 1) + "]" * (BODY_DEPTH + 1),
        "[" + '{"a":' * BODY_DEPTH + "1" + "}" * BODY_DEPTH + "]",
    ],
)
@pytest.mark.parametrize("size", [1, 3, 8, 1_000])
def test_what_is_malformed(text: str, size: int) -> None:
    assert outcome(scan_steps(text.encode(), size))[0] is Malformed


def test_what_just_fits() -> None:
    deepest = "[" * (BODY_DEPTH - 1) + '{"a": 1}' + "]" * (BODY_DEPTH - 1)
    many = json.dumps({f"k{i}": i for i in range(MOST_MEMBERS)})
    more = json.dumps({f"k{i}": i for i in range(MOST_MEMBERS + 1)})
    for size in (1, 100, PIECE, BODY_BYTES):
        assert outcome(scan_steps(deepest.encode(), size)) == (None, [])
        assert outcome(scan_steps(many.encode(), size)) == (None, [])
        assert outcome(scan_steps(more.encode(), size)) == (TooLarge, [])


def largest(filters: int, values: int) -> bytes:
    """About 2 MB: so many filters in each of 100 blocks, of so many texts each."""
    blocks = [
        {"filters": [{"type": "field", "field": f"field {place}", "op": "in", "values": ["x" * 14] * values} for place in range(filters)]}
        for _ in range(100)
    ]  # fmt: skip
    return msgspec.json.encode({"rule": {"blocks": blocks}})


@pytest.mark.parametrize(("filters", "values"), [(50, 20), (1, 1_000)])
def test_the_largest_rules_are_read_in_steps_of_a_piece(filters: int, values: int) -> None:
    body = largest(filters, values)
    assert len(body) > 0.85 * BODY_BYTES
    assert sum(1 for _ in scan_steps(body)) >= len(body) / (2 * PIECE)


def test_lists_of_plain_values_are_no_work() -> None:
    body = msgspec.json.encode({"rule": {"blocks": [{"filters": [{"values": ["x" * 14] * 100_000}]}]}})
    assert sum(1 for _ in scan_steps(body)) < 10


async def test_a_large_request_is_refused_for_what_a_small_one_is(admin: httpx.AsyncClient) -> None:
    sound = largest(1, 250)
    assert len(sound) > LARGE_BODY
    cases = [
        (b'"values":["x', b'"values":[],"values":["x', 400, "malformed", []),
        (b'["x', b'["\\u0000x', 422, "invalid", ["rule.blocks[0].filters[0].values[0]"]),
        (b"]}]}}", b"]}]}} x", 400, "malformed", []),
        (b'["x', b"[" * 50 + b'["x', 400, "malformed", []),
    ]  # fmt: skip
    for old, new, status, kind, paths in cases:
        body = sound.replace(old, new, 1)
        assert body != sound
        answer = await admin.post("/audiences/preview", content=body, headers=JSON)
        assert (answer.status_code, answer.json()["type"]) == (status, kind), answer.text
        assert [mistake["path"] for mistake in answer.json().get("errors") or []] == paths


def test_a_nul_is_told_with_its_path_also_in_a_key() -> None:
    body = b'{"a": [0, {"b\\u0000": "\\\\u0000"}], "c": "\\u0000"}'
    assert outcome(at_once(body)) == (Invalid, ["a[1]", "c"])
