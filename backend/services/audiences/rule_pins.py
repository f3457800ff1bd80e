"""Pins: people who must be in a rule, or out of it. What a rule that is planned or saved would do with them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from asyncpg import Record
from pyroaring import BitMap

from backend.database import fetch
from backend.index import BrokenRule, FacetIndex
from backend.rules import Rule
from backend.runtime import clock
from backend.schemas.enrollment.rule_pins import PinnedPerson
from backend.schemas.people import Person
from backend.services.audiences import statements
from backend.services.errors import Conflict
from backend.words import Message, joined

# Of one rule: so many are read through before a plan is confirmed, and each is looked at whenever a fact of theirs changes.
MOST_PINS = 50


class PinRow(msgspec.Struct, frozen=True):
    """A stored pin with the name of its person."""

    id: int
    method_id: int | None
    segment_id: int | None
    learner: Person
    expected: Literal["in", "out"]
    note: str
    by_id: int | None
    at: datetime
    broken_since: datetime | None
    broken_by: Any

    @property
    def learner_id(self) -> int:
        """Whose it is."""
        return self.learner.id

    def holds_in(self, audience: BitMap) -> bool:
        """Whether such an audience does with the person what is expected."""
        return (self.learner_id in audience) == (self.expected == "in")

    def told(self) -> PinnedPerson:
        """For somebody who may see the person."""
        return PinnedPerson(learner=self.learner, expected=self.expected, note=self.note)


class BrokenPins(Conflict):
    """The rule would put pinned people elsewhere than is expected, and nobody has accepted that."""

    type, title = "broken_pins", Message("Pinned people would not be where they must be")

    def __init__(self, pins: Sequence[PinRow]) -> None:
        super().__init__(
            Message(
                "Pinned people would not be where they must be: {people}. Change the rule or the pins, or say that it is meant (accept_broken_pins).",
                people=pinned_names(pins),
            ),
            extra={"broken_pins": [pin.told() for pin in pins]},
        )


async def pins_of(*, method_id: int | None = None, segment_id: int | None = None) -> list[PinRow]:
    """The pins of a method or a segment, by name."""
    return [pin_row(row) for row in await fetch(statements.PINS, method_id, segment_id)]


async def pins_of_methods(method_ids: Iterable[int]) -> list[PinRow]:
    """The pins of methods that have one rule together, by name: of each person one, and one that is broken before others."""
    found: dict[int, PinRow] = {}
    for row in await fetch(statements.PINS_OF_METHODS, sorted(method_ids)):
        found.setdefault(row["learner_id"], pin_row(row))
    return list(found.values())


def pin_row(row: Record) -> PinRow:
    """A row of a pin joined with its person."""
    names = ("id", "method_id", "segment_id", "expected", "note", "by_id", "at", "broken_since", "broken_by")
    learner = Person(
        id=row["learner_id"], email=row["email"], first_name=row["first_name"], last_name=row["last_name"]
    )
    return PinRow(learner=learner, **{name: row[name] for name in names})


async def broken_pins(index: FacetIndex, rule: Rule, pins: Sequence[PinRow]) -> list[PinRow]:
    """Those of the pins that a rule, which is resolved, breaks now. Raises `BrokenRule`."""
    if not pins:
        return []
    asked = BitMap(pin.learner_id for pin in pins)
    today = clock.today(index.timezone)
    audience = await index.sliced(lambda: index.evaluate_steps(rule, today, only=asked))
    return [pin for pin in pins if not pin.holds_in(audience)]


async def refuse_broken(index: FacetIndex, rule: Rule, *, segment_id: int, accepted: bool) -> None:
    """Raises `BrokenPins` where a rule for the segment breaks some that nobody has accepted."""
    if accepted:
        return
    try:
        broken = await broken_pins(index, rule, await pins_of(segment_id=segment_id))
    except BrokenRule:
        # What cannot be evaluated puts nobody anywhere.
        return
    if broken:
        raise BrokenPins(broken)


# More names than these are counted.
_NAMED = 5
MUST_BE_IN = Message("{name} must be in")
MUST_BE_OUT = Message("{name} must be out")
MORE = Message("{count} more")


def pinned_names(pins: Iterable[PinRow]) -> Message:
    """“Ana Lopez must be in, Bo Lind must be out”."""
    told = list(pins)
    said = [
        (MUST_BE_IN if pin.expected == "in" else MUST_BE_OUT).fill(name=pin.learner.full_name)
        for pin in told[:_NAMED]
    ]
    if len(told) > _NAMED:
        said.append(MORE.fill(count=len(told) - _NAMED))
    return joined(", ", said)
