"""What happened, told to those who follow it: events of sessions, and hints that a catalog has changed."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from pyroaring import BitMap

from backend import clock
from backend.index import Batch, Follower
from backend.live.events import catalog_changed, tell
from backend.live.seat import Reader
from backend.live.topics import Frames, Topic
from backend.live.transitions import Transition, transitions
from backend.live.turns import in_slices

# Batches whose events wait to be named; beyond that clients are better served by fresh state.
WAITING_MOST = 1_000
# Facts of a learner that change their catalog.
CATALOG = frozenset({"result", "award", "membership", "source", "blocked", "enrollment"})
CATALOG_STRUCTURE = frozenset({"session", "activity", "step", "enrollment_method"})

_log = structlog.get_logger("muster.live")


class Announcer:
    """Turns batches into events, in order; names are asked of the database outside the index's way."""

    def __init__(self, follower: Follower, topics: Mapping[Any, Topic]) -> None:
        self._follower = follower
        self._topics = topics
        self._waiting: asyncio.Queue[tuple[int, dict[int, list[Transition]]]] = asyncio.Queue(WAITING_MOST)
        self._catalogs_changed = 0

    def take(self, batch: Batch) -> None:
        """The index has just applied `batch`."""
        sessions = self._by_session()
        found = transitions(self._follower.index, batch, sessions) if sessions else {}
        if found:
            try:
                self._waiting.put_nowait((batch.position, found))
            except asyncio.QueueFull:
                _log.warning("events skipped: the database does not keep up", position=batch.position)
        self._take_catalogs(batch)

    async def tell_events(self) -> None:
        """Send what waits, for ever."""
        while True:
            position, found = await self._waiting.get()
            sessions = self._by_session()
            followed = {session: made for session, made in found.items() if session in sessions}
            for session, told in (await tell(position, followed)).items():
                topic = sessions[session]
                watchers = [w for w in topic.watchers.values() if 0 <= w.since < position]
                frames: dict[Reader, Frames] = {}
                async for watcher in in_slices(watchers):
                    reader = watcher.seat.reader
                    if reader not in frames:
                        index = self._follower.index
                        frames[reader] = Frames(("event", one.body(index, reader)) for one in told)
                    watcher.send_events(frames[reader], topic)

    def tell_catalogs(self) -> None:
        """Tell everybody of structure that changed since the last time: once for all that one import changes."""
        if self._catalogs_changed:
            _tell_catalogs(list(self._by_learner().values()), self._catalogs_changed)
            self._catalogs_changed = 0

    def _take_catalogs(self, batch: Batch) -> None:
        mine = self._by_learner()
        if not mine:
            return
        if any(facet.name in CATALOG_STRUCTURE for facet in batch.structure):
            self._catalogs_changed = batch.position
        touched = BitMap()
        for change in batch.changes:
            if change.facet in CATALOG:
                touched |= BitMap(change.people)
        _tell_catalogs([topic for learner_id, topic in mine.items() if learner_id in touched], batch.position)

    def _by_session(self) -> dict[int, Topic]:
        subjects = ((topic.subject.session_id, topic) for topic in self._topics.values())
        return {session: topic for session, topic in subjects if session is not None}

    def _by_learner(self) -> dict[int, Topic]:
        subjects = ((topic.subject.learner_id, topic) for topic in self._topics.values())
        return {learner: topic for learner, topic in subjects if learner is not None}


def _tell_catalogs(mine: list[Topic], position: int) -> None:
    if mine:
        frames = Frames([("event", catalog_changed(position, clock.now()))])
        for topic in mine:
            for watcher in topic.watchers.values():
                if 0 <= watcher.since < position:
                    watcher.seat.outlet.put(frames.of(watcher.id))
