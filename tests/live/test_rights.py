"""A socket sees no more than its person may, from one moment to the next."""

from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.harness.instance import Muster
from tests.harness.world import World
from tests.live.client import LiveSocket, live_socket


class Coach:
    """Somebody who coaches a group with a session."""

    def __init__(self, world: World) -> None:
        self.group = world.group()
        self.id = world.learner()
        world.join(self.group, self.id, role="coach")
        self.session = world.session(world.activity(), self.group)
        self.token = world.token(self.id)


def of(id_: str, type_: str) -> Any:
    return lambda frame: frame["type"] == type_ and frame.get("id") == id_


async def closing_code(socket: LiveSocket) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        await socket.read_on()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


async def test_a_coach_follows_their_own_session_only(muster: Muster, world: World) -> None:
    coach = Coach(world)
    other = world.session(world.activity(), world.group())
    async with live_socket(muster.live_url, coach.token) as socket:
        await socket.send("watch", id="mine", topic=f"session:{coach.session}")
        await socket.until(of("mine", "state"))
        await socket.send("watch", id="other", topic=f"session:{other}")
        assert (await socket.until(of("other", "error")))["problem"]["status"] == 404


async def test_learners_preview_nothing(muster: Muster, world: World) -> None:
    group = world.group()
    async with live_socket(muster.live_url, world.token(world.learner())) as socket:
        await socket.send("preview", id="a", rule={"blocks": [{"groups": [group]}]})
        assert (await socket.until(of("a", "error")))["problem"]["status"] == 403


async def test_a_lost_role_ends_what_it_showed(muster: Muster, world: World) -> None:
    coach = Coach(world)
    async with live_socket(muster.live_url, coach.token) as socket:
        await socket.send("watch", id="s", topic=f"session:{coach.session}")
        await socket.send("preview", id="p", rule={"blocks": [{"groups": [coach.group]}]})
        await socket.until(of("p", "counts"))
        world.join(coach.group, coach.id, role="member")
        assert (await socket.until(of("s", "error")))["problem"]["status"] in {403, 404}
        assert (await socket.until(of("p", "error")))["problem"]["status"] == 403
        before = len(socket.seen)
        world.enroll(coach.session, world.learner())
        # The role comes back, and with it the right to ask again.
        world.join(coach.group, coach.id, role="coach")
        await socket.send("watch", id="again", topic=f"session:{coach.session}")
        await socket.until(of("again", "state"))
        assert not [frame for frame in socket.seen[before:] if frame.get("id") == "s"]


async def test_a_moved_session_is_lost_from_sight(muster: Muster, world: World) -> None:
    coach = Coach(world)
    async with live_socket(muster.live_url, coach.token) as socket:
        await socket.send("watch", id="s", topic=f"session:{coach.session}")
        await socket.until(of("s", "state"))
        world.run("UPDATE session SET group_id = $1 WHERE id = $2", world.group(), coach.session)
        assert (await socket.until(of("s", "error")))["problem"]["status"] == 404


async def test_a_deleted_session_ends_its_topic(muster: Muster, world: World, token: str) -> None:
    session = world.session(world.activity())
    async with live_socket(muster.live_url, token) as socket:
        await socket.send("watch", id="s", topic=f"session:{session}")
        await socket.until(of("s", "state"))
        world.run("DELETE FROM session WHERE id = $1", session)
        assert (await socket.until(of("s", "error")))["problem"]["status"] == 404


async def test_an_instructor_who_is_replaced_is_let_go(muster: Muster, world: World) -> None:
    session = world.session(world.activity())
    instructor = world.learner()
    world.run("INSERT INTO session_instructor (session_id, learner_id) VALUES ($1, $2)", session, instructor)
    async with live_socket(muster.live_url, world.token(instructor)) as socket:
        await socket.send("watch", id="s", topic=f"session:{session}")
        await socket.until(of("s", "state"))
        world.run("DELETE FROM session_instructor WHERE session_id = $1", session)
        assert (await socket.until(of("s", "error")))["problem"]["status"] in {403, 404}


async def test_signing_out_closes_the_socket(muster: Muster) -> None:
    client = muster.sign_in()
    cookie = f"muster_session={client.cookies['muster_session']}"
    async with live_socket(muster.live_url, Cookie=cookie) as socket:
        await socket.settled()
        assert client.post("/auth/logout").status_code == 204
        assert await closing_code(socket) == 4401


async def test_a_revoked_token_closes_the_socket(muster: Muster, world: World) -> None:
    coach = Coach(world)
    async with live_socket(muster.live_url, coach.token) as socket:
        await socket.settled()
        world.run("DELETE FROM api_token WHERE learner_id = $1", coach.id)
        assert await closing_code(socket) == 4401


async def test_a_suspended_person_is_out_at_once(muster: Muster, world: World) -> None:
    coach = Coach(world)
    async with live_socket(muster.live_url, coach.token) as socket:
        await socket.settled()
        world.run("UPDATE learner SET status = 'suspended' WHERE id = $1", coach.id)
        assert await closing_code(socket) == 4401


async def test_an_admin_who_is_one_no_more_sees_no_more(muster: Muster, world: World) -> None:
    admin = world.learner(is_admin=True)
    session = world.session(world.activity())
    async with live_socket(muster.live_url, world.token(admin)) as socket:
        await socket.send("watch", id="s", topic=f"session:{session}")
        await socket.until(of("s", "state"))
        world.run("UPDATE learner SET is_admin = false WHERE id = $1", admin)
        assert (await socket.until(of("s", "error")))["problem"]["status"] == 404


async def test_a_private_group_stays_unnamed_in_reasons(muster: Muster, world: World, token: str) -> None:
    coach = Coach(world)
    secret = world.group("Secret project", private=True)
    learner = world.learner()
    run_id = world.run_because_of(coach.session, learner, secret)
    async with (
        live_socket(muster.live_url, coach.token) as theirs,
        live_socket(muster.live_url, token) as ours,
    ):
        for socket in (theirs, ours):
            await socket.send("watch", id="s", topic=f"session:{coach.session}")
            await socket.until(of("s", "state"))
        world.enroll(coach.session, learner, run_id=run_id)
        names = [(await s.until(of("s", "event")))["data"]["reason"]["name"] for s in (theirs, ours)]
        assert names == [None, "Secret project"]


async def test_somebodys_page_follows_for_who_may_see_them(muster: Muster, world: World) -> None:
    coach = Coach(world)
    learner, stranger = world.learner("Ada", "Byron"), world.learner()
    world.join(coach.group, learner)
    async with (
        live_socket(muster.live_url, coach.token) as socket,
        live_socket(muster.live_url, world.token(learner)) as own,
        live_socket(muster.live_url, world.token(stranger)) as others,
    ):
        await own.send("watch", id="me", topic="me")
        await own.until(of("me", "state"))
        await socket.send("watch", id="a", topic=f"learner:{learner}")
        assert (await socket.until(of("a", "state")))["data"] == {"id": learner}
        await socket.send("watch", id="b", topic=f"learner:{stranger}")
        assert (await socket.until(of("b", "error")))["problem"]["status"] == 404
        await others.send("watch", id="c", topic=f"learner:{learner}")
        assert (await others.until(of("c", "error")))["problem"]["status"] == 404
        world.run("UPDATE learner SET last_name = 'Lovelace' WHERE id = $1", learner)
        told = await socket.until(of("a", "event"))
        # That something changed, and nothing of what.
        assert told["event"] == "changed"
        assert told["data"]["learner"] is None
        # Their own catalog is as it was until they are in another group.
        world.join(world.group(), learner)
        assert (await own.until(of("me", "event")))["event"] == "catalog"
        assert [frame["type"] for frame in own.seen].count("event") == 1
