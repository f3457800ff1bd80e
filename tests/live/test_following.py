"""What a socket shows stays true: states, and events that add up to them."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.harness.instance import Muster
from tests.harness.world import World
from tests.live.client import Frame, LiveSocket, live_socket

LIVE = {"active", "completed", "suspended"}


@pytest.fixture
async def socket(muster: Muster, token: str) -> AsyncIterator[LiveSocket]:
    async with live_socket(muster.live_url, token) as opened:
        yield opened


def of(id_: str, type_: str, total: int | None = None) -> Any:
    return lambda frame: (
        (frame["type"], frame.get("id")) == (type_, id_) and (total is None or frame["total"] == total)
    )


def in_group(group: int, **more: Any) -> Any:
    return {"blocks": [{"groups": [group], **more}]}


async def test_a_preview_answers_and_follows(socket: LiveSocket, world: World) -> None:
    group = world.group()
    await socket.send("preview", id="a", rule=in_group(group))
    first = await socket.until(of("a", "counts"))
    assert (first["total"], first["blocks"][0]["groups_total"], first["sample"]) == (0, 0, [])
    learner = world.learner()
    world.join(group, learner)
    second = await socket.until(of("a", "counts"))
    assert second["total"] == 1
    assert second["position"] > first["position"]
    world.leave(group, learner)
    assert (await socket.until(of("a", "counts")))["total"] == 0


async def test_equal_states_are_not_sent_again(socket: LiveSocket, world: World) -> None:
    group, other = world.group(), world.group()
    await socket.send("preview", id="a", rule=in_group(group))
    await socket.until(of("a", "counts"))
    world.join(other, world.learner())
    learner = world.learner()
    world.join(group, learner, role="coach")
    assert (await socket.until(of("a", "counts")))["total"] == 1
    world.join(group, learner, role="member")
    world.join(group, world.learner())
    assert (await socket.until(of("a", "counts")))["total"] == 2
    assert [f["total"] for f in socket.seen if f["type"] == "counts"] == [0, 1, 2]


async def test_a_change_that_alters_no_number_is_not_told(
    socket: LiveSocket, world: World, muster: Muster
) -> None:
    """Also when it concerns the rule, and comes alone."""
    group = world.group()
    await socket.send("preview", id="a", rule=in_group(group))
    before = (await socket.until(of("a", "counts")))["position"]
    # Somebody new may be in any audience, so every preview is looked at.
    world.learner()
    health = f"{muster.address}/api/health"
    async with httpx.AsyncClient() as client, asyncio.timeout(15):
        while (await client.get(health)).json()["position"] <= before:
            continue
    await socket.settled()
    world.join(group, world.learner())
    frame = await socket.until(of("a", "counts"))
    assert frame["total"] == 1
    assert [f["total"] for f in socket.seen if f["type"] == "counts"] == [0, 1]


async def test_a_frame_names_each_thing_once(socket: LiveSocket, world: World) -> None:
    await socket.send("preview", id="a", rule=in_group(world.group()))
    async with asyncio.timeout(15):
        text = await socket.connection.recv()
    names = [name for name, _ in json.loads(text, object_pairs_hook=lambda pairs: pairs)]
    assert len(names) == len(set(names))


async def test_the_latest_rule_under_an_id_wins(socket: LiveSocket, world: World) -> None:
    small, large = world.group(), world.group()
    world.join(small, *world.learners(3))
    world.join(large, *world.learners(5))
    for _ in range(50):
        await socket.send("preview", id="a", rule=in_group(small))
        await socket.send("preview", id="a", rule=in_group(large))
    await socket.until(lambda frame: frame.get("total") == 5)
    world.join(small, world.learner())
    world.join(large, world.learner())
    await socket.until(lambda frame: frame.get("total") == 6)
    # Only the rule that replaced the others is followed.
    assert 4 not in [frame.get("total") for frame in socket.seen]
    await socket.send("unwatch", id="a")
    await socket.settled()
    world.join(large, world.learner())
    await socket.send("preview", id="b", rule=in_group(large))
    assert (await socket.next())["id"] == "b"


async def test_asking_the_same_again_is_answered_again(socket: LiveSocket, world: World) -> None:
    group = world.group()
    for _ in range(3):
        await socket.send("preview", id="a", rule=in_group(group))
        assert (await socket.until(of("a", "counts")))["total"] == 0
    for _ in range(2):
        await socket.send("watch", id="m", topic="me")
        await socket.until(of("m", "state"))


async def test_a_sample_shows_people_and_their_new_names(socket: LiveSocket, world: World) -> None:
    group = world.group()
    learner = world.learner("Ada", "Byron")
    world.join(group, learner)
    await socket.send("preview", id="a", rule=in_group(group), sample=5)
    # What was just written may be a moment behind.
    assert (await socket.until(of("a", "counts", total=1)))["sample"][0]["last_name"] == "Byron"
    world.run("UPDATE learner SET last_name = 'Lovelace' WHERE id = $1", learner)
    assert (await socket.until(of("a", "counts")))["sample"][0]["last_name"] == "Lovelace"


async def test_a_rule_that_breaks_says_so_and_heals(socket: LiveSocket, world: World) -> None:
    group = world.group()
    field = world.field("fleeting", "text")
    world.join(group, world.learner())
    filter_ = {"type": "field", "field": "fleeting", "op": "is_empty"}
    await socket.send("preview", id="a", rule=in_group(group, filters=[filter_]))
    await socket.until(of("a", "counts", total=1))
    world.run("DELETE FROM field WHERE id = $1", field)
    problem = (await socket.until(of("a", "error")))["problem"]
    assert (problem["status"], problem["type"]) == (409, "broken_rule")
    world.run("INSERT INTO field (id, key, name, type) VALUES ($1, 'fleeting', 'Fleeting', 'text')", field)
    await socket.until(of("a", "counts", total=1))


async def test_a_session_sends_its_counts_then_events_with_names(socket: LiveSocket, world: World) -> None:
    session = world.session(world.activity())
    await socket.send("watch", id="s", topic=f"session:{session}")
    state = await socket.until(of("s", "state"))
    assert state["data"]["enrolled"] == 0
    assert state["data"]["position"] == state["position"]
    learner = world.learner("Grace", "Hopper")
    world.enroll(session, learner)
    event = await socket.until(of("s", "event"))
    assert event["event"] == "entered"
    assert event["data"]["learner"] == {"id": learner, "first_name": "Grace", "last_name": "Hopper"}
    assert (event["data"]["before"], event["data"]["after"], event["data"]["count"]) == (None, "active", 1)
    world.enroll(session, learner, state="completed")
    assert (await socket.until(of("s", "event")))["event"] == "completed"
    world.enroll(session, learner, state="expired")
    assert (await socket.until(of("s", "event")))["event"] == "left"


async def test_a_crowd_is_told_as_a_number(socket: LiveSocket, world: World) -> None:
    session = world.session(world.activity())
    await socket.send("watch", id="s", topic=f"session:{session}")
    await socket.until(of("s", "state"))
    world.enroll(session, *world.learners(250))
    told = 0
    while told < 250:
        told += (await socket.until(of("s", "event")))["data"]["count"]
    assert told == 250
    events = [frame for frame in socket.seen if frame["type"] == "event"]
    assert len(events) < 250


async def test_me_hears_of_the_catalog(muster: Muster, world: World) -> None:
    learner = world.learner()
    session = world.session(world.activity())
    async with live_socket(muster.live_url, world.token(learner)) as mine:
        await mine.send("watch", id="m", topic="me")
        assert (await mine.until(of("m", "state")))["data"] == {"id": learner, "needs_you": {}}
        world.enroll(session, learner)
        assert (await mine.until(of("m", "event")))["event"] == "catalog"


class Folded:
    """A picture of a session made of one state and the events after it."""

    def __init__(self, state: Frame) -> None:
        self.position = state["position"]
        self.numbers = {name: state["data"][name] for name in ("enrolled", "completed", "expired", "blocked")}

    def take(self, event: Frame) -> None:
        """One event of the session's topic."""
        assert event["position"] > self.position
        data, count = event["data"], event["data"]["count"]
        before, after = data["before"], data["after"]
        self.numbers["enrolled"] += count * ((after in LIVE) - (before in LIVE))
        self.numbers["completed"] += count * ((after == "completed") - (before == "completed"))
        self.numbers["expired"] += count * ((after == "expired") - (before == "expired"))
        self.numbers["blocked"] += count * ((event["event"] == "blocked") - (event["event"] == "unblocked"))

    def counts(self) -> dict[str, int]:
        """The picture."""
        return self.numbers


class Unrest:
    """Random changes of a session's people: enrollments, blocked people, who counts at all."""

    def __init__(self, world: World, seed: int, people: int) -> None:
        self.world = world
        self.chance = random.Random(seed)
        activity = world.activity()
        self.session, self.other = world.session(activity), world.session(activity)
        self.method = world.run(
            "INSERT INTO enrollment_method (session_id, kind, created_at) VALUES ($1, 'audience', now()) RETURNING id",
            self.session,
        )
        self.people = world.learners(people)

    def change(self) -> None:
        """One committed change."""
        some = self.chance.sample(
            self.people, self.chance.choice([1, 1, 1, len(self.people) // 6, len(self.people) * 2 // 3])
        )
        acts = (self.enroll, self.enroll, self.expire, self.erase, self.block, self.unblock, self.suspend)
        self.chance.choice(acts)(some)

    def enroll(self, some: list[int]) -> None:
        self.world.enroll(self.session, *some, state=self.chance.choice(["active", "completed", "suspended"]))

    def expire(self, some: list[int]) -> None:
        self.world.enroll(self.session, *some, state="expired")

    def erase(self, some: list[int]) -> None:
        self.world.run(
            "DELETE FROM enrollment WHERE session_id = $1 AND learner_id = ANY($2)", self.session, some
        )

    def block(self, some: list[int]) -> None:
        self.world.run(
            "INSERT INTO blocked (method_id, learner_id, session_id, other_session_id, since)"
            " SELECT $1, l, $2, $3, now() FROM unnest($4::int[]) l ON CONFLICT DO NOTHING",
            self.method,
            self.session,
            self.other,
            some,
        )

    def unblock(self, some: list[int]) -> None:
        self.world.run("DELETE FROM blocked WHERE learner_id = ANY($1)", some)

    def suspend(self, some: list[int]) -> None:
        status = self.chance.choice(["active", "active", "suspended"])
        self.world.run("UPDATE learner SET status = $1 WHERE id = ANY($2)", status, some)


# So many that the log names them one by one, and so many that it does not.
@pytest.mark.parametrize(("seed", "people"), [(0, 30), (1, 30), (2, 300), (3, 300)])
async def test_state_and_events_add_up_under_random_changes_and_reconnects(
    muster: Muster, token: str, world: World, seed: int, people: int
) -> None:
    unrest = Unrest(world, seed, people)
    for _ in range(3):
        async with live_socket(muster.live_url, token) as socket:
            await socket.send("watch", id="s", topic=f"session:{unrest.session}")
            for _ in range(15):
                unrest.change()
                # Sometimes many changes are one batch, sometimes one is.
                if unrest.chance.random() < 0.3:
                    await asyncio.sleep(unrest.chance.random() / 10)
            fresh = await fresh_counts(muster, token, unrest.session)
            # Only the first state counts: everything after it is made of events.
            added = Folded(await socket.until(of("s", "state")))
            while added.counts() != {name: fresh[name] for name in added.counts()}:
                frame = await socket.next()
                if frame["type"] == "event":
                    added.take(frame)
            await socket.settled()
            states = [frame["data"] | {"position": 0} for frame in socket.seen if frame["type"] == "state"]
            assert {name: states[-1][name] for name in added.counts()} == added.counts()
            assert all(before != after for before, after in pairwise(states))


async def fresh_counts(muster: Muster, token: str, session: int) -> dict[str, int]:
    """The counts that a new socket is given once everything committed so far is in them."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
        # An answer of this route is never behind what was committed before it.
        await client.post(f"{muster.address}/api/v1/audiences/preview", json={"rule": {}})
    async with live_socket(muster.live_url, token) as socket:
        await socket.send("watch", id="s", topic=f"session:{session}")
        data: dict[str, int] = (await socket.until(of("s", "state")))["data"]
        return data
