"""What sockets follow: how its state comes about, what can alter it, and the latest state, encoded once for all."""

import math
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from backend.index import FacetIndex
from backend.index.steps import Steps
from backend.live.connection import Connection
from backend.rules import Facet
from backend.runtime.websocket_protocol import text_frame
from backend.schemas.live.frames import FrameProblem, encode
from backend.words import LANGUAGES

Kind = Literal[
    "preview", "session", "method", "editors", "run", "import", "learner", "me", "course_groups", "list"
]

# Most sockets choose the same id for the same thing: their frames are the same bytes. Of other ids, so many are kept.
IDS_REMEMBERED = 16

NOTHING: frozenset[Facet] = frozenset()
# In the place of names of facts: whatever it is.
ANYTHING = frozenset({"*"})


def no_facets(_: FacetIndex) -> Steps[frozenset[Facet]]:
    """For what no fact alters."""
    yield
    return NOTHING


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a topic is about; equal keys share one topic. Exactly one of `state`, `steps` and `load` is given.

    `state` is told from the index at once, `steps` in slices where it takes longer; `load` asks the database. Each may raise `Ended` (the
    thing is gone) or `Unanswerable` (it cannot be told now: the problem is sent in the state's place).
    """

    key: Hashable
    kind: Kind
    state: Callable[[FacetIndex], Any] | None = None
    steps: Callable[[FacetIndex], Steps[Any]] | None = None
    load: Callable[[FacetIndex], Awaitable[Any]] | None = None
    # Facts, and tables of structure, that can alter it.
    facets: Callable[[FacetIndex], Steps[frozenset[Facet]]] = no_facets
    structure: frozenset[str] = frozenset()
    # Names of facts and of tables of structure that alter it, whomever and whatever they are about. So much does that it is looked at
    # once in a while, not after every batch.
    altered_by: frozenset[str] = frozenset()
    # Altered by time: at the organisation's midnight, or looked at again after so many seconds, given its state.
    daily: bool = False
    every: Callable[[Any], float] | None = None
    # Whose events belong to it.
    session_id: int | None = None
    learner_id: int | None = None
    # The method whose editors it tells, and whether its followers are among them.
    editors_of: int | None = None
    editing: bool = False


class Unanswerable(Exception):
    """The state cannot be told; carries what is sent instead."""

    def __init__(self, problem: FrameProblem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class Ended(Unanswerable):
    """What the topic is about is gone: subscribers are told and let go."""


@dataclass(eq=False, slots=True)
class Watcher:
    """One subscription of one socket."""

    connection: Connection
    id: str
    # The version of the state it was sent last, and the log position of its first state.
    version: int = 0
    since: int = -1
    # Whether the subscription has ended: what is on its way to it is not sent.
    over: bool = False

    def send_state(self, topic: "Topic") -> None:
        """Send the topic's latest state unless it has it."""
        if self.version == topic.version:
            return
        self.version = topic.version
        if self.since < 0:
            self.since = topic.position
        self.connection.send_queue.put_latest(self.id, topic.frame(self.id, self.connection.language))

    def send_events(self, frames: "Frames", topic: "Topic") -> None:
        """Send event frames, and the topic's latest state with them unless it has it or is still waiting for another."""
        if self.version and self.version != topic.version and self.connection.send_queue.is_free:
            self.version = topic.version
            self.connection.send_queue.put(
                frames.of(self.id) + topic.frame(self.id, self.connection.language)
            )
        else:
            self.connection.send_queue.put(frames.of(self.id))


class Topic:
    """A subject with its followers and its latest state."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.watchers: dict[tuple[int, str], Watcher] = {}
        self.version = 0
        self.position = 0
        self.due = math.inf
        self.ended = False
        # Which facts can alter it is to be told anew, before its state is.
        self.facets_due = True
        # It took longer than one slice lately: the next time is begun as a task at once.
        self.long = False
        self._value: Any = None
        self._frames: dict[str, Frames] = {}

    def take(self, value: Any, position: int, at: datetime) -> bool:
        """A new state, true at `position`; False when it is equal to the latest."""
        if self.version and value == self._value and type(value) is type(self._value):
            return False
        self._value = value
        self.position = position
        self.version += 1
        if isinstance(value, FrameProblem):
            # Many follow this in several languages; a state of several languages is several subjects.
            self._frames = {
                language: Frames([("error", f'"problem":{encode(value.render(language)).decode()}}}')])
                for language in LANGUAGES
            }
        else:
            type_ = _TYPES.get(self.subject.kind, "state")
            frames = Frames([(type_, _tail(self.subject.kind, value, position, at))])
            self._frames = dict.fromkeys(LANGUAGES, frames)
        return True

    def frame(self, id_: str, language: str) -> bytes:
        """The frame of the latest state for one subscription."""
        return self._frames[language].of(id_)

    def answer(self, connection: Connection, id_: str) -> None:
        """Send one subscription the latest state, whether or not it has it; without one, the first is on its way."""
        watcher = self.watchers[connection.number, id_]
        if watcher.version:
            watcher.version = 0
            watcher.send_state(self)


class Frames:
    """Frames in a row that differ only in the subscription's id; each is encoded once for all who chose the same."""

    def __init__(self, parts: Iterable[tuple[str, str]]) -> None:
        # The type, and what follows the id.
        self._parts = list(parts)
        self._of: dict[str, bytes] = {}

    def of(self, id_: str) -> bytes:
        """The frames for the subscription `id_`."""
        found = self._of.get(id_)
        if found is None:
            quoted = msgspec.json.encode(id_).decode()
            found = b"".join(
                text_frame(f'{{"type":"{type_}","id":{quoted},{tail}') for type_, tail in self._parts
            )
            if len(self._of) < IDS_REMEMBERED:
                self._of[id_] = found
        return found


_TYPES = {"preview": "counts"}


def _tail(kind: Kind, value: Any, position: int, at: datetime) -> str:
    body = encode(value).decode()
    if kind == "preview":
        return f'"position":{position},"as_of":{encode(at).decode()},{body[1:]}'
    if kind == "session":
        body = f'{body[:-1]},"position":{position}}}'
    return f'"position":{position},"data":{body}}}'
