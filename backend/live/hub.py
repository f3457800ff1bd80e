"""The hub: one a process. Knows who follows what, and has looked at again what a batch or time can have altered.

Batches that arrive meanwhile are coalesced: the latest state wins. Events are never coalesced.
"""

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from datetime import date
from typing import Any

import structlog

from backend import clock
from backend.index import Batch, Follower, PredicateIndex
from backend.live import metrics
from backend.live.announcing import Announcer
from backend.live.seat import Seat
from backend.live.states import States
from backend.live.topics import Subject, Topic, Watcher
from backend.live.turns import Together

# How finely topics that time alters are looked at.
TICK_SECONDS = 0.25
# Facts that change what somebody may see.
RIGHTS = frozenset({"access", "membership", "status", "manager"})
RIGHTS_STRUCTURE = frozenset({"session", "learner_group", "organisation"})
# Every socket is looked at again this often whatever happens: sign-ins also end by time.
RECHECK_SECONDS = 60.0
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
        self._states = States(follower, self._let_go)
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
            for work in (self._states.compute, self.announcer.tell_events, self._tick)
        ]

    async def stop(self) -> None:
        """End; sockets are told to come back."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        for seat in [seat for seats in self.seats.values() for seat in seats]:
            seat.leave()
        tasks = [*self._tasks, *self._states.tasks()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _catch_up(self) -> None:
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
        if topic.version and not self._states.is_awaited(topic):
            watcher.send_state(topic)
        else:
            self._states.touch(topic)

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
        self._states.forget(topic)
        metrics.TOPICS.set(len(self.topics))

    def _let_go(self, topic: Topic) -> None:
        """What the topic is about is gone. The frame that says so still waits for its turn, so nothing is forgotten."""
        for watcher in topic.watchers.values():
            watcher.over = True
            watcher.seat.subscriptions.pop(watcher.id, None)
            metrics.subscriptions(topic.subject.kind).dec()
        topic.watchers.clear()
        self._drop(topic)

    # ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────

    def on_batch(self, batch: Batch) -> None:
        """The index has applied `batch`. Called on the event loop; does not block."""
        if batch.reloaded:
            # Anything may have changed, and which events were missed is not known: everybody gets the state anew.
            for topic in list(self.topics.values()):
                self._facets.put(topic.subject.key, topic.subject.facets(self.follower.index))
                self._states.touch(topic)
            return
        for key in self.follower.index.affected(batch, self._facets):
            topic = self.topics[key]
            if batch.structure:
                self._facets.put(key, topic.subject.facets(self.follower.index))
            self._states.touch(topic)
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
                self._states.touch(topic)

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
                    self._states.touch(topic)
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


async def _supervised(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `work` for ever, whatever happens in it."""
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 - whatever it was, the others go on
            _log.exception("a task of the hub failed", task=work.__name__)
            await asyncio.sleep(TICK_SECONDS)
