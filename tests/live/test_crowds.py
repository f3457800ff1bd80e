"""Many sockets: those who do not read, and several API processes."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.harness.instance import Muster
from tests.harness.world import World, world_of
from tests.live.client import LiveSocket, live_socket

# Far less than the ten seconds after which a stalled reader is dropped.
PROMPT_SECONDS = 3.0


def of(id_: str, type_: str, total: int | None = None) -> Any:
    return lambda frame: (
        (frame["type"], frame.get("id")) == (type_, id_) and (total is None or frame["total"] == total)
    )


def dropped_for_slowness(muster: Muster) -> int:
    """How many sockets the server closed with 4408."""
    text = httpx.get(f"{muster.address}/metrics").text
    found = re.search(r'^muster_live_closed_total\{code="4408"\} (\d+)', text, re.MULTILINE)
    return int(found[1]) if found else 0


@pytest.mark.timeout(120)
async def test_a_stalled_reader_is_dropped_and_nobody_else_waits(
    muster: Muster, world: World, token: str
) -> None:
    group = world.group()
    people = world.learners(60)
    world.join(group, *people)
    before = dropped_for_slowness(muster)
    headers = {"Authorization": f"Bearer {token}"}
    # One frame is read ahead at most: everything else stays where the server put it.
    async with (
        connect(muster.live_url, additional_headers=headers, max_queue=1, compression=None) as stalled,
        live_socket(muster.live_url, token) as reader,
    ):
        quiet = LiveSocket(stalled)
        # Samples make large frames: the system's buffers are full after some hundred.
        for i in range(100):
            await quiet.send("preview", id=str(i), rule={"blocks": [{"groups": [group]}]}, sample=50 - i % 10)
        await reader.send("preview", id="a", rule={"blocks": [{"groups": [group]}]})
        total = (await reader.until(of("a", "counts", total=60)))["total"]
        slowest = 0.0
        deadline = time.monotonic() + 60
        while dropped_for_slowness(muster) == before:
            assert time.monotonic() < deadline, "the stalled reader was never dropped"
            # Every change alters each of its hundred previews.
            started = time.monotonic()
            world.join(group, world.learner())
            total += 1
            await reader.until(lambda frame: frame.get("total") == total)  # noqa: B023 - awaited at once
            slowest = max(slowest, time.monotonic() - started)
        assert slowest < PROMPT_SECONDS
        with pytest.raises(ConnectionClosed) as closed:
            await quiet.read_on()
        # Where the buffers drained in time the code arrived; else the connection was cut.
        assert closed.value.rcvd is None or closed.value.rcvd.code == 4408


async def test_several_processes_tell_the_same(start_muster: Callable[..., Muster]) -> None:
    muster = start_muster("--api", "2")
    token = muster.token()
    with world_of(muster.database_url) as world:
        session = world.session(world.activity())
        people = world.learners(10)
        sockets = [live_socket(muster.live_url, token) for _ in range(8)]
        opened = [await socket.__aenter__() for socket in sockets]
        try:
            for socket in opened:
                await socket.send("watch", id="s", topic=f"session:{session}")
                await socket.until(of("s", "state"))
            for learner in people:
                world.enroll(session, learner)
            await asyncio.gather(
                *(
                    socket.until(lambda f: f["type"] == "state" and f["data"]["enrolled"] == 10)
                    for socket in opened
                )
            )
            entered = [
                sorted(f["data"]["learner"]["id"] for f in socket.seen if f["type"] == "event")
                for socket in opened
            ]
            for socket, seen in zip(opened, entered, strict=True):
                while len(seen) < len(people):
                    seen.append((await socket.until(of("s", "event")))["data"]["learner"]["id"])
                assert sorted(seen) == people
            client = muster.sign_in()
            cookie = f"muster_session={client.cookies['muster_session']}"
            mine = [live_socket(muster.live_url, Cookie=cookie) for _ in range(6)]
            signed_in = [await socket.__aenter__() for socket in mine]
            for socket in signed_in:
                await socket.settled()
            assert client.post("/auth/logout").status_code == 204
            for socket in signed_in:
                with pytest.raises(ConnectionClosed) as closed:
                    await socket.read_on()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 4401
        finally:
            for socket in opened:
                await socket.connection.close()


async def test_midnight_moves_what_time_decides(start_muster: Callable[..., Muster]) -> None:
    # The instance's midnight comes a little after it is ready.
    ahead = 86_400 - time.time() % 86_400 - 30
    muster = start_muster(MUSTER_CLOCK=f"+PT{int(ahead)}S")
    with world_of(muster.database_url) as world:
        group = world.group()
        learner = world.run(
            "INSERT INTO learner (email, added_at) VALUES ('today@world.example', now() + $1 * interval '1 second')"
            " RETURNING id",
            ahead,
        )
        world.join(group, learner)
        filter_ = {"type": "added", "op": "last_days", "values": [1]}
        async with live_socket(muster.live_url, muster.token()) as socket:
            await socket.send("preview", id="a", rule={"blocks": [{"groups": [group], "filters": [filter_]}]})
            await socket.until(of("a", "counts", total=1))
            async with asyncio.timeout(60):
                await socket.send("ping")
                while True:
                    try:
                        frame = await socket.next()
                    except TimeoutError:
                        continue
                    if frame["type"] == "counts":
                        break
            assert frame["total"] == 0


async def test_each_of_a_crowd_hears_everything_in_order(muster: Muster, world: World, token: str) -> None:
    """More than fifty followers of one thing are served in turns; some of them come and go meanwhile."""
    session = world.session(world.activity())
    sockets = [live_socket(muster.live_url, token) for _ in range(60)]
    opened = [await socket.__aenter__() for socket in sockets]
    try:
        for i, socket in enumerate(opened):
            await socket.send("watch", id=f"s{i % 20}", topic=f"session:{session}")
            await socket.until(lambda frame: frame["type"] == "state")
        people = world.learners(12)
        for n, learner in enumerate(people):
            world.enroll(session, learner)
            await opened[n].send("unwatch", id=f"s{n}")
            await opened[n].send("watch", id=f"s{n}", topic=f"session:{session}")
        for i, socket in enumerate(opened):
            await socket.until(lambda f: f["type"] == "state" and f["data"]["enrolled"] == len(people))
            assert {frame["id"] for frame in socket.seen if frame["type"] != "pong"} == {f"s{i % 20}"}
        for socket in opened[len(people) :]:
            events = [frame["data"]["learner"]["id"] for frame in socket.seen if frame["type"] == "event"]
            while len(events) < len(people):
                events.append((await socket.until(lambda f: f["type"] == "event"))["data"]["learner"]["id"])
            assert events == people
            positions = [frame["position"] for frame in socket.seen if frame["type"] == "event"]
            assert positions == sorted(positions)
    finally:
        for socket in opened:
            await socket.connection.close()
