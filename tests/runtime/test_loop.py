"""How long the event loop was held is told as it was."""

import asyncio
import time

import prometheus_client

from backend.index.time_slices import SLICE_SECONDS, TimeSlice
from backend.runtime import loop
from backend.runtime.metrics import samples

HELD = 0.03


def told(name: str, **labels: str) -> float:
    found = samples(prometheus_client.REGISTRY.collect(), name)
    return next(value for have, value in found if labels.items() <= have.items())


def test_a_hold_is_measured_and_counted() -> None:
    seen: list[float] = []

    async def main() -> None:
        before = told("muster_loop_holds_total")
        until = time.thread_time() + HELD
        while time.thread_time() < until:
            pass
        await asyncio.sleep(0)
        seen.append(told("muster_loop_holds_total") - before)

    loop.run(main())
    assert seen == [1]
    for clock in ("wall", "processor"):
        assert told("muster_loop_longest_hold_seconds", clock=clock) >= HELD


def test_waiting_is_no_hold() -> None:
    async def main() -> None:
        await asyncio.sleep(HELD)

    loop.run(main())
    assert told("muster_loop_longest_hold_seconds", clock="processor") < HELD


def test_the_longest_is_forgotten_after_two_spans() -> None:
    longest = loop.Longest("wall")
    longest.take(0.5)
    for spans, expected in ((1, 0.5), (2, 0.0)):
        longest.turn(time.monotonic() + spans * loop.SPAN_SECONDS)
        assert told("muster_loop_longest_hold_seconds", clock="wall") == expected


def test_a_slice_counts_what_others_did_in_the_same_turn() -> None:
    due: list[bool] = []

    async def main() -> None:
        due.append(TimeSlice(HELD).used_up())
        until = time.perf_counter() + HELD
        while time.perf_counter() < until:
            pass
        due.append(TimeSlice(HELD).used_up())
        await asyncio.sleep(0)
        due.append(TimeSlice(HELD).used_up())

    loop.run(main())
    assert due == [False, True, False]
    assert SLICE_SECONDS < loop.LONG_SECONDS


def test_where_no_loop_tells_of_its_turns_a_slice_begins_with_itself() -> None:
    async def main() -> None:
        assert loop.turn_began() > 0

    loop.run(main())
    assert loop.turn_began() == 0
    assert not TimeSlice(HELD).used_up()
