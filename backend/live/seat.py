"""A socket's place in the hub: who sits there, what they follow, and how their rights are looked at again."""

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from backend.live.connection import Outlet
from backend.schemas.live import CLOSE_GOING_AWAY

if TYPE_CHECKING:
    from backend.live.topics import Topic

_numbers = itertools.count(1)


class Seat:
    """One socket. `recheck` is called on the event loop and must not block."""

    __slots__ = ("actor_id", "is_admin", "number", "outlet", "recheck", "subscriptions")

    def __init__(self, actor_id: int, outlet: Outlet, recheck: Callable[[], None], *, is_admin: bool) -> None:
        self.number = next(_numbers)
        self.actor_id = actor_id
        self.is_admin = is_admin
        self.outlet = outlet
        self.recheck = recheck
        self.subscriptions: dict[str, Topic] = {}

    def leave(self) -> None:
        """The process ends: the client reconnects elsewhere."""
        self.outlet.close(CLOSE_GOING_AWAY, "going away")

    def rests_on_structure(self) -> bool:
        """Whether groups and sessions decide what is shown here: not to admins, and not of one's own."""
        return not self.is_admin and any(topic.subject.kind != "me" for topic in self.subscriptions.values())
