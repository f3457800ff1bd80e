"""A socket's place in the hub: who sits there, what they follow, and how their rights are looked at again."""

import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from backend.index import FacetIndex
from backend.live.send_queue import SendQueue
from backend.schemas.enrollment.reasons import Reason
from backend.schemas.live.frames import CLOSE_GOING_AWAY
from backend.words import spoken_language

if TYPE_CHECKING:
    from backend.live.topics import Topic

_numbers = itertools.count(1)


class ReasonSource(Protocol):
    """What of an event somebody may know; equal readers may know the same."""

    @property
    def language(self) -> str: ...
    def __hash__(self) -> int: ...
    def sees(self, index: FacetIndex, learner_id: int) -> bool: ...
    def tell(
        self,
        index: FacetIndex,
        recorded: Mapping[str, Any] | None,
        *,
        method_id: int | None,
        learner_id: int,
        by: str | None = None,
    ) -> Reason | None: ...
    def elsewhere(self, index: FacetIndex, session_id: int | None) -> Reason: ...


class Connection:
    """One socket. `recheck` is called on the event loop and must not block."""

    __slots__ = ("actor_id", "is_admin", "number", "reader", "recheck", "send_queue", "subscriptions")

    def __init__(
        self,
        actor_id: int,
        send_queue: SendQueue,
        recheck: Callable[[], None],
        reader: ReasonSource,
        *,
        is_admin: bool,
    ) -> None:
        self.number = next(_numbers)
        self.reader = reader
        self.actor_id = actor_id
        self.is_admin = is_admin
        self.send_queue = send_queue
        self.recheck = recheck
        self.subscriptions: dict[str, Topic] = {}

    @property
    def language(self) -> str:
        """The one of `LANGUAGES` in which its person reads."""
        return spoken_language(self.reader.language)

    def leave(self) -> None:
        """The process ends: the client reconnects elsewhere."""
        self.send_queue.close(CLOSE_GOING_AWAY, "going away")

    def rests_on_structure(self) -> bool:
        """Whether groups and sessions decide what is shown here: not to admins, and not of one's own."""
        return not self.is_admin and any(topic.subject.kind != "me" for topic in self.subscriptions.values())
