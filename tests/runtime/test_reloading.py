"""SIGHUP: every process is replaced, and nobody outside notices."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.harness.instance import Muster
from tests.harness.world import World, world_of
from tests.runtime.traffic import Traffic, traffic, until

RELOADED = "Muster has been reloaded"


@pytest.fixture(scope="module")
def pair(start_muster: Callable[..., Muster]) -> Muster:
    """Two API processes behind one address."""
    return start_muster("--api", "2")


@pytest.fixture(scope="module")
def world(pair: Muster) -> Iterator[World]:
    with world_of(pair.database_url) as made:
        yield made


@pytest.fixture(scope="module")
def token(pair: Muster) -> str:
    return pair.token()


def processes(muster: Muster) -> set[int]:
    """Muster's own processes, the supervisor left out."""
    children = Path(f"/proc/{muster.pid}/task/{muster.pid}/children").read_text().split()
    return {
        int(pid)
        for pid in children
        if b"backend.runtime.serving" in (line := Path(f"/proc/{pid}/cmdline").read_bytes())
        or b"backend.workers" in line
    }


async def reload(muster: Muster) -> None:
    """Ask for new processes and wait until they are all there."""
    before, told = processes(muster), muster.log.read_text().count(RELOADED)
    os.kill(muster.pid, signal.SIGHUP)
    await until(lambda: muster.log.read_text().count(RELOADED) > told)
    after = processes(muster)
    assert len(after) == len(before)
    assert not after & before


async def test_no_request_fails_and_sockets_agree(pair: Muster, world: World, token: str) -> None:
    session = world.session(world.activity())
    world.enroll(session, *world.learners(3))
    async with traffic(pair, token) as (busy, group):
        for _ in range(3):
            group.create_task(busy.keep_asking("GET", f"/sessions/{session}/counts"))
            group.create_task(busy.keep_asking("GET", "/groups?limit=5", fresh=True))
            group.create_task(busy.follow(f"session:{session}"))
        group.create_task(busy.keep_asking("PATCH", f"/sessions/{session}", json={"name": "Spring"}))
        await until(lambda: busy.answered > 50 and all(f.state for f in busy.followers))
        await reload(pair)
        answered = busy.answered
        await until(lambda: busy.answered > answered + 50)
        world.enroll(session, *world.learners(2))
        fresh = await settled(busy, session, enrolled=5)
        for follower in busy.followers:
            await follower.until(lambda state: state.get("enrolled") == 5)
    assert busy.failures == []
    assert all(follower.closes for follower in busy.followers), "every socket was asked to come back"
    for follower in busy.followers:
        assert {**follower.state, "position": 0} == {**fresh, "position": 0}


async def settled(busy: Traffic, session: int, enrolled: int) -> dict[str, int]:
    """The session's counts, asked for anew."""
    async with busy.client() as client:
        while True:
            counts: dict[str, int] = (await client.get(f"/sessions/{session}/counts")).json()
            if counts["enrolled"] == enrolled:
                return counts


@pytest.fixture(scope="module")
def single(start_muster: Callable[..., Muster]) -> Muster:
    """One API process."""
    return start_muster("--workers", "0")


async def test_what_is_under_way_is_finished(single: Muster) -> None:
    """An upload that began before is answered by the process that was asked, as its last answer."""
    arrived = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"name": '
        await arrived.wait()
        yield b'"Slow"}'

    busy = Traffic(single, single.token())
    async with busy.client() as uploading, busy.client() as other:
        upload = asyncio.create_task(
            uploading.post("/groups", content=slowly(), headers={"Content-Type": "application/json"})
        )
        assert (await other.get("/groups")).headers.get("connection") != "close"
        reloading = asyncio.create_task(reload(single))
        # The old process keeps this connection until it answers for the last time: then it is ending.
        while (await other.get("/groups")).headers.get("connection") != "close":
            pass
        assert not reloading.done()
        arrived.set()
        answer = await upload
        await reloading
    assert answer.status_code == httpx.codes.CREATED, answer.text
    assert answer.headers["connection"] == "close"


async def test_nobody_is_replaced_by_a_process_that_is_not_ready(single: Muster) -> None:
    before = processes(single)
    with world_of(single.database_url) as world:
        # The next process cannot read its index: a table is away.
        world.run("ALTER TABLE award RENAME TO award_away")
        os.kill(single.pid, signal.SIGHUP)
        await until(lambda: "index_follower_interrupted" in single.log.read_text())
        assert before < processes(single)
        assert RELOADED not in single.log.read_text().rsplit("reloading", 1)[1]
        world.run("ALTER TABLE award_away RENAME TO award")
    await until(lambda: RELOADED in single.log.read_text().rsplit("reloading", 1)[1])
    assert not before & processes(single)
