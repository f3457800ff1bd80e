"""A supposed world: what it tells of people whom a fuse holds, why, and that it follows an index that was loaded anew."""

import asyncio

from pyroaring import BitMap

from backend.index import Batch, load_index
from backend.runtime import clock
from backend.services.consequences.world import supposing
from backend.services.enrollment.reconciler.followed_work import FollowedWork
from tests.harness.system import System


async def test_whom_a_fuse_holds_is_told_beside(system: System, followed: FollowedWork) -> None:
    group = await system.group()
    people = await system.people(3, group)
    session = await system.session(fuse_count=1)
    done = await system.enroll_group(session, group)
    await system.settled()
    await system.follower.catch_up()
    leaving = BitMap(people[:2])
    for hold in (False, True):
        async with supposing(followed, clock.now()) as world:
            world.change_facts("membership", leaving, group, None)
            await world.settle(hold=hold)
            outcome = world.outcome()
            assert world.index.live_enrollments(session) == BitMap(people) - (BitMap() if hold else leaving)
        (method,) = outcome.methods
        assert (method.method_id, method.held) == (done["method_id"], leaving)
        assert method.leaving == (BitMap() if hold else leaving)
        assert outcome.reasons[session, people[0]]["facet"] == "membership"
    assert system.follower.index.live_enrollments(session) == BitMap(people)


async def test_it_follows_an_index_that_was_loaded_anew(system: System, followed: FollowedWork) -> None:
    group, session = await system.group(), await system.session()
    await system.enroll_group(session, group)
    (person,) = await system.people(1)
    await system.settled()
    loaded = asyncio.Event()

    def hear(batch: Batch) -> None:
        if batch.reloaded:
            loaded.set()

    system.follower.subscribe(hear)
    system.follower.replace(await load_index())
    await asyncio.wait_for(loaded.wait(), 30)
    # It follows what is made from here on, too: structure and facts.
    other = await system.session()
    await system.enroll_group(other, group)
    await system.settled()
    await system.follower.catch_up()
    async with supposing(followed, clock.now()) as world:
        world.change_fact("membership", person, group, "member")
        await world.settle()
        outcome = world.outcome()
    assert {one.session_id for one in outcome.methods} == {session, other}
    assert [(one.kind, one.learners) for one in outcome.notices] == [("enrolled", BitMap([person]))] * 2
    # Both fall due at the next full hour: one message.
    assert outcome.messages == 1
