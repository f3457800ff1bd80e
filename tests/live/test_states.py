"""A state that is told at once is told, too, where finding out which facts alter it takes longer than a slice."""

import asyncio

from backend.index import FacetIndex, PredicateIndex
from backend.index.steps import Steps
from backend.index.time_slices import TimeSlice
from backend.live.states import States
from backend.live.topics import Subject, Topic
from backend.rules import Facet
from backend.runtime import clock
from backend.schemas.live.frames import ListState
from tests.harness.system import System


async def test_a_state_is_told_although_its_facets_take_long(system: System) -> None:
    def facets(_: FacetIndex) -> Steps[frozenset[Facet]]:
        time_slice = TimeSlice()
        while not time_slice.used_up():
            pass
        yield
        yield
        return frozenset()

    def state(index: FacetIndex) -> ListState:
        return ListState(name="held", changed=index.position, day=clock.today(index.timezone))

    told = asyncio.Event()

    def every(_: ListState) -> float:
        """Asked once a state has been handed out."""
        told.set()
        return 60.0

    states = States(system.follower, PredicateIndex(), lambda _: None)
    topic = Topic(Subject(key="slow", kind="list", state=state, facets=facets, every=every))
    computing = asyncio.create_task(states.compute())
    states.touch(topic)
    async with asyncio.timeout(10):
        await told.wait()
    computing.cancel()
    assert topic.frame("a", "en").count(b'"type":"state"') == 1
