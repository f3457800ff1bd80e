"""What is remembered of the real index, as far as nothing that it rests on is supposed to be otherwise."""

from collections.abc import Hashable, Iterable

from pyroaring import BitMap

from backend.index.evaluating.cache import Cache
from backend.rules import Facet


class SupposedCache(Cache):
    """What is asked of supposed facts is remembered here, and never there."""

    def __init__(self, real: Cache) -> None:
        super().__init__(real.limit_bytes)
        self._real: Cache | None = real
        self._regrouped: frozenset[int] = frozenset()

    def get(self, key: Hashable) -> BitMap | None:
        own = super().get(key)
        if own is not None or self._real is None:
            return own
        found = self._real.entry(key)
        if found is None or self._is_regrouped(key):
            return None
        bits, dependencies = found
        changed = any(self._touched(0, name, refs) for name, refs in dependencies.items())
        return None if changed else bits

    def regroup(self, groups: Iterable[int]) -> None:
        """These groups have other subgroups."""
        self._regrouped |= frozenset(groups)
        own = [key for key in self._entries if self._is_regrouped(key)]
        for key in own:
            self._drop(key)
        self.touch([Facet("learner_group")])

    def _is_regrouped(self, key: Hashable) -> bool:
        """Of the members of groups together only the names of the groups are remembered."""
        return isinstance(key, tuple) and key[0] == "groups" and not self._regrouped.isdisjoint(key[1])

    def clear(self) -> None:
        super().clear()
        self._real = None
