"""From facts to the rules they can affect: a change touches only the audiences that mention it."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from backend.index.structure import Structure
from backend.rules import Block, Facet, Filter, Rule, facets_of, is_time_dependent, segments_of

K = TypeVar("K", bound=Hashable)


def opened_facets(rule: Rule, structure: Structure) -> frozenset[Facet]:
    """The facts whose changes can change the rule's people, segments inside it opened."""
    found = set(facets_of(rule))
    for segment_id in all_segments(rule, structure):
        found.add(Facet("segment", segment_id))
        segment = structure.segments.get(segment_id)
        if segment is not None and segment.rule is not None:
            found |= facets_of(segment.rule)
    return frozenset(found)


def facets_of_filter(found: Filter, structure: Structure) -> frozenset[Facet]:
    """The same for one filter alone; without `status`, but for that of people in segments."""
    rule = Rule([Block(everyone=True, filters=[found])])
    facets = opened_facets(rule, structure)
    return facets if segments_of(rule) else facets - {Facet("status")}


def all_segments(rule: Rule, structure: Structure) -> frozenset[int]:
    """The segments that the rule uses, at any depth."""
    found: set[int] = set()
    for segment_id in segments_of(rule):
        found |= structure.segments_inside(segment_id)
    return frozenset(found)


def depends_on_time(rule: Rule, structure: Structure) -> bool:
    """Whether the people can change by time alone, segments inside it opened."""
    if is_time_dependent(rule):
        return True
    rules = (structure.segments[s].rule for s in all_segments(rule, structure) if s in structure.segments)
    return any(inner is not None and is_time_dependent(inner) for inner in rules)


class PredicateIndex(Generic[K]):
    """Facet → keys of the rules that mention it. Keys are the caller's (ids of methods, of subscriptions)."""

    def __init__(self) -> None:
        self._keys: dict[Facet, set[K]] = defaultdict(set)
        self._facets: dict[K, frozenset[Facet]] = {}

    def put(self, key: K, facets: Iterable[Facet]) -> None:
        """The rule under `key` rests on these facts."""
        self.remove(key)
        self._facets[key] = frozenset(facets)
        for facet in self._facets[key]:
            self._keys[facet].add(key)

    def remove(self, key: K) -> None:
        """Forget the rule under `key`."""
        for facet in self._facets.pop(key, ()):
            keys = self._keys[facet]
            keys.discard(key)
            if not keys:
                del self._keys[facet]

    def affected(self, facets: Iterable[Facet]) -> set[K]:
        """The rules that changes of these facts can affect."""
        found: set[K] = set()
        for facet in facets:
            found |= self._keys.get(facet, set())
            found |= self._keys.get(Facet(facet.name), set())
        return found

    def __len__(self) -> int:
        return len(self._facets)


def rules_affected(facets: Iterable[Facet], rules: Mapping[K, Rule], structure: Structure) -> set[K]:
    """The keys of `rules` that changes of these facts can affect; for many rules keep a `PredicateIndex`."""
    index: PredicateIndex[K] = PredicateIndex()
    for key, rule in rules.items():
        index.put(key, opened_facets(rule, structure))
    return index.affected(facets)
