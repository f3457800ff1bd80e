"""The dynamic methods that are followed, by what their rules rest on."""

from collections.abc import Iterable
from copy import copy

import structlog
from pyroaring import BitMap

from backend.index import FacetIndex, PredicateIndex
from backend.index.facts.structure_rows import Method
from backend.index.supposing import SupposedAudiences, SupposedIndex, SupposedPredicates
from backend.index.vectors.audiences import Audiences
from backend.rules import Facet, Rule

_log = structlog.get_logger("muster.reconciler")


class FollowedMethods:
    """Which methods a change can concern. Live ones stand in `audiences`, where their rules can be decided as vectors."""

    def __init__(self, index: FacetIndex, audiences: Audiences) -> None:
        self.index = index
        self.audiences = audiences
        # Those whose people are asked for method by method.
        self.one_by_one: PredicateIndex[int] = PredicateIndex(BitMap)
        # Those that start or end at an instant.
        self.windowed: set[int] = set()
        self._facets: dict[int, frozenset[Facet]] = {}
        self._shapes: dict[int, int] = {}
        self._predicates: PredicateIndex[int] = PredicateIndex(BitMap)

    def supposing(self, index: SupposedIndex, audiences: SupposedAudiences) -> "FollowedMethods":
        """The same over a view of the index. Before a method is put or forgotten there, `part` is called."""
        made = copy(self)
        made.index, made.audiences = index, audiences
        return made

    def part(self) -> None:
        """What is put and forgotten from now on is so here alone."""
        self._facets, self._shapes = dict(self._facets), dict(self._shapes)
        self.windowed = set(self.windowed)
        self._predicates = SupposedPredicates(self._predicates)
        self.one_by_one = SupposedPredicates(self.one_by_one)

    def facets(self, method_id: int) -> frozenset[Facet]:
        """The facts that decide about the people of a method."""
        return self._facets.get(method_id, frozenset())

    def shape(self, method_id: int) -> int | None:
        """What tells whether a method's rule rests on the same as before."""
        return self._shapes.get(method_id)

    def resting_on(self, facets: Iterable[Facet]) -> set[int]:
        """The methods whose rules ask for any of these facts."""
        return self._predicates.affected(facets)

    def put(self, method: Method) -> None:
        """Follow a method as it is now; one that is not dynamic is forgotten."""
        if not method.dynamic or method.rule is None:
            self.forget(method.id)
            return
        try:
            self._keep(method, method.rule)
        except Exception:  # noqa: BLE001 - one rule must not keep all others from being followed; asked by itself it freezes
            _log.exception("a method's rule could not be taken in", method=method.id)
            self.forget(method.id)

    def _keep(self, method: Method, rule: Rule) -> None:
        facets = self.index.rule_facts(rule)
        self._facets[method.id] = facets
        self._shapes[method.id] = self.index.rule_shape(rule)
        self._predicates.put(method.id, facets)
        if method.starts_at is not None or method.ends_at is not None:
            self.windowed.add(method.id)
        else:
            self.windowed.discard(method.id)
        if method.state == "live" and self.audiences.put(method.id, rule, facets):
            self.one_by_one.remove(method.id)
        else:
            self.audiences.remove(method.id)
            self.one_by_one.put(method.id, facets)

    def forget(self, method_id: int) -> None:
        """Follow it no longer."""
        self._predicates.remove(method_id)
        self.one_by_one.remove(method_id)
        self.audiences.remove(method_id)
        self.windowed.discard(method_id)
        self._facets.pop(method_id, None)
        self._shapes.pop(method_id, None)
