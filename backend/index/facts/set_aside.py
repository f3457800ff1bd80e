"""What is stored and cannot be read: set aside and told, so that one value stops nothing, and what rests on it freezes."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pyroaring import BitMap

from backend.index.facts.arrays import ID_BITS
from backend.rules import Facet, Problem
from backend.words import Message

# Of each fact or row the beginning of one value is kept.
LONGEST_SHOWN = 200
# Facts that are days: without the organisation's time zone nobody can tell which.
_DAYS = frozenset({"added", "award"})


class Unreadable(ValueError):
    """A stored value that means nothing here; the message says which and why."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


def why_unreadable(error: Exception) -> Message:
    """The reason of whatever went wrong with a stored value."""
    if isinstance(error, Unreadable):
        return error.reason
    return Message("it means nothing here ({error})", error=shown(error))


def shown(value: object) -> str:
    """The beginning of a value, within a reason."""
    return repr(value)[:LONGEST_SHOWN]


class SetAside(NamedTuple):
    """What cannot be read: of a fact, whose (`learners`); of a row of structure, nobody's.

    With `frozen`, what rests on it cannot be told. Otherwise only something about it that nobody's enrollment rests on.
    """

    facet: Facet
    reason: Message
    learners: BitMap
    frozen: bool = True


class AllSetAside:
    """All that is set aside in one index. A field's row and its values have one name in the log: they are kept apart here."""

    def __init__(self) -> None:
        self.facts: dict[Facet, SetAside] = {}
        self.rows: dict[Facet, SetAside] = {}

    def __bool__(self) -> bool:
        return bool(self.facts or self.rows)

    def __iter__(self) -> Iterator[SetAside]:
        yield from self.rows.values()
        yield from self.facts.values()

    @property
    def count(self) -> int:
        """How many rows are set aside."""
        return len(self.rows) + sum(max(len(one.learners), 1) for one in self.facts.values())

    def put_fact(self, facet: Facet, learners: Iterable[int], reason: Message) -> None:
        """These learners' facts cannot be read."""
        known = BitMap([learner for learner in learners if 0 <= learner < 1 << ID_BITS])
        before = self.facts.get(facet)
        if before is not None:
            known |= before.learners
        self.facts[facet] = SetAside(facet, reason, known)

    def lift_fact(self, facet: Facet, learner_id: int) -> None:
        """That learner's fact can be read now, or is no more."""
        before = self.facts.get(facet)
        if before is not None and learner_id in before.learners:
            left = before.learners - BitMap([learner_id])
            if left:
                self.facts[facet] = before._replace(learners=left)
            else:
                del self.facts[facet]

    def put_row(self, facet: Facet, reason: Message, *, frozen: bool) -> None:
        """A row of structure cannot be read, or something in it that does not matter to rules."""
        self.rows[facet] = SetAside(facet, reason, BitMap(), frozen)

    def copy(self) -> "AllSetAside":
        """One that can be changed by itself."""
        made = AllSetAside()
        made.facts, made.rows = dict(self.facts), dict(self.rows)
        return made

    def problems(self, facets: Iterable[Facet]) -> Iterator[Problem]:
        """Why a rule that rests on these facets cannot be evaluated. A facet without a reference is every one of its name."""
        asked = frozenset(facets)
        whole = {facet.name for facet in asked if facet.ref is None}
        if any(facet.name in _DAYS for facet in asked):
            whole.add("organisation")
        for one in self:
            if one.frozen and (one.facet in asked or one.facet.name in whole):
                yield Problem(
                    "rule",
                    "set_aside",
                    Message(
                        "A stored value of “{name}” cannot be read: {reason}",
                        name=one.facet.name,
                        reason=one.reason,
                    ),
                )
