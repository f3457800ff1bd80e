"""Filters made of filters: all, any, none or some number of them."""

from collections.abc import Iterator
from typing import Annotated, Self

from msgspec import Meta

from backend.rules import limits
from backend.rules.facets import Facet, References
from backend.rules.filter_checks import FilterChecks
from backend.rules.filters import registry
from backend.rules.filters.base import Filter, replace
from backend.rules.filters.registry import register
from backend.rules.sentence_builder import AND, OR, Sentence
from backend.rules.sentence_parts import Part, Parts, placed
from backend.words import Message

_NONE = Message("for whom none of this holds: ({filters})")
_AT_LEAST = Message("for whom at least {count} of these hold: ({filters})")
_SEPARATOR = Message("; ")


class Nested(Filter, frozen=True):
    """Combines what its filters say. Checked by `validation`, which counts how deep and how many they are."""

    of: list["registry.Registered"]

    def check_combination(self, checks: FilterChecks, path: str) -> None:
        """What is wrong with how the filters are combined goes into `checks`; each of them is checked by itself."""

    def references(self) -> Iterator[References]:
        for inner in self.of:
            yield from inner.references()

    def facets(self) -> Iterator[Facet]:
        for inner in self.of:
            yield from inner.facets()

    def in_one_order(self) -> Self:
        return replace(self, of=[inner.in_one_order() for inner in self.of])

    def _clauses(self, say: Sentence) -> Iterator[Parts]:
        for i, inner in enumerate(self.of):
            yield placed(inner.sentence(say), f".of[{i}]")

    @property
    def asks_the_day(self) -> bool:
        return any(inner.asks_the_day for inner in self.of)


@register
class AllFilter(Nested, frozen=True, tag="all"):
    """Every one of the filters holds."""

    def sentence(self, say: Sentence) -> Parts:
        return [Part("("), *say.joined(self._clauses(say), AND), Part(")")]


@register
class AnyFilter(Nested, frozen=True, tag="any"):
    """At least one of the filters holds."""

    def sentence(self, say: Sentence) -> Parts:
        return [Part("("), *say.joined(self._clauses(say), OR), Part(")")]


@register
class NoneFilter(Nested, frozen=True, tag="none"):
    """None of the filters holds."""

    def sentence(self, say: Sentence) -> Parts:
        clauses = say.joined(self._clauses(say), _SEPARATOR)
        return say.filled(_NONE, filters=clauses)


@register
class AtLeastFilter(Nested, frozen=True, tag="at_least"):
    """So many of the filters hold, or more."""

    count: Annotated[int, Meta(ge=1, le=limits.FILTERS)]

    def check_combination(self, checks: FilterChecks, path: str) -> None:
        if self.of and self.count > len(self.of):
            message = Message(
                "At least {count} of {most} conditions can never hold.", count=self.count, most=len(self.of)
            )
            checks.add(f"{path}.count", "out_of_range", message)

    def sentence(self, say: Sentence) -> Parts:
        clauses = say.joined(self._clauses(say), _SEPARATOR)
        return say.filled(_AT_LEAST, count=[say.number(self.count)], filters=clauses)


# Every way of combining; whoever answers each of them is told by the type checker when there is one more.
Combination = AllFilter | AnyFilter | NoneFilter | AtLeastFilter
