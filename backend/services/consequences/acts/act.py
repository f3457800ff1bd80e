"""What every act says of itself that can be asked about. An act is one module beside this one, and a line in the registry."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from backend.index import Follower
from backend.services.access.actor import Actor
from backend.services.consequences.world import SupposedWorld

C = TypeVar("C", bound=msgspec.Struct)
# What the checks of an act find out that supposing it needs: ids for external ids, a rule resolved.
F = TypeVar("F")


class Summary(msgspec.Struct, frozen=True):
    """What a run tells of the act behind it: its name on the wire, and ids, counts and texts. `summaries.tell` says it to a reader."""

    act: str
    values: dict[str, Any] = {}


class Act(ABC, Generic[C, F]):
    """One kind of act: who may do it, what follows at once from it, and how it is done."""

    # The form in which it is asked about.
    change: ClassVar[type[msgspec.Struct]]

    @abstractmethod
    async def permit(self, actor: Actor, follower: Follower, change: C) -> F:
        """The very checks of doing it. Raises `NotFound`, `Forbidden`, `Invalid` or `Conflict` as doing it would."""

    @abstractmethod
    async def suppose(self, world: SupposedWorld, actor: Actor, change: C, found: F) -> None:
        """Let the facts hold that doing it would write, and who enters and leaves by the act itself."""

    @abstractmethod
    async def write(self, actor: Actor, follower: Follower, change: C) -> object:
        """Do it, in the caller's transaction; the answer of doing it alone. It has been confirmed: what it breaks freezes."""

    @abstractmethod
    def summary(self, change: C) -> Summary:
        """What the run tells of it."""

    def summary_of(self, change: C, found: F) -> Summary:
        """The same with what its checks found out."""
        return self.summary(change)
