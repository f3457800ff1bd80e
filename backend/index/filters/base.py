"""What the index has to know of a filter type: its people, its sentence about one person, what it rests on, when time turns it.

`docs/how-to/add-a-filter.md` walks through one. Facts and structure are only read.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from pyroaring import BitMap

from backend.index.facts.learner_facts import Facts
from backend.index.facts.structure import Structure
from backend.index.filters.rested_on import RestedOn
from backend.index.steps import Steps, finish
from backend.rules import Facet, Problem
from backend.rules.filters.base import Filter

if TYPE_CHECKING:
    from backend.index.evaluating.evaluator import Evaluator
    from backend.index.evaluating.rule_check import RuleCheck
    from backend.index.explaining.fact_reader import FactReader
    from backend.index.facet_index import FacetIndex
    from backend.index.vectors.questions import Questions

F = TypeVar("F", bound=Filter)
# Tells of one learner whether a filter holds.
Asked = Callable[[int], bool]
# What people rest on: kinds of facts, each with what these refer to, or None where any fact of the kind counts. As bitmaps:
# thousands of groups as objects of their own would have the garbage collector hold the event loop for 8 ms again and again.
CacheDependencies = Mapping[str, BitMap | None]


class PersonAsked(NamedTuple):
    """Who a filter is asked about, on which day, and whether a segment holds them then."""

    id: int
    day: date
    in_segment: Callable[[int], bool]


class Row(Protocol):
    """What was read of a person, by column."""

    def __getitem__(self, column: str, /) -> Any: ...


class ListedPerson(NamedTuple):
    """A person in a list: their row, and when their certificates expire by certificate and learner."""

    row: Row
    awards: Mapping[tuple[int, int], Any]


class FilterEvaluation(ABC, Generic[F]):
    """One object of it stands for a filter type, made known by `evaluates`. `found` is always resolved and sound."""

    # ── its people ───────────────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def people_steps(self, found: F, evaluator: "Evaluator") -> Steps[BitMap]:
        """The people of the filter without its negation, on the evaluator's day, countable or not; not to be changed."""

    def problems(self, found: F, check: "RuleCheck", path: str) -> Iterator[Problem | None]:
        """What it refers to that is gone, or cannot be asked any more. A None lets others have their turn."""
        return iter(())

    # ── what it rests on ─────────────────────────────────────────────────────────────────────────────────────────

    def rests_on(self, found: F, rested_on: RestedOn) -> None:
        """Adds the facts and structure whose changes can change its people."""
        rested_on.add_facets(found.facets())

    def followed_facets(self, found: F, structure: Structure) -> Iterator[Facet]:
        """The facts that decide about its people, each group and session by itself, for following the log."""
        return found.facets()

    def shape(self, found: F, structure: Structure) -> Iterator[frozenset[int]]:
        """What `followed_facets` took from the structure: changes whenever these have to be told anew."""
        return iter(())

    def cache_dependencies(self, found: F, structure: Structure) -> CacheDependencies:
        """What its people rest on while they are remembered."""
        if type(self).rests_on is FilterEvaluation.rests_on:
            return by_kind(found.facets())
        rested_on = RestedOn(set())
        self.rests_on(found, rested_on)
        return by_kind(finish(rested_on.facets_steps(structure)))

    def decided_by_others(self, found: F) -> bool:
        """Whether no fact of the person's own decides, so that none of these tells since when it is so."""
        return False

    # ── one person; the answer about it is asked only of filters that hold no others ─

    def actual(self, found: F, reader: "FactReader", person: PersonAsked) -> str:
        """What is so about that which the filter asks, in words."""
        raise NotImplementedError

    def listed(self, found: F, person: ListedPerson, index: "FacetIndex") -> Any:
        """The same as a value, beside the person in a list."""
        return None

    # ── time; asked only of filters that ask the day, which have to say both ─────────────────────────────────────

    def turned(self, found: F, facts: Facts, day: date) -> list[BitMap]:
        """Bitmaps of those whose answer may differ between the day before and `day`."""
        raise NotImplementedError

    def turning_days(self, found: F, facts: Facts, learner_id: int, after: date) -> Iterable[date]:
        """Days on which the answer about the learner may differ from the day before; those up to `after` do not matter."""
        raise NotImplementedError

    # ── vectors: deciding for thousands of audiences at once ─────────────────────────────────────────────────────

    # Whether other people's facts decide about a person.
    rests_on_others = False

    def column(self, found: F) -> Facet | None:
        """The one scalar fact that it asks about, if it is one: its answers become a table by value."""
        return None

    def asks_one(self, found: F, questions: "Questions") -> Asked | None:
        """A faster way to tell of one learner than `people_steps`, where there is one."""
        return None

    def reads_every_value(self, found: F) -> bool:
        """Whether its people cost a look at every value, which a table by value has done already."""
        return False


def by_kind(facets: Iterable[Facet]) -> CacheDependencies:
    """Facets by their names."""
    found: dict[str, BitMap | None] = {}
    for name, ref in facets:
        refs = found.setdefault(name, None if ref is None else BitMap())
        if ref is None:
            found[name] = None
        elif refs is not None:
            refs.add(ref)
    return found
