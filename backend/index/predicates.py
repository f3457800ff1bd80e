"""From facts to the rules they can affect: a change touches only the audiences that mention it."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from itertools import chain
from typing import Any, Generic, TypeVar

from pyroaring import BitMap

from backend.index.cache import Footing
from backend.index.structure import Structure
from backend.rules import (
    Block,
    CertificateFilter,
    Facet,
    Filter,
    GroupFilter,
    PathResultFilter,
    Rule,
    SegmentFilter,
    is_time_dependent,
    segments_of,
)
from backend.rules.dependencies import facets_of_leaf, leaves

K = TypeVar("K", bound=Hashable)


def opened_facets(rule: Rule, structure: Structure) -> frozenset[Facet]:
    """The facts and structure whose changes can change the rule's people: subgroups, sessions and segments opened.

    They hold while groups keep their parents, activities their sessions and segments their rules: when one of these
    changes, `affected` tells the rules to be opened again.
    """
    found = {Facet("status")}
    for one in opened(rule, structure):
        for block in one.blocks:
            found.update(_of_groups(block.groups, structure, subgroups=block.subgroups))
            for leaf in leaves(block.filters):
                found.update(_of_leaf(leaf, structure))
    return frozenset(found)


def footing_of(found: Filter, structure: Structure) -> Footing:
    """What the people of one filter that holds no others rest on; `status` only where it asks for segments."""
    if isinstance(found, GroupFilter):
        return {"membership": BitMap(_inside(found.groups, structure, subgroups=found.subgroups))}
    if isinstance(found, SegmentFilter):
        facets: Iterable[Facet] = opened_facets(Rule([Block(everyone=True, filters=[found])]), structure)
    else:
        facets = _of_leaf(found, structure)
    footing: dict[str, BitMap | None] = {}
    for name, ref in facets:
        refs = footing.setdefault(name, None if ref is None else BitMap())
        if ref is None:
            footing[name] = None
        elif refs is not None:
            refs.add(ref)
    return footing


def _of_groups(groups: Iterable[Any], structure: Structure, *, subgroups: bool) -> Iterator[Facet]:
    if subgroups:
        # Any group may come under these.
        yield Facet("learner_group")
    yield from (Facet("learner_group", group) for group in set(groups))
    yield from (Facet("membership", group) for group in _inside(groups, structure, subgroups=subgroups))


def _inside(groups: Iterable[Any], structure: Structure, *, subgroups: bool) -> set[Any]:
    """Thousands of groups have most of their subgroups in common: each once."""
    named = set(groups)
    return set(chain.from_iterable(map(structure.descendants, named))) if subgroups else named


def _of_leaf(leaf: Filter, structure: Structure) -> Iterator[Facet]:
    if isinstance(leaf, GroupFilter):
        yield from _of_groups(leaf.groups, structure, subgroups=leaf.subgroups)
        return
    if isinstance(leaf, PathResultFilter):
        for path in leaf.paths:
            yield Facet("activity", path)  # type: ignore[arg-type]  # resolved
            if leaf.status in {"enrolled", "not_enrolled"}:
                yield Facet("session")
                for session in structure.sessions_of(path):  # type: ignore[arg-type]  # resolved
                    yield Facet("enrollment", session)
            else:
                yield Facet("result", path)  # type: ignore[arg-type]  # resolved
        return
    if isinstance(leaf, CertificateFilter):
        for certificate in leaf.certificates:
            yield Facet("certificate", certificate)  # type: ignore[arg-type]  # resolved
    if isinstance(leaf, SegmentFilter):
        for segment in leaf.segments:
            yield Facet("segment", segment)
    yield from facets_of_leaf(leaf)


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
        """The rules that changes of these facts or structure can affect."""
        found: set[K] = set()
        for facet in facets:
            found |= self._keys.get(facet, set())
            found |= self._keys.get(Facet(facet.name), set())
        return found

    def keys(self) -> set[K]:
        """All rules."""
        return set(self._facets)

    def __len__(self) -> int:
        return len(self._facets)
