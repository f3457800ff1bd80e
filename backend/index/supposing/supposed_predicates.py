"""From facts to rules as a view of the index has them: what a rule rests on is copied when it changes."""

from collections.abc import Hashable
from typing import Any, TypeVar

from backend.index.evaluating.predicates import PredicateIndex
from backend.rules import Facet

K = TypeVar("K", bound=Hashable)


class SupposedPredicates(PredicateIndex[K]):
    """Begins as the real one."""

    def __init__(self, real: PredicateIndex[K]) -> None:
        self.__dict__.update(vars(real))
        self._keys = self._keys.copy()
        self._facets = self._facets.copy()
        self._own: set[Facet] = set()

    def _of(self, facet: Facet) -> Any:
        if facet not in self._own:
            self._own.add(facet)
            self._keys[facet] = self._keys[facet].copy()
        return self._keys[facet]
