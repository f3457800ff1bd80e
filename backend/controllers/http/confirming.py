"""`If-Consequences`: a write that is done as it was shown, or not at all."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from litestar import Request, Response
from litestar.di import NamedDependency

from backend.index import Follower
from backend.schemas.consequence_acts import Change
from backend.services.access.actor import Actor
from backend.services.consequences.consequences import ConsequenceEngine, confirmed
from backend.services.errors import Invalid
from backend.words import Message

T = TypeVar("T")
C = TypeVar("C", bound=Change)
# A hash in hexadecimal, with room.
LONGEST = 200

CurrentEngine = NamedDependency[ConsequenceEngine]


def run_header(run_id: int | None) -> dict[str, str]:
    """The run of what was done; none where nothing changed."""
    return {} if run_id is None else {"Run": str(run_id)}


class Confirmation:
    """What the request says in `If-Consequences`, and what it is confirmed with."""

    def __init__(self, seen: str | None, engine: ConsequenceEngine, actor: Actor) -> None:
        self.seen = seen
        self._engine = engine
        self._actor = actor

    @property
    def given(self) -> bool:
        """Whether somebody has seen the consequences: what others use is deleted then, too."""
        return self.seen is not None

    async def carry_out(
        self,
        change: Callable[[], Change],
        write: Callable[[Follower], Awaitable[T]],
        status: int | None = None,
    ) -> Response[T]:
        """The answer of the write; where its consequences were seen, only if they are still the same, and its run is in `Run`."""
        if self.seen is None:
            return Response(await write(self._engine.follower), status_code=status)
        done = await confirmed(self._actor, self._engine, [change()], self.seen, write)
        (answer,) = done.answers
        return Response(answer, status_code=status, headers=run_header(done.run_id))


IfConsequences = NamedDependency[Confirmation]


def provide_confirmation(
    request: Request[Any, Any, Any], engine: CurrentEngine, actor: NamedDependency[Actor]
) -> Confirmation:
    """The hash in `If-Consequences`, if there is one."""
    given = request.headers.get("if-consequences")
    seen = None if given is None else given.strip().removeprefix("W/").strip('"')
    if seen is not None and not 0 < len(seen) <= LONGEST:
        raise Invalid.at(
            "If-Consequences",
            "hash",
            Message("If-Consequences is the hash of the consequences that were shown."),
        )
    return Confirmation(seen, engine, actor)


def act(kind: Callable[..., Change], data: Any, **named: int) -> Callable[[], Change]:
    """The change that a write of this body asks for: the same as is asked about."""
    return lambda: kind(**{name: getattr(data, name) for name in data.__struct_fields__}, **named)
