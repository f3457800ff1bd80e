"""Places of a session that go and become free, and who waits for one, are told to those whose catalog shows it."""

from typing import Any

from tests.enrollment.self_enrollment.test_self_enrollment import join, leave
from tests.harness.system import System
from tests.live.client import LiveSocket
from tests.live.test_lists import changed, of, socket_of


async def mine(live: LiveSocket) -> None:
    """Follow one's own catalog."""
    await live.send("watch", id="me", topic="me")
    await live.until(of("me"))


def places_of(session: int) -> Any:
    """That the places of this session are others."""
    return lambda frame: frame["type"] == "event" and frame["data"]["session_id"] == session


def told_of(live: LiveSocket) -> set[int]:
    """The sessions of which anything was told."""
    events = [frame["data"]["session_id"] for frame in live.seen if frame["type"] == "event"]
    return {session for session in events if session is not None}


async def test_others_hear_that_a_place_goes_and_becomes_free(system: System) -> None:
    group = await system.group()
    people = {name: await system.person(f"{name}@example.org") for name in ("ana", "ben", "cleo", "otto")}
    await system.join(group, people["ana"], people["ben"], people["cleo"])
    ana, ben, cleo, otto = [await system.client(f"{name}@example.org") for name in people]
    course = await system.activity(several_sessions=True)
    session = await system.session(course, catalog="group", group_id=group, capacity=1)
    await system.apply(session, kind="self", open=True)
    # It has no places: nobody is told of it.
    without = await system.session(course, catalog="everyone")
    await system.apply(without, kind="manual", rule={"include": [people["otto"]]})
    # Places of its method, open to everyone.
    other = await system.session(catalog="everyone")
    await system.apply(other, kind="self", open=True, capacity=5)
    await system.settled()

    async def shown(client: Any) -> tuple[int | None, int | None]:
        """The places left in the session and one's own position, as the catalog has them."""
        items = (await client.get("/me/catalog")).json()["items"]
        (item,) = [item for item in items if item["session"]["id"] == session]
        return item["places"], item["waiting"]

    async with (
        socket_of(system, ben) as second,
        socket_of(system, cleo) as third,
        socket_of(system, otto) as outside,
        socket_of(system, system.admin) as board,
    ):
        for live in (second, third, outside):
            await mine(live)
        await board.send("watch", id="list", topic="list:participants")
        at = (await board.until(changed("participants")))["data"]["changed"]
        assert await shown(ben) == (1, None)
        await join(ana, session)
        await second.until(places_of(session))
        assert await shown(ben) == (0, None)
        # Who waits is no enrollment, and is told all the same: to who waits behind, and to who runs the session.
        assert await join(cleo, session) == (202, "waiting", 1)
        await second.until(places_of(session))
        assert await join(ben, session) == (202, "waiting", 2)
        await third.until(places_of(session))
        at = (await board.until(changed("participants", at)))["data"]["changed"]
        cards = (await system.admin.get("/me/sessions")).json()["items"]
        assert {card["id"]: card["queue"] for card in cards} == {session: 2, without: 0, other: 0}
        # They go on being told where nobody finds it any more.
        await system.write("UPDATE session SET catalog = 'hidden' WHERE id = $1", session)
        await system.settled()
        second.seen.clear()
        await leave(ana, session)
        await second.until(places_of(session))
        assert await shown(ben) == (0, 1)
        await board.until(changed("participants", at))
        # Of a session that one does not see nothing is told; of one that everybody sees, everybody is.
        await join(ana, other)
        await outside.until(places_of(other))
        assert told_of(outside) == {other}
        assert told_of(second) <= {session, other}


async def test_to_how_many_a_session_is_offered_follows(system: System) -> None:
    group, person = await system.group(), await system.person("ana@example.org")
    session = await system.session()
    offer = {"catalog": "audience", "catalog_rule": {"blocks": [{"groups": [group]}]}}
    assert (await system.admin.patch(f"/sessions/{session}", json=offer)).status_code == 200

    async def offered() -> int:
        """To how many, as its page has it."""
        shown: int = (await system.admin.get(f"/sessions/{session}")).json()["catalog_audience"]["people"]
        return shown

    async with socket_of(system, system.admin) as live:
        await live.send("watch", id="list", topic="list:participants")
        at = (await live.until(changed("participants")))["data"]["changed"]
        assert await offered() == 0
        await system.join(group, person)
        while await offered() == 0:
            at = (await live.until(changed("participants", at)))["data"]["changed"]
        assert await offered() == 1
