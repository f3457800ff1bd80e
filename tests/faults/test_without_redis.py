"""A Redis that hangs, as one behind a broken network does: connections are taken and stay, and nothing is ever answered."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from backend.runtime.bell import CHANNEL
from backend.services.enrollment.runs.large_runs import CHUNK
from backend.workers.bell_listener import listen_for_bell
from tests.faults.instance import Instance
from tests.faults.redis import GivenRedis
from tests.harness.mail import SmtpSink, smtp_server

MORE_THAN_A_CHUNK = CHUNK + 100
RUN_SECONDS = 60
RING_SECONDS = 0.1
WAIT_SECONDS = 30
EVERYBODY = {"blocks": [{"everyone": True, "groups": []}]}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[GivenRedis]:
    # Root's server runs as another user.
    tmp_path.chmod(0o711)
    found = GivenRedis(tmp_path / "given")
    found.start()
    yield found
    found.close()


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with smtp_server() as found:
        yield found


@pytest.fixture
def instance(tmp_path: Path, sink: SmtpSink, redis: GivenRedis) -> Iterator[Instance]:
    made = Instance(tmp_path, sink.url)
    made.given = redis
    made.start()
    yield made
    made.muster.stop()


def invite(http: httpx.Client, sink: SmtpSink, email: str) -> None:
    """Make somebody who is invited, and wait for the message."""
    invited = {"email": email, "status": "invited"}
    assert http.post("/learners/bulk", json={"learners": [invited]}).json()["created"] == 1
    sink.wait_for(lambda deliveries: any(email in one.recipients for one in deliveries))


def enroll_everybody(http: httpx.Client, name: str) -> None:
    """Confirm a plan of more than one chunk, and wait until it is written."""
    course = http.post("/activities", json={"kind": "course", "title": name}).json()["id"]
    session = http.post("/sessions", json={"activity_id": course, "name": name}).json()["id"]
    body = {"kind": "audience", "rule": EVERYBODY, "dynamic": False}
    plan = http.post(f"/sessions/{session}/plan", json=body).json()
    run = http.post(f"/sessions/{session}/apply", json={**body, "hash": plan["hash"]}).json()["run_id"]
    deadline = time.monotonic() + RUN_SECONDS
    while http.get(f"/runs/{run}").json()["state"] != "applied":
        assert time.monotonic() < deadline, "nobody writes the large run"
        time.sleep(0.2)


def test_mail_and_large_runs_go_on_without_redis(
    instance: Instance, redis: GivenRedis, sink: SmtpSink
) -> None:
    instance.muster.create_admin()
    http = instance.muster.sign_in()
    rows = [{"email": f"p{i}@faults.example"} for i in range(MORE_THAN_A_CHUNK)]
    assert http.post("/learners/bulk", json={"learners": rows}).json()["created"] == len(rows)

    redis.proxy.swallow()
    invite(http, sink, "new@faults.example")
    enroll_everybody(http, "Safety")

    redis.proxy.stop_swallowing()
    invite(http, sink, "newer@faults.example")

    # So short that nobody who asks whether Redis is there could notice: only the connections know.
    redis.proxy.swallow()
    redis.proxy.stop_swallowing()
    invite(http, sink, "newest@faults.example")
    enroll_everybody(http, "More safety")


async def test_the_bell_is_heard_again(redis: GivenRedis) -> None:
    """A subscription whose other end is gone without a word is not listened to for ever."""
    bell = asyncio.Event()
    listening = asyncio.create_task(listen_for_bell(redis.url, bell))
    try:
        async with Redis.from_url(redis.url) as before:
            await rung(bell, before)
        redis.proxy.swallow()
        redis.proxy.stop_swallowing()
        async with Redis.from_url(redis.url) as after:
            await rung(bell, after)
    finally:
        listening.cancel()
        await asyncio.wait({listening})


async def rung(bell: asyncio.Event, client: Redis) -> None:
    """Ring until it is heard."""
    async with asyncio.timeout(WAIT_SECONDS):
        while await client.publish(CHANNEL, b"") == 0 or not bell.is_set():  # noqa: ASYNC110 - rings
            await asyncio.sleep(RING_SECONDS)
