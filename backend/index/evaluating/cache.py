"""Remembers the people of a filter until one of the facts it rests on changes."""

from collections import OrderedDict, defaultdict
from collections.abc import Hashable, Iterable

from pyroaring import BitMap

from backend.index.filters.base import CacheDependencies
from backend.rules import Facet

# What all remembered bitmaps may take; at 1,000,000 learners one takes at most 125 KB, so that a thousand filters fit.
CACHE_BYTES = 128 * 1024 * 1024
# Beside the bitmaps: key, links.
_OVERHEAD_BYTES = 600


class _Entry:
    __slots__ = ("bits", "checked", "dependencies", "size")

    def __init__(self, bits: BitMap, dependencies: CacheDependencies, checked: int) -> None:
        self.bits = bits
        self.dependencies = dependencies
        # No change up to this one has touched it.
        self.checked = checked
        self.size = _OVERHEAD_BYTES + _bytes_of(bits)
        self.size += sum(_bytes_of(refs) for refs in dependencies.values() if refs is not None)


class Cache:
    """Least recently used first out, by bytes. A bitmap that was given out must not be changed."""

    def __init__(self, limit_bytes: int = CACHE_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.size = 0
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        # Changes are counted. The last one of each kind of fact, of what facts of the kind refer to (the latest last), and
        # of a fact that refers to nothing.
        self._tick = 0
        self._of_kind: dict[str, int] = {}
        self._of_ref: dict[str, dict[int, int]] = defaultdict(dict)
        self._of_none: dict[str, int] = {}

    def get(self, key: Hashable) -> BitMap | None:
        """The bitmap under `key`, unless one of its facts has changed since."""
        found = self.entry(key)
        return None if found is None else found[0]

    def entry(self, key: Hashable) -> tuple[BitMap, CacheDependencies] | None:
        """The same, with what it rests on."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if not self._fresh(entry):
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry.bits, entry.dependencies

    def keep(self, key: Hashable, bits: BitMap, dependencies: CacheDependencies) -> None:
        """Remember the bitmap, which rests on these facts as they are now."""
        if key in self._entries:
            self._drop(key)
        entry = self._entries[key] = _Entry(bits, dependencies, self._tick)
        self.size += entry.size
        while self.size > self.limit_bytes and self._entries:
            self._drop(next(iter(self._entries)))

    def touch(self, facets: Iterable[Facet]) -> None:
        """These facts have changed."""
        self._tick += 1
        for name, ref in facets:
            self._of_kind[name] = self._tick
            if ref is None:
                self._of_none[name] = self._tick
            else:
                latest = self._of_ref[name]
                latest.pop(ref, None)
                latest[ref] = self._tick

    def clear(self) -> None:
        """Forget everything: the structure has changed."""
        self._entries.clear()
        self._of_kind.clear()
        self._of_ref.clear()
        self._of_none.clear()
        self.size = 0

    def _fresh(self, entry: _Entry) -> bool:
        if any(self._touched(entry.checked, name, refs) for name, refs in entry.dependencies.items()):
            return False
        # Each change is looked at once, however often the entry is asked for.
        entry.checked = self._tick
        return True

    def _touched(self, since: int, name: str, refs: BitMap | None) -> bool:
        """Whether a fact of that kind, referring to one of `refs`, was changed after `since`."""
        if self._of_kind.get(name, 0) <= since:
            return False
        if refs is None or self._of_none.get(name, 0) > since:
            return True
        latest = self._of_ref[name]
        for ref in reversed(latest):
            if latest[ref] <= since:
                return False
            if ref in refs:
                return True
        return False

    def _drop(self, key: Hashable) -> None:
        self.size -= self._entries.pop(key).size


def _bytes_of(bits: BitMap) -> int:
    statistics = bits.get_statistics()
    return (
        statistics["n_bytes_array_containers"]
        + statistics["n_bytes_run_containers"]
        + statistics["n_bytes_bitset_containers"]
    )
