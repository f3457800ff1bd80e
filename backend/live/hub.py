"""The hub: one a process. Follows the index, recomputes what a batch can have altered, and hands it to the sockets.

A topic is computed once for all who follow it, encoded once, and sent only when it differs. Batches that arrive
meanwhile are coalesced: the latest state wins. Events are never coalesced.
"""

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from datetime import date
from typing import Any

import structlog

from backend import bell, clock
from backend.index import Batch, FacetIndex, Follower, PredicateIndex, TooLong
from backend.index.steps import Steps
from backend.live import metrics
from backend.live.announcing import Announcer
from backend.live.seat import Seat
from backend.live.topics import Ended, Subject, Topic, Unanswerable, Watcher
from backend.live.turns import Together, Turn, in_slices
from backend.schemas.live import FrameProblem

SLOW_SECONDS = 0.010
# How finely topics that time alters are looked at.
TICK_SECONDS = 0.25
# Facts that change what somebody may see.
RIGHTS = frozenset({"access", "membership", "status", "manager"})
RIGHTS_STRUCTURE = frozenset({"session", "learner_group", "organisation"})
# Every socket is looked at again this often whatever happens: sign-ins also end by time.
RECHECK_SECONDS = 60.0
# Topics that more follow are handed out in turns with everything else.
CROWD = 50
# What happens within this time reaches each of a crowd as one write: writing is most of what they cost.
CROWD_SECONDS = 0.02
# Sockets that ask the database at once for who they are and what they may see, so that thousands that come together, or
# look again together, leave most of the pool to everybody else.
ASKING_AT_ONCE = 4

_log = structlog.get_logger("muster.live")


class Hub:
    """Topics, sockets, and the tasks that connect them with the index."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self.topics: dict[Any, Topic] = {}
        self.seats: dict[int, set[Seat]] = defaultdict(set)
        self._facets: PredicateIndex[Any] = PredicateIndex()
        self._dirty: dict[Topic, None] = {}
        self._wake = asyncio.Event()
        self._loading: dict[Topic, asyncio.Task[None]] = {}
        self._crowds: dict[Topic, asyncio.Task[None]] = {}
        self.asking = asyncio.Semaphore(ASKING_AT_ONCE)
        self.catch_up = Together(self._catch_up)
        self.announcer = Announcer(follower, self.topics)
        self._tasks: list[asyncio.Task[None]] = []
        self._unsubscribe: Callable[[], None] | None = None
        self._day: date | None = None
        self._turn = 0

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Begin; the follower may still be loading."""
        self._unsubscribe = self.follower.subscribe(self.on_batch)
        self._tasks = [
            asyncio.create_task(_supervised(work), name=f"live {work.__name__}")
            for work in (self._compute, self.announcer.tell_events, self._tick)
        ]

    async def stop(self) -> None:
        """End; sockets are told to come back."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        for seat in [seat for seats in self.seats.values() for seat in seats]:
            seat.leave()
        tasks = [*self._tasks, *self._loading.values(), *self._crowds.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _catch_up(self) -> None:
        # Whoever committed it may not have rung: `psql`, another program.
        await bell.ring()
        await self.follower.catch_up()

    # ── sockets ──────────────────────────────────────────────────────────────────────────────────────────────────

    def sit(self, seat: Seat) -> None:
        """A socket has come."""
        self.seats[seat.actor_id].add(seat)
        metrics.SOCKETS.inc()

    def rise(self, seat: Seat) -> None:
        """A socket has gone."""
        seats = self.seats[seat.actor_id]
        seats.discard(seat)
        if not seats:
            del self.seats[seat.actor_id]
        for id_ in list(seat.subscriptions):
            self.unwatch(seat, id_)
        metrics.SOCKETS.dec()

    def watch(self, seat: Seat, id_: str, subject: Subject, *, asked: bool = True) -> None:
        """Let `seat` follow `subject` under `id_`, in the place of what it followed under it before.

        Whoever `asked` is answered with the state, also when it is the same subject again.
        """
        current = seat.subscriptions.get(id_)
        if current is not None and current.subject.key == subject.key:
            if asked:
                current.answer(seat, id_)
            return
        self.unwatch(seat, id_)
        topic = self.topics.get(subject.key)
        if topic is None:
            topic = self.topics[subject.key] = Topic(subject)
            self._facets.put(subject.key, subject.facets(self.follower.index))
            metrics.TOPICS.set(len(self.topics))
        watcher = Watcher(seat, id_)
        topic.watchers[(seat.number, id_)] = watcher
        seat.subscriptions[id_] = topic
        metrics.subscriptions(subject.kind).inc()
        if topic.version and topic not in self._dirty and topic not in self._loading:
            watcher.send_state(topic)
        else:
            self._touch(topic)

    def unwatch(self, seat: Seat, id_: str) -> None:
        """End a subscription; what still waits for it is not sent."""
        topic = seat.subscriptions.pop(id_, None)
        if topic is None:
            return
        seat.outlet.forget(id_)
        watcher = topic.watchers.pop((seat.number, id_), None)
        if watcher is not None:
            watcher.over = True
        metrics.subscriptions(topic.subject.kind).dec()
        if not topic.watchers:
            self._drop(topic)

    def _drop(self, topic: Topic) -> None:
        self.topics.pop(topic.subject.key, None)
        self._facets.remove(topic.subject.key)
        self._dirty.pop(topic, None)
        task = self._loading.pop(topic, None)
        if task is not None:
            task.cancel()
        metrics.TOPICS.set(len(self.topics))

    # ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────

    def on_batch(self, batch: Batch) -> None:
        """The index has applied `batch`. Called on the event loop; does not block."""
        if batch.reloaded:
            # Anything may have changed, and which events were missed is not known: everybody gets the state anew.
            for topic in list(self.topics.values()):
                self._facets.put(topic.subject.key, topic.subject.facets(self.follower.index))
                self._touch(topic)
            return
        for key in self.follower.index.affected(batch, self._facets):
            topic = self.topics[key]
            if batch.structure:
                self._facets.put(key, topic.subject.facets(self.follower.index))
            self._touch(topic)
        if batch.structure:
            self._restructure({facet.name for facet in batch.structure})
        if not self.seats:
            return
        self.announcer.take(batch)
        self._recheck(batch)

    def _restructure(self, names: set[str]) -> None:
        for key, topic in self.topics.items():
            if not names.isdisjoint(topic.subject.structure):
                self._facets.put(key, topic.subject.facets(self.follower.index))
                self._touch(topic)

    def _recheck(self, batch: Batch) -> None:
        """Look again at what sockets may see, where the batch can have changed it."""
        if any(facet.name in RIGHTS_STRUCTURE for facet in batch.structure):
            for seats in self.seats.values():
                for seat in seats:
                    if seat.rests_on_structure():
                        seat.recheck()
        # `access` names the person in ref_id: it is no fact that audiences know.
        touched = {
            change.ref_id if change.facet == "access" else change.learner_id
            for change in batch.changes
            if change.facet in RIGHTS
        }
        for actor_id in self.seats.keys() & touched:
            for seat in self.seats[actor_id]:
                seat.recheck()

    # ── states ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _touch(self, topic: Topic) -> None:
        self._dirty[topic] = None
        self._wake.set()

    async def _compute(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.follower.loaded.wait()
            turn = Turn()
            again: list[Topic] = []
            while self._dirty:
                topic = next(iter(self._dirty))
                del self._dirty[topic]
                if topic in self._loading:
                    again.append(topic)
                elif topic.subject.load is None and not topic.long:
                    self._evaluate(topic)
                else:
                    self._begin(topic)
                await turn.give()
            for topic in again:
                # Its load finishes first; then it is looked at once more.
                self._dirty[topic] = None

    def _begin(self, topic: Topic) -> None:
        self._loading[topic] = asyncio.create_task(self._load(topic), name="live load")

    def _evaluate(self, topic: Topic) -> None:
        index = self.follower.index
        started = time.perf_counter()
        try:
            value = _at_once(topic.subject, index)
        except TooLong:
            topic.long = True
            self._begin(topic)
            return
        except Exception as error:  # noqa: BLE001 - one topic's failure is not the others'
            value = self._failed(topic, error)
        taken = time.perf_counter() - started
        metrics.EVALUATION.observe(taken)
        if taken > SLOW_SECONDS:
            metrics.SLOW.inc()
        self._deliver(topic, value, index.position)

    async def _load(self, topic: Topic) -> None:
        index = self.follower.index
        position = index.position
        try:
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

    def _failed(self, topic: Topic, error: Exception) -> FrameProblem:
        if isinstance(error, Unanswerable):
            topic.ended = isinstance(error, Ended)
            return error.problem
        _log.error("a live state failed", kind=topic.subject.kind, exc_info=error)
        return FrameProblem(
            type="internal",
            title="Something went wrong on our side",
            status=500,
            detail="This cannot be shown at the moment.",
            errors=[],
        )

    def _deliver(self, topic: Topic, value: Any, position: int) -> None:
        topic.take(value, position, clock.now())
        self._hand_out(topic)
        if topic.subject.every is not None:
            topic.due = time.monotonic() + topic.subject.every(value)
        if topic.ended:
            # The frame that says so still waits for its turn, so nothing is forgotten.
            for watcher in topic.watchers.values():
                watcher.over = True
                watcher.seat.subscriptions.pop(watcher.id, None)
                metrics.subscriptions(topic.subject.kind).dec()
            topic.watchers.clear()
            self._drop(topic)

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

    # ── events and time ──────────────────────────────────────────────────────────────────────────────────────────

    async def _tick(self) -> None:
        await self.follower.loaded.wait()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            today = clock.today(self.follower.index.timezone)
            new_day = self._day is not None and today != self._day
            self._day = today
            now = time.monotonic()
            for topic in self.topics.values():
                if (new_day and topic.subject.daily) or now >= topic.due:
                    # Set again once it has been looked at.
                    topic.due = math.inf
                    self._touch(topic)
            self.announcer.tell_catalogs()
            self._recheck_some()

    def _recheck_some(self) -> None:
        """Look at a share of the sockets again, so that each has its turn within `RECHECK_SECONDS`."""
        turns = int(RECHECK_SECONDS / TICK_SECONDS)
        self._turn = (self._turn + 1) % turns
        for seats in self.seats.values():
            for seat in seats:
                if seat.number % turns == self._turn:
                    seat.recheck()


def _at_once(subject: Subject, index: FacetIndex) -> Any:
    if subject.steps is not None:
        steps = subject.steps
        return index.at_once(lambda: steps(index))
    return None if subject.state is None else subject.state(index)


def _located_steps(subject: Subject, index: FacetIndex) -> Steps[tuple[Any, int]]:
    """The state and the position it is true at."""
    assert subject.steps is not None  # noqa: S101 - only these take long
    value = yield from subject.steps(index)
    return value, index.position


async def _supervised(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `work` for ever, whatever happens in it."""
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 - whatever it was, the others go on
            _log.exception("a task of the hub failed", task=work.__name__)
            await asyncio.sleep(TICK_SECONDS)
