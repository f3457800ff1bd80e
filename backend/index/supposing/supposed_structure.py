"""A structure that shares its rows with a real one; of its tables and ways it copies those that change."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from backend.index.facts.structure import Structure

_NAMES = {
    "learner_group": "groups",
    "field": "fields",
    "activity": "activities",
    "step": "steps",
    "certificate": "certificates",
    "session": "sessions",
    "segment": "segments",
    "enrollment_method": "methods",
}
# By table the way through the structure that its rows are linked into.
_WAYS = {"learner_group": "_children", "session": "_sessions_of", "enrollment_method": "_methods_of"}


class SupposedStructure(Structure):
    """Ten thousand methods are copied as one table, in a part of a millisecond, and only when one of them changes."""

    def __init__(self, real: Structure) -> None:
        self.__dict__.update(vars(real))
        self._own: set[str] = set()
        self._own_sets: set[tuple[int, Any]] = set()

    def put(self, facet: str, row_id: int, row: Mapping[str, Any] | None) -> None:
        if not self._own:
            self.set_aside = self.set_aside.copy()
            self._tables = dict(self._tables)
            self._external = copy.copy(self._external)
        if facet not in self._own:
            self._own.add(facet)
            self._make_own(facet)
        super().put(facet, row_id, row)

    def _make_own(self, facet: str) -> None:
        if facet not in _NAMES:
            return
        table = dict(self._tables[facet])
        self._tables[facet] = table
        setattr(self, _NAMES[facet], table)
        self._external[facet] = dict(self._external[facet])
        if facet == "field":
            self.kinds = dict(self.kinds)
        if facet == "learner_group":
            self._descendants = {}
        if facet in _WAYS:
            setattr(self, _WAYS[facet], copy.copy(getattr(self, _WAYS[facet])))

    def _links(self, facet: str, row: Any) -> Iterator[tuple[dict[Any, set[int]], Any]]:
        for way, value in super()._links(facet, row):
            if (id(way), value) not in self._own_sets:
                self._own_sets.add((id(way), value))
                way[value] = set(way.get(value, ()))
            yield way, value
