"""From facts to the rules they can affect: a change touches only the audiences that mention it."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from backend.index.facts.structure import Structure
from backend.index.filters.base import CacheDependencies, by_kind
from backend.index.filters.registry import evaluation_of
from backend.index.filters.rested_on import RestedOn
from backend.index.steps import Steps, finish
from backend.rules import Block, Facet, Filter, Rule, is_time_dependent, leaves, named_by, segments_of

K = TypeVar("K", bound=Hashable)


def opened_facets(rule: Rule, structure: Structure) -> frozenset[Facet]:
    """The facts and structure whose changes can change the rule's people: subgroups, sessions and segments opened.

    They hold while groups keep their parents, activities their sessions and segments their rules: when one of these
    changes, `affected` tells the rules to be opened again.
    """
    return finish(opened_facets_steps(rule, structure))


def opened_facets_steps(rule: Rule, structure: Structure) -> Steps[frozenset[Facet]]:
    """`opened_facets` in steps of a filter."""
    rested_on = RestedOn({Facet("status")})
    for one in opened(rule, structure):
        for block in one.blocks:
            rested_on.add_groups(block.groups, subgroups=block.subgroups)
            yield
            for leaf in leaves(block.filters):
                evaluation_of(leaf).rests_on(leaf, rested_on)
                yield
    return (yield from rested_on.facets_steps(structure))


def cache_dependencies_of(found: Filter, structure: Structure) -> CacheDependencies:
    """What the people of one filter that holds no others rest on; `status` only where it asks for segments."""
    if named_by(found, "segment"):
        return by_kind(opened_facets(Rule([Block(everyone=True, filters=[found])]), structure))
    return evaluation_of(found).cache_dependencies(found, structure)


def may_ask_the_day(found: Filter) -> bool:
    """Whether the day must be known to tell the filter's people; of a segment it is not known here."""
    return found.asks_the_day or bool(named_by(found, "segment"))


def opened(rule: Rule, structure: Structure) -> Iterator[Rule]:
    """The rule and those of its segments, at any depth, that have one."""
    yield rule
    for segment_id in sorted(all_segments(rule, structure)):
        segment = structure.segments.get(segment_id)
        if segment is not None and segment.rule is not None:
            yield segment.rule


def all_segments(rule: Rule, structure: Structure) -> frozenset[int]:
    """The segments that the rule uses, at any depth."""
    found: set[int] = set()
    for segment_id in segments_of(rule):
        found |= structure.segments_inside(segment_id)
    return frozenset(found)


def depends_on_time(rule: Rule, structure: Structure) -> bool:
    """Whether the people can change by time alone, segments inside it opened."""
    return any(is_time_dependent(one) for one in opened(rule, structure))


class PredicateIndex(Generic[K]):
    """Facet → keys of the rules that mention it. Keys are the caller's (ids of methods, of subscriptions).

    `kept` makes what holds the keys of a facet: a set, or a bitmap, which takes a tenth of its memory where keys are numbers.
    """

    def __init__(self, kept: Callable[[], Any] = set) -> None:
        self._keys: dict[Facet, Any] = defaultdict(kept)
        self._facets: dict[K, frozenset[Facet]] = {}

    def put(self, key: K, facets: Iterable[Facet]) -> None:
        """The rule under `key` rests on these facts."""
        before, now = self._facets.get(key, frozenset()), frozenset(facets)
        self._facets[key] = now
        for facet in now - before:
            self._of(facet).add(key)
        self._drop(key, before - now)

    def remove(self, key: K) -> None:
        """Forget the rule under `key`."""
        self._drop(key, self._facets.pop(key, frozenset()))

    def _drop(self, key: K, facets: frozenset[Facet]) -> None:
        for facet in facets:
            keys = self._of(facet)
            keys.discard(key)
            if not keys:
                del self._keys[facet]

    def _of(self, facet: Facet) -> Any:
        """The keys that mention it, to be changed."""
        return self._keys[facet]

    def affected(self, facets: Iterable[Facet]) -> set[K]:
        """The rules that changes of these facts or structure can affect."""
        found: set[K] = set()
        for facet in facets:
            found.update(self._keys.get(facet, ()))
            found.update(self._keys.get(Facet(facet.name), ()))
        return found

    def keys(self) -> set[K]:
        """All rules."""
        return set(self._facets)

    def __len__(self) -> int:
        return len(self._facets)
