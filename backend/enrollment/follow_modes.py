"""How a dynamic method follows its audience: both ways, only in, only out, between two instants, and whether who left comes back.

See docs/decisions/0058-how-a-method-follows-its-audience.md.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

from pyroaring import BitMap

from backend.enrollment.method_kinds.kind import UnusedPart
from backend.words import Message

Follow = Literal["both", "enter", "leave"]
Reenter = Literal["always", "never", "after_days"]

# What a method that follows nothing has; who asks for something else asks for what would be ignored.
PLAIN: dict[str, Any] = {
    "follow": "both",
    "reenter": "always",
    "reenter_days": None,
    "starts_at": None,
    "ends_at": None,
}


class Following(Protocol):
    """A method, as far as it says how it follows."""

    @property
    def follow(self) -> Follow: ...
    @property
    def reenter(self) -> Reenter: ...
    @property
    def reenter_days(self) -> int | None: ...
    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def ends_at(self) -> datetime | None: ...


class SourceHolders(NamedTuple):
    """Who holds the method's source, of them whom the question is about; who waits for it; who left and may not come back yet."""

    by_it: BitMap
    waiting: BitMap
    left: BitMap


def is_plain(method: Following) -> bool:
    """Whether it holds exactly its audience, at all times."""
    return (method.follow, method.reenter, method.starts_at, method.ends_at) == (
        "both",
        "always",
        None,
        None,
    )


def is_running(method: Following, now: datetime) -> bool:
    """Whether it has started, and not ended: before and after that its audience is nobody."""
    return (method.starts_at is None or method.starts_at <= now) and (
        method.ends_at is None or now < method.ends_at
    )


def held_once_confirmed(method: Following, audience: BitMap, held: SourceHolders, now: datetime) -> BitMap:
    """Whom the method should hold once a person has confirmed it. The audience is not changed."""
    if is_plain(method):
        return audience
    wanted = audience if is_running(method, now) else BitMap()
    if method.reenter != "always":
        wanted = wanted - (held.left - held.by_it)
    return wanted | held.by_it if method.follow == "enter" else wanted


def followed(method: Following, audience: BitMap, held: SourceHolders, now: datetime) -> BitMap:
    """Whom it should hold as facts and time go on: where it only lets go, nobody but those it has or who wait for it."""
    wanted = held_once_confirmed(method, audience, held, now)
    return wanted & (held.by_it | held.waiting) if method.follow == "leave" else wanted


def mistakes(method: Following, *, dynamic: bool) -> Iterator[UnusedPart]:
    """What of it does not fit together."""
    if not dynamic:
        message = Message("Only a method that follows changes has this: make it dynamic, or leave it out.")
        yield from (
            UnusedPart(name, "not_dynamic", message)
            for name, plain in PLAIN.items()
            if getattr(method, name) != plain
        )
        return
    if method.reenter == "after_days" and method.reenter_days is None:
        yield UnusedPart("reenter_days", "required", Message("Say after how many days they may come back."))
    if method.reenter != "after_days" and method.reenter_days is not None:
        message = Message("Days belong to “after_days”: leave them out.")
        yield UnusedPart("reenter_days", "unused", message)
    if method.reenter != "always" and method.follow == "enter":
        message = Message("Nobody leaves a method that only enters: leave this out.")
        yield UnusedPart("reenter", "unused", message)
    if method.reenter != "always" and method.follow == "leave":
        message = Message("Nobody comes back to a method that only lets go: leave this out.")
        yield UnusedPart("reenter", "unused", message)
    if method.starts_at is not None and method.ends_at is not None and method.ends_at <= method.starts_at:
        yield UnusedPart("ends_at", "order", Message("It has to end after it starts."))
