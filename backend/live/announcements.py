"""What happened, told to those who follow it: events of sessions, and hints that something of a person has changed."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from pyroaring import BitMap

from backend.index import Batch, Follower
from backend.live.connection import ReasonSource
from backend.live.events import something_changed, tell
from backend.live.places import touched_sessions, who_sees
from backend.live.time_slices import in_slices
from backend.live.topics import Frames, Topic
from backend.live.transitions import Transition, transitions
from backend.runtime import clock

# Batches whose events wait to be named; beyond that clients are better served by fresh state.
WAITING_MOST = 1_000
# Places go in bursts where there are few: what happens within this time is told at once.
PLACES_SECONDS = 0.5
# Facts of a learner that change their catalog.
CATALOG = frozenset({"result", "award", "membership", "source", "blocked", "enrollment", "exclusion"})
CATALOG_STRUCTURE = frozenset({"session", "activity", "step", "enrollment_method"})

_log = structlog.get_logger("muster.live")


class Announcer:
    """Turns batches into events, in order; names are asked of the database outside the index's way."""

    def __init__(self, follower: Follower, topics: Mapping[Any, Topic]) -> None:
        self._follower = follower
        self._topics = topics
        self._waiting: asyncio.Queue[tuple[int, dict[int, list[Transition]]]] = asyncio.Queue(WAITING_MOST)
        self._catalogs_changed = 0
        # Sessions whose places, or who waits for one, are others since they were told; with the position of the log.
        self._places: dict[int, int] = {}
        self._places_changed = asyncio.Event()

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
        self._take_places(batch)

    async def tell_events(self) -> None:
        """Send what waits, for ever."""
        while True:
            position, found = await self._waiting.get()
            sessions = self._by_session()
            followed = {session: made for session, made in found.items() if session in sessions}
            for session, told in (await tell(position, followed)).items():
                topic = sessions[session]
                watchers = [w for w in topic.watchers.values() if 0 <= w.since < position]
                frames: dict[ReasonSource, Frames] = {}
                async for watcher in in_slices(watchers):
                    reader = watcher.connection.reader
                    if reader not in frames:
                        index = self._follower.index
                        frames[reader] = Frames(("event", one.body(index, reader)) for one in told)
                    watcher.send_events(frames[reader], topic)

    async def tell_places(self) -> None:
        """Tell learners of sessions in their catalog whose places have been taken or become free, for ever."""
        while True:
            await self._places_changed.wait()
            await asyncio.sleep(PLACES_SECONDS)
            self._places_changed.clear()
            places, self._places = self._places, {}
            mine = [one for one in self._about_learners() if one[1].subject.kind == "me"]
            if not mine:
                continue
            try:
                people = await who_sees(self._follower.index, places.keys(), {one for one, _ in mine})
            except Exception:
                # What was not told is told with what comes next.
                self._places = places | self._places
                self._places_changed.set()
                raise
            for session_id, position in places.items():
                topics = [topic for learner, topic in mine if learner in people[session_id]]
                _tell(topics, position, session_id)

    def tell_catalogs(self) -> None:
        """Tell everybody of structure that changed since the last time: once for all that one import changes."""
        if self._catalogs_changed:
            _tell([topic for _, topic in self._about_learners()], self._catalogs_changed)
            self._catalogs_changed = 0

    def _take_catalogs(self, batch: Batch) -> None:
        followed = list(self._about_learners())
        if not followed:
            return
        if any(facet.name in CATALOG_STRUCTURE for facet in batch.structure):
            self._catalogs_changed = batch.position
        # What moves a catalog; and whatever is a fact about somebody, for who looks at their page.
        catalogs, anything = BitMap(), BitMap()
        for change in batch.changes:
            people = BitMap(change.people)
            anything |= people
            if change.facet in CATALOG:
                catalogs |= people
        touched = {"me": catalogs, "learner": anything}
        _tell(
            [topic for learner_id, topic in followed if learner_id in touched[topic.subject.kind]],
            batch.position,
        )

    def _take_places(self, batch: Batch) -> None:
        for session_id in touched_sessions(self._follower.index, batch):
            self._places[session_id] = batch.position
            self._places_changed.set()

    def _by_session(self) -> dict[int, Topic]:
        subjects = ((topic.subject.session_id, topic) for topic in self._topics.values())
        return {session: topic for session, topic in subjects if session is not None}

    def _about_learners(self) -> Iterator[tuple[int, Topic]]:
        subjects = ((topic.subject.learner_id, topic) for topic in self._topics.values())
        return ((learner, topic) for learner, topic in subjects if learner is not None)


def _tell(topics: list[Topic], position: int, session_id: int | None = None) -> None:
    if topics:
        now = clock.now()
        frames = {
            "me": Frames([("event", something_changed("catalog", position, now, session_id))]),
            "learner": Frames([("event", something_changed("changed", position, now))]),
        }
        for topic in topics:
            for watcher in topic.watchers.values():
                if 0 <= watcher.since < position:
                    watcher.connection.send_queue.put(frames[topic.subject.kind].of(watcher.id))
