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

from backend.index import Batch, Follower, PredicateIndex
from backend.live.announcements import Announcer
from backend.live.connection import Connection
from backend.live.editors import Editors
from backend.live.states import States
from backend.live.time_slices import SingleFlight
from backend.live.topics import ANYTHING, Subject, Topic, Watcher
from backend.runtime import clock, websocket_metrics

# How finely topics that time alters are looked at.
TICK_SECONDS = 0.25
# What almost everything alters is looked at so long after the first change, for all that have come until then.
GATHERING_SECONDS = 0.5
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
        self.connections: dict[int, set[Connection]] = defaultdict(set)
        self._facets: PredicateIndex[Any] = PredicateIndex()
        # Those of which names alone say what alters them.
        self._by_name: set[Topic] = set()
        self._states = States(follower, self._facets, self._let_go)
        self.asking = asyncio.Semaphore(ASKING_AT_ONCE)
        self.catch_up = SingleFlight(self._catch_up)
        self.announcer = Announcer(follower, self.topics)
        self.editors = Editors()
        self.editors.on_change = self._editors_changed
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
            for work in (
                self._states.compute,
                self.announcer.tell_events,
                self.announcer.tell_places,
                self._tick,
            )
        ]

    async def stop(self) -> None:
        """End; sockets are told to come back."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        for connection in [
            connection for connections in self.connections.values() for connection in connections
        ]:
            connection.leave()
        tasks = [*self._tasks, *self._states.tasks()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _catch_up(self) -> None:
        await self.follower.catch_up()

    # ── sockets ──────────────────────────────────────────────────────────────────────────────────────────────────

    def add_connection(self, connection: Connection) -> None:
        """A socket has come."""
        self.connections[connection.actor_id].add(connection)
        websocket_metrics.SOCKETS.inc()

    def remove_connection(self, connection: Connection) -> None:
        """A socket has gone."""
        connections = self.connections[connection.actor_id]
        connections.discard(connection)
        if not connections:
            del self.connections[connection.actor_id]
        for id_ in list(connection.subscriptions):
            self.unwatch(connection, id_)
        websocket_metrics.SOCKETS.dec()

    def watch(self, connection: Connection, id_: str, subject: Subject, *, asked: bool = True) -> None:
        """Let `connection` follow `subject` under `id_`, in the place of what it followed under it before.

        Whoever `asked` is answered with the state, also when it is the same subject again.
        """
        current = connection.subscriptions.get(id_)
        if current is not None and current.subject.key == subject.key:
            if asked:
                current.answer(connection, id_)
            return
        self.unwatch(connection, id_)
        topic = self.topics.get(subject.key)
        if topic is None:
            topic = self.topics[subject.key] = Topic(subject)
            if subject.altered_by:
                self._by_name.add(topic)
            websocket_metrics.TOPICS.set(len(self.topics))
        watcher = Watcher(connection, id_)
        topic.watchers[(connection.number, id_)] = watcher
        connection.subscriptions[id_] = topic
        if subject.editors_of is not None and subject.editing:
            self.editors.join(subject.editors_of, connection.actor_id)
        websocket_metrics.subscriptions(subject.kind).inc()
        if topic.version and not self._states.is_awaited(topic):
            watcher.send_state(topic)
        else:
            self._states.touch(topic)

    def unwatch(self, connection: Connection, id_: str) -> None:
        """End a subscription; what still waits for it is not sent."""
        topic = connection.subscriptions.pop(id_, None)
        if topic is None:
            return
        connection.send_queue.forget(id_)
        watcher = topic.watchers.pop((connection.number, id_), None)
        if watcher is not None:
            watcher.over = True
            self._ends_editing(topic, connection)
        websocket_metrics.subscriptions(topic.subject.kind).dec()
        if not topic.watchers:
            self._drop(topic)

    def _drop(self, topic: Topic) -> None:
        self.topics.pop(topic.subject.key, None)
        self._by_name.discard(topic)
        self._facets.remove(topic.subject.key)
        self._states.forget(topic)
        websocket_metrics.TOPICS.set(len(self.topics))

    def _let_go(self, topic: Topic) -> None:
        """What the topic is about is gone. The frame that says so still waits for its turn, so nothing is forgotten."""
        for watcher in topic.watchers.values():
            watcher.over = True
            self._ends_editing(topic, watcher.connection)
            watcher.connection.subscriptions.pop(watcher.id, None)
            websocket_metrics.subscriptions(topic.subject.kind).dec()
        topic.watchers.clear()
        self._drop(topic)

    def _ends_editing(self, topic: Topic, connection: Connection) -> None:
        subject = topic.subject
        if subject.editors_of is not None and subject.editing:
            self.editors.leave(subject.editors_of, connection.actor_id)

    def _editors_changed(self, method_ids: frozenset[int]) -> None:
        for topic in self.topics.values():
            if topic.subject.editors_of in method_ids:
                self._states.touch(topic)

    # ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────

    def on_batch(self, batch: Batch) -> None:
        """The index has applied `batch`. Called on the event loop; does not block."""
        if batch.reloaded:
            # Anything may have changed, and which events were missed is not known: everybody gets the state anew.
            for topic in self.topics.values():
                topic.facets_due = True
                self._states.touch(topic)
            return
        for key in self.follower.index.affected(batch, self._facets):
            topic = self.topics[key]
            topic.facets_due = topic.facets_due or bool(batch.structure)
            self._states.touch(topic)
        self._look_soon(batch)
        if batch.structure:
            self._restructure({facet.name for facet in batch.structure})
        if not self.connections:
            return
        self.announcer.take(batch)
        self._recheck(batch)

    def _look_soon(self, batch: Batch) -> None:
        """Have those looked at that names alone say are altered, once more of it has come."""
        if not self._by_name:
            return
        names = {facet.name for facet in (*batch.facets, *batch.structure)}
        soon = time.monotonic() + GATHERING_SECONDS
        for topic in self._by_name:
            altered_by = topic.subject.altered_by
            if names and (altered_by is ANYTHING or not names.isdisjoint(altered_by)):
                topic.due = min(topic.due, soon)

    def _restructure(self, names: set[str]) -> None:
        for topic in self.topics.values():
            if not names.isdisjoint(topic.subject.structure):
                topic.facets_due = True
                self._states.touch(topic)

    def _recheck(self, batch: Batch) -> None:
        """Look again at what sockets may see, where the batch can have changed it."""
        if any(facet.name in RIGHTS_STRUCTURE for facet in batch.structure):
            for connections in self.connections.values():
                for connection in connections:
                    if connection.rests_on_structure():
                        connection.recheck()
        # `access` names the person in ref_id: it is no fact that audiences know.
        touched = {
            change.ref_id if change.facet == "access" else change.learner_id
            for change in batch.changes
            if change.facet in RIGHTS
        }
        for actor_id in self.connections.keys() & touched:
            for connection in self.connections[actor_id]:
                connection.recheck()

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
        for connections in self.connections.values():
            for connection in connections:
                if connection.number % turns == self._turn:
                    connection.recheck()


async def _supervised(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `work` for ever, whatever happens in it."""
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 - whatever it was, the others go on
            _log.exception("a task of the hub failed", task=work.__name__)
            await asyncio.sleep(TICK_SECONDS)
