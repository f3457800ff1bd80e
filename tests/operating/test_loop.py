"""How long the event loop was held is told as it was."""

import asyncio
import time

import prometheus_client

from backend import loop
from backend.metrics import samples

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
