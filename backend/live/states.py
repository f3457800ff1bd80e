"""What topics say: computed once for all who follow them, encoded once, and sent only when it differs."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog

from backend.index import FacetIndex, Follower, PredicateIndex, TooLong
from backend.index.steps import Steps
from backend.live.time_slices import Turn, in_slices
from backend.live.topics import Ended, Subject, Topic, Unanswerable
from backend.rules import Facet
from backend.runtime import clock, websocket_metrics
from backend.schemas.live.frames import FrameProblem
from backend.words import Message

SLOW_SECONDS = 0.010
# Topics that more follow are handed out in turns with everything else.
CROWD = 50
# What happens within this time reaches each of a crowd as one write: writing is most of what they cost.
CROWD_SECONDS = 0.02

_log = structlog.get_logger("muster.live")


class States:
    """Topics whose state may have changed are looked at again; `let_go` is told of those whose subject is gone.

    Before its first state, and where structure has changed, a topic is put into `facets` under what can alter it from then on.
    Until then it is being looked at anyway, so nothing is missed.
    """

    def __init__(
        self, follower: Follower, facets: PredicateIndex[Any], let_go: Callable[[Topic], None]
    ) -> None:
        self.follower = follower
        self._facets = facets
        self._let_go = let_go
        self._dirty: dict[Topic, None] = {}
        self._wake = asyncio.Event()
        self._loading: dict[Topic, asyncio.Task[None]] = {}
        self._crowds: dict[Topic, asyncio.Task[None]] = {}

    def touch(self, topic: Topic) -> None:
        """What the topic says may have changed."""
        self._dirty[topic] = None
        self._wake.set()

    def is_awaited(self, topic: Topic) -> bool:
        """Whether a new state is on its way."""
        return topic in self._dirty or topic in self._loading

    def forget(self, topic: Topic) -> None:
        """Nobody follows the topic any more."""
        self._dirty.pop(topic, None)
        task = self._loading.pop(topic, None)
        if task is not None:
            task.cancel()

    def tasks(self) -> list[asyncio.Task[None]]:
        """What is under way."""
        return [*self._loading.values(), *self._crowds.values()]

    async def compute(self) -> None:
        """For ever: what was touched."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.follower.loaded.wait()
            turn = Turn()
            again: list[Topic] = []
            while self._dirty:
                # Before, not after: what others did in this turn counts.
                await turn.give()
                topic = next(iter(self._dirty), None)
                if topic is None:
                    break
                del self._dirty[topic]
                if topic in self._loading:
                    again.append(topic)
                elif topic.subject.load is None and not topic.long:
                    self._evaluate(topic)
                else:
                    self._begin(topic)
            for topic in again:
                # Its load finishes first; then it is looked at once more.
                self._dirty[topic] = None

    def _begin(self, topic: Topic) -> None:
        self._loading[topic] = asyncio.create_task(self._load(topic), name="live load")

    def _evaluate(self, topic: Topic) -> None:
        index = self.follower.index
        started = time.perf_counter()
        try:
            if topic.facets_due:
                self._place(topic, index.at_once(lambda: topic.subject.facets(index)))
            value = _at_once(topic.subject, index)
        except TooLong:
            topic.long = True
            self._begin(topic)
            return
        except Exception as error:  # noqa: BLE001 - one topic's failure is not the others'
            value = self._failed(topic, error)
        taken = time.perf_counter() - started
        websocket_metrics.EVALUATION.observe(taken)
        if taken > SLOW_SECONDS:
            websocket_metrics.SLOW.inc()
        self._deliver(topic, value, index.position)

    async def _load(self, topic: Topic) -> None:
        index = self.follower.index
        position = index.position
        try:
            if topic.facets_due:
                self._place(topic, await index.sliced(lambda: topic.subject.facets(index)))
            if topic.subject.load is not None:
                value = await topic.subject.load(index)
            else:
                value, position = await index.sliced(lambda: _located_steps(topic.subject, index))
        except Exception as error:  # noqa: BLE001 - one topic's failure is not the others'
            value = self._failed(topic, error)
        self._loading.pop(topic, None)
        self._deliver(topic, value, position)
        if topic in self._dirty:
            self._wake.set()

    def _place(self, topic: Topic, facets: frozenset[Facet]) -> None:
        topic.facets_due = False
        self._facets.put(topic.subject.key, facets)

    def _failed(self, topic: Topic, error: Exception) -> FrameProblem:
        if isinstance(error, Unanswerable):
            topic.ended = isinstance(error, Ended)
            return error.problem
        _log.error("a live state failed", kind=topic.subject.kind, exc_info=error)
        return FrameProblem(
            type="internal",
            title=Message("Something went wrong on our side"),
            status=500,
            detail=Message("This cannot be shown at the moment."),
            errors=[],
        )

    def _deliver(self, topic: Topic, value: Any, position: int) -> None:
        topic.take(value, position, clock.now())
        self._hand_out(topic)
        if topic.subject.every is not None:
            topic.due = time.monotonic() + topic.subject.every(value)
        if topic.ended:
            self._let_go(topic)

    def _hand_out(self, topic: Topic) -> None:
        """Send the latest state to those who do not have it."""
        if topic.ended or len(topic.watchers) <= CROWD:
            for watcher in topic.watchers.values():
                watcher.send_state(topic)
        elif topic not in self._crowds:
            self._crowds[topic] = asyncio.create_task(self._hand_out_in_turns(topic), name="live crowd")

    async def _hand_out_in_turns(self, topic: Topic) -> None:
        try:
            await asyncio.sleep(CROWD_SECONDS)
            while behind := [one for one in topic.watchers.values() if one.version != topic.version]:
                async for watcher in in_slices(behind):
                    watcher.send_state(topic)
        finally:
            del self._crowds[topic]


def _at_once(subject: Subject, index: FacetIndex) -> Any:
    if subject.steps is not None:
        steps = subject.steps
        return index.at_once(lambda: steps(index))
    return None if subject.state is None else subject.state(index)


def _located_steps(subject: Subject, index: FacetIndex) -> Steps[tuple[Any, int]]:
    """The state and the position it is true at."""
    if subject.steps is None:
        # What took long was to tell which facts alter it; a state without steps is told at once.
        yield
        return _at_once(subject, index), index.position
    value = yield from subject.steps(index)
    return value, index.position
