"""Requests of many rows: read row by row, without holding the event loop, and nothing of them stays in memory."""

import asyncio
import gc

import msgspec
import pytest

from backend.controllers.http.requests import decode_bulk
from backend.schemas.base import BadRow
from backend.schemas.people import LearnersBulk

ROWS = 50


def _body(rows: int = ROWS) -> bytes:
    learners: list[object] = [{"email": f"p{number}@example.org"} for number in range(rows)]
    return msgspec.json.encode({"learners": [*learners[:-1], {"email": 7}]})


async def _read() -> LearnersBulk:
    read = await decode_bulk(_body(), LearnersBulk)
    assert isinstance(read, LearnersBulk)
    return read


async def test_reading_many_times_leaves_no_types_behind() -> None:
    """A type for each request was kept for ever: 15 KB each, which the collector looked through again and again."""

    def types() -> int:
        gc.collect()
        return sum(isinstance(one, type) for one in gc.get_objects())

    await _read()
    before = types()
    for _ in range(20):
        await _read()
    assert types() == before


async def test_others_have_their_turn_between_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.index.time_slices.SLICE_SECONDS", 0.0)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    read = await _read()
    task.cancel()
    assert turns >= ROWS
    assert [isinstance(row, BadRow) for row in read.learners] == [False] * (ROWS - 1) + [True]
