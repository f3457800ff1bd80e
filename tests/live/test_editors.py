"""Who edits a method is told to those who may edit it, whatever process they are at, and never stays behind."""

import asyncio
from typing import Any

import httpx

from backend.live.editors import Editors
from tests.harness.instance import Muster
from tests.harness.servers import Servers
from tests.harness.world import World
from tests.live.client import PATIENCE_SECONDS, live_socket

SOON = 0.05


def method_in(http: httpx.Client, session: int, group: int) -> int:
    body = {"kind": "audience", "rule": {"blocks": [{"groups": [group]}]}}
    made = http.post(f"/sessions/{session}/methods", json=body)
    assert made.is_success, made.text
    return int(made.json()["id"])


def names(*expected: str) -> Any:
    """A state that names exactly these."""
    return lambda frame: (
        frame["type"] == "state"
        and [one["first_name"] for one in frame["data"].get("editors") or []] == list(expected)
    )


def error(frame: Any) -> bool:
    return bool(frame["type"] == "error")


async def test_editors_see_one_another_come_and_go(
    muster: Muster, http: httpx.Client, world: World, token: str
) -> None:
    group = world.group()
    coach, other = world.learner(first_name="Coach"), world.learner(first_name="Other")
    world.join(group, coach, role="coach")
    world.join(group, other, role="coach")
    method = method_in(http, world.session(world.activity(), group), group)
    topic = f"editors:{method}"
    async with live_socket(muster.live_url, world.token(coach)) as first:
        await first.send("watch", id="e", topic=topic, editing=True)
        await first.until(names("Coach"))
        async with live_socket(muster.live_url, world.token(other)) as second:
            # Who only looks is not among them.
            await second.send("watch", id="e", topic=topic)
            await second.until(names("Coach"))
            await second.send("watch", id="e", topic=topic, editing=True)
            await first.until(names("Coach", "Other"))
            await second.until(names("Coach", "Other"))
        # A socket that ends takes its person with it.
        await first.until(names("Coach"))
        await first.send("watch", id="w", topic=f"method:{method}", editing=True)
        assert (await first.until(error))["problem"]["status"] == 422


async def test_who_may_not_edit_a_method_is_told_no_names(
    muster: Muster, http: httpx.Client, world: World, token: str
) -> None:
    led, foreign = world.group(), world.group()
    coach, stranger, member = world.learner(), world.learner(), world.learner()
    world.join(led, coach, role="coach")
    world.join(foreign, stranger, role="coach")
    world.join(led, member)
    # The session is the coach's, the method reaches beyond their group.
    method = method_in(http, world.session(world.activity(), led), foreign)
    async with live_socket(muster.live_url, token) as admin:
        await admin.send("watch", id="e", topic=f"editors:{method}", editing=True)
        await admin.until(lambda frame: frame["type"] == "state" and frame["data"]["editors"])
        for person, status in ((coach, 403), (stranger, 404), (member, 404)):
            async with live_socket(muster.live_url, world.token(person)) as socket:
                await socket.send("watch", id="e", topic=f"editors:{method}", editing=True)
                assert (await socket.until(error))["problem"]["status"] == status
        await admin.settled()
        assert all(len(frame["data"]["editors"]) <= 1 for frame in admin.seen if frame["type"] == "state")


async def test_other_processes_know_and_forget_who_dies(servers: Servers) -> None:
    # One that does not say again what it said is as good as dead.
    here, dying, there = (
        Editors(lasts=1, renew=SOON),
        Editors(lasts=1, renew=60),
        Editors(lasts=1, renew=SOON),
    )
    for one in (here, dying, there):
        one.start(servers.redis_url, "postgresql://x/of_this_test")
    try:
        for process, person in ((here, 1), (here, 1), (there, 2), (dying, 3)):
            process.join(7, person)
        await until(there, [1, 2, 3])
        # One of two sockets of the same person ends.
        here.leave(7, 1)
        there.leave(7, 2)
        await until(there, [1])
        await here.stop()
        await until(there, [])
    finally:
        for one in (here, dying, there):
            await one.stop()


async def until(editors: Editors, expected: list[int]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await editors.of(7) != expected:  # noqa: ASYNC110 - Redis forgets without telling anybody
            await asyncio.sleep(SOON)
