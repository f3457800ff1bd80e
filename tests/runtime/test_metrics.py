"""`/metrics` is right whichever process answers, and documented."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

import backend.app
import backend.workers.__main__
import backend.workers.sequencer  # noqa: F401 - their metrics are registered by being imported
from tests.harness.instance import Muster
from tests.harness.world import World, world_of
from tests.live.client import live_socket
from tests.runtime.traffic import until

DOCUMENTED = set(
    re.findall(
        r"^\| `(muster_\w+)`", (Path(__file__).parents[2] / "docs/metrics.md").read_text(), re.MULTILINE
    )
)


LEARNER = "/api/v1/learners/{learner_id}"


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


@pytest.fixture(scope="module")
def pair(start_muster: Callable[..., Muster], port: int) -> Muster:
    """Two API processes behind one address, and the supervisor's own port."""
    return start_muster("--api", "2", "--metrics-port", str(port))


@pytest.fixture(scope="module")
def world(pair: Muster) -> Iterator[World]:
    with world_of(pair.database_url) as made:
        yield made


def scrape(address: str) -> list[Sample]:
    """What a fresh connection is told."""
    text = httpx.get(f"{address}/metrics").text
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def values(address: str, name: str, **labels: str) -> list[float]:
    return [s.value for s in scrape(address) if s.name == name and labels.items() <= s.labels.items()]


def names(text: str) -> set[str]:
    """Every metric that is told of, also one that has no series yet."""
    return set(re.findall(r"^# TYPE (muster_\w+)", text, re.MULTILINE))


async def test_everything_that_is_exported_is_documented(pair: Muster) -> None:
    async with live_socket(pair.live_url, pair.token()) as opened:
        await opened.send("watch", id="a", topic="me")
        await opened.until(lambda frame: frame["type"] == "state")
        seen = names((await asyncio.to_thread(httpx.get, f"{pair.address}/metrics")).text)
    # `_created` is the library's own, and only of one process.
    registered = {name for name in names(generate_latest().decode()) if not name.endswith("_created")}
    assert seen | registered == DOCUMENTED


def test_any_process_answers_for_all(pair: Muster, port: int) -> None:
    """As many requests as were made, however they fell on the processes, and no series for an address."""
    asked = 40
    for number in range(asked):
        assert httpx.get(f"{pair.address}/api/v1/learners/{number + 90_000}").status_code == 401
        httpx.get(f"{pair.address}/api/v1/nonsense-{number}")
    for address in (pair.address, pair.address, f"http://127.0.0.1:{port}"):
        found = [s for s in scrape(address) if s.name == "muster_request_duration_seconds_count"]
        by_route = {(s.labels["route"], s.labels["status"]): s.value for s in found}
        assert by_route[LEARNER, "401"] == asked
        assert by_route["other", "404"] == asked
        assert not any("90" in s.labels["route"] or "nonsense" in s.labels["route"] for s in found)
        processes = {
            s.labels["process"] for s in scrape(address) if s.name == "muster_process_resident_bytes"
        }
        assert processes == {"api 1", "api 2", "sequencer", "worker 1"}


async def test_sockets_are_told_apart_by_process(pair: Muster) -> None:
    token = pair.token()
    async with live_socket(pair.live_url, token) as one, live_socket(pair.live_url, token) as other:
        await one.settled()
        await other.settled()
        found = await asyncio.to_thread(values, pair.address, "muster_live_sockets")
        assert len(found) == 2
        assert sum(found) == 2


async def test_who_is_behind_is_seen(pair: Muster, world: World) -> None:
    pids = {
        s.labels["process"]: int(s.labels["pid"])
        for s in scrape(pair.address)
        if s.name == "muster_process_started_seconds"
    }
    os.kill(pids["worker 1"], signal.SIGSTOP)
    try:
        world.learners(3)
        await until(lambda: values(pair.address, "muster_follower_behind_rows", process="worker 1")[0] >= 3)
        assert values(pair.address, "muster_reconciler_behind_rows")[0] >= 3
        assert values(pair.address, "muster_follower_behind_rows", process="api 1") == [0]
        os.kill(pids["sequencer"], signal.SIGSTOP)
        world.learners(3)
        await until(lambda: values(pair.address, "muster_sequencer_behind_rows")[0] >= 3)
        assert values(pair.address, "muster_sequencer_behind_seconds")[0] > 0
    finally:
        for name in ("sequencer", "worker 1"):
            os.kill(pids[name], signal.SIGCONT)
    for name in ("sequencer", "follower", "reconciler"):
        await until(lambda name=name: not any(values(pair.address, f"muster_{name}_behind_rows")))  # type: ignore[misc]  # of a lambda with a default mypy infers nothing


async def test_a_process_that_ended_is_no_longer_told_of(pair: Muster) -> None:
    def pids() -> set[str]:
        return {s.labels["pid"] for s in scrape(pair.address) if "pid" in s.labels}

    before = sum(values(pair.address, "muster_request_duration_seconds_count"))
    (gone,) = [
        s.labels["pid"]
        for s in scrape(pair.address)
        if s.labels.get("process") == "api 2" and s.name == "muster_live_sockets"
    ]
    os.kill(int(gone), signal.SIGKILL)
    await until(lambda: gone not in pids() and len(values(pair.address, "muster_live_sockets")) == 2)
    # What it had counted was counted.
    assert sum(values(pair.address, "muster_request_duration_seconds_count")) >= before
