"""What turns with time, and the ends of the calendar."""

import asyncio
from datetime import date, timedelta

import pytest

from backend.index import FacetIndex
from backend.rules import Block, Rule, SegmentFilter, convert
from tests import naive
from tests.index.filtered import filtered
from tests.naive.making import DAY


def test_what_turns_with_time(index: FacetIndex) -> None:
    turning = filtered(type="added", op="last_days", values=[3])
    assert index.depends_on_time(turning)
    assert not index.depends_on_time(Rule([Block([1])]))
    world = naive.World()
    world.put(
        "segment",
        1,
        {
            "name": "new",
            "rule": {
                "blocks": [
                    {"everyone": True, "filters": [{"type": "added", "op": "last_days", "values": [3]}]}
                ]
            },
        },
    )
    world.put(
        "segment",
        2,
        {
            "name": "outer",
            "rule": {"blocks": [{"everyone": True, "filters": [{"type": "segment", "segments": [1]}]}]},
        },
    )
    assert world.index().depends_on_time(Rule([Block(everyone=True, filters=[SegmentFilter([2])])]))


async def test_forecasts_have_a_bound_and_let_others_work(
    index: FacetIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = filtered(type="added", op="last_days", values=[3])
    for last in (DAY - timedelta(days=1), DAY + timedelta(days=4_000)):
        with pytest.raises(ValueError, match="a forecast covers"):
            await index.forecast(rule, DAY, last)
    monkeypatch.setattr("backend.index.time_slices.SLICE_SECONDS", 0.0)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    totals = await index.forecast(rule, DAY, DAY + timedelta(days=30))
    task.cancel()
    assert len(totals) == 31
    assert turns >= 30


def test_the_ends_of_the_calendar(index: FacetIndex) -> None:
    for found in (
        {"type": "added", "op": "last_days", "values": [36_500]},
        {"type": "certificate", "status": "expiring", "certificates": [1], "days": 3_650},
        {"type": "certificate", "status": "expired", "certificates": [1]},
    ):
        for day in (date.min, date.max):
            index.evaluate(filtered(**found), day)
    # An award that never expires does not expire on the last day either.
    world = naive.World()
    world.put("certificate", 1, {"activity_id": 1, "title": "C"})
    world.set("status", 5, None, "active")
    world.set("award", 5, 1, ["2026-01-01T00:00:00+00:00", None])
    valid = Rule(
        [
            Block(
                everyone=True,
                filters=[
                    convert(
                        {
                            "blocks": [
                                {"filters": [{"type": "certificate", "status": "valid", "certificates": [1]}]}
                            ]
                        }
                    )
                    .blocks[0]
                    .filters[0]
                ],
            )
        ]
    )
    assert set(world.index().evaluate(valid, date.max)) == {5}
