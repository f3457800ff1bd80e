"""Remembers the people of a filter until one of the facts it rests on changes."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import NamedTuple

from pyroaring import BitMap

from backend.rules import Facet

# What all remembered bitmaps may take; at 1,000,000 learners one takes at most 125 KB, so that a thousand filters fit.
CACHE_BYTES = 128 * 1024 * 1024
# Beside the bitmap: key, facets, links.
_OVERHEAD_BYTES = 600


class _Entry(NamedTuple):
    bits: BitMap
    facets: frozenset[Facet]
    tick: int
    size: int


class Cache:
    """Least recently used first out, by bytes. A bitmap that was given out must not be changed."""

    def __init__(self, limit_bytes: int = CACHE_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.size = 0
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._tick = 0
        self._changed: dict[Facet, int] = {}
        self._changed_kind: dict[str, int] = {}

    def get(self, key: Hashable) -> BitMap | None:
        """The bitmap under `key`, unless one of its facts has changed since."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if not self._fresh(entry):
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry.bits

    def keep(self, key: Hashable, bits: BitMap, facets: frozenset[Facet]) -> None:
        """Remember the bitmap, which rests on these facts as they are now."""
        if key in self._entries:
            self._drop(key)
        entry = self._entries[key] = _Entry(bits, facets, self._tick, _bytes_of(bits))
        self.size += entry.size
        while self.size > self.limit_bytes and self._entries:
            self._drop(next(iter(self._entries)))

    def touch(self, facets: Iterable[Facet]) -> None:
        """These facts have changed."""
        self._tick += 1
        for facet in facets:
            self._changed[facet] = self._tick
            self._changed_kind[facet.name] = self._tick

    def clear(self) -> None:
        """Forget everything: the structure has changed."""
        self._entries.clear()
        self._changed.clear()
        self._changed_kind.clear()
        self.size = 0

    def _fresh(self, entry: _Entry) -> bool:
        for facet in entry.facets:
            # Most facts of most kinds have not changed lately: the kind answers for all of them.
            if self._changed_kind.get(facet.name, 0) > entry.tick and (
                facet.ref is None or self._changed.get(facet, 0) > entry.tick
            ):
                return False
        return True

    def _drop(self, key: Hashable) -> None:
        self.size -= self._entries.pop(key).size


def _bytes_of(bits: BitMap) -> int:
    statistics = bits.get_statistics()
    return (
        _OVERHEAD_BYTES
        + statistics["n_bytes_array_containers"]
        + statistics["n_bytes_run_containers"]
        + statistics["n_bytes_bitset_containers"]
    )
