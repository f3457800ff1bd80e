"""How long the API process's event loop is held while people type and facts change: nobody else is served meanwhile."""

import asyncio
import contextlib
import time
from collections.abc import Sequence

import httpx
from prometheus_client.parser import text_string_to_metric_families

from backend.rules import Rule
from backend.runtime.metrics import samples
from benchmarks.editing import change_facts, typing_figures
from benchmarks.figures import Figure
from benchmarks.sockets import Class
from tests.harness.instance import Muster

# The process tells the longest hold of the last minute: that of starting is forgotten by then.
HOLDING_SECONDS = 65.0
TARGET_MS = 10.0
SLOW, COMPUTED = "muster_evaluation_slow_total", "muster_evaluation_seconds_count"


async def holding_figures(
    muster: Muster, token: str, rules: Sequence[Rule], lesson: Class, seconds: float
) -> list[Figure]:
    """The longest hold, by the clock on the wall and by the processor's (without the time that others took)."""
    headers = {"Authorization": f"Bearer {token}"}
    base = f"{muster.address}/api/v1"
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as client:
        before = await _told(client, muster)
        facts = asyncio.create_task(change_facts(client, lesson))
        until = time.monotonic() + seconds
        seed = 0
        while time.monotonic() < until:
            seed += 1
            await typing_figures(muster.live_url, token, rules, seed=seed)
        facts.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await facts
        told = await _told(client, muster)
    longest = {
        labels["clock"]: value * 1000
        for labels, value in samples(text_string_to_metric_families(told), "muster_loop_longest_hold_seconds")
        if labels["process"].startswith("api")
    }
    name = "longest hold of the API process's event loop, 16 typing and facts changing"
    return [
        Figure(name, "ms", longest["wall"], TARGET_MS),
        Figure(f"{name}, processor time", "ms", longest["processor"], TARGET_MS),
        # None of them is asked for: less than one.
        Figure("live states that took over 10 ms at once meanwhile", "", _more(SLOW, before, told), 1.0),
        Figure("live states computed meanwhile", "", _more(COMPUTED, before, told)),
    ]


async def _told(client: httpx.AsyncClient, muster: Muster) -> str:
    """What the process tells; to be asked counts for its longest hold too."""
    return (await client.get(f"{muster.address}/metrics")).text


def _more(name: str, before: str, after: str) -> float:
    """By how much a counter has grown, over all processes."""
    was, now = (
        sum(value for _, value in samples(text_string_to_metric_families(told), name))
        for told in (before, after)
    )
    return now - was
