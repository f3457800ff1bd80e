"""One kind of fact as bitmaps: for each value the learners who have it."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from operator import or_
from typing import Any, Generic, TypeVar

from pyroaring import BitMap

V = TypeVar("V")
EMPTY = BitMap()
# Up to so many are united faster one by one: uniting many at once begins with a dense bitmap, however few people they hold.
FEW = 4
# So many neighbouring values have a union of their own, and so many neighbouring unions again: a range of thousands of
# values is a dozen of bitmaps, most of them dense ones.
BRANCHES = 4
# How many people are united for unions that one question makes, each union counting as so many more; those after it find
# them made. One or two milliseconds.
UNITED_AT_ONCE = 1_000_000
_EACH_UNION = 8_000


def union(parts: list[BitMap]) -> BitMap:
    """The union of any number of bitmaps; a new one, unless there is exactly one. Not to be changed by the caller."""
    if not parts:
        return EMPTY
    if len(parts) == 1:
        return parts[0]
    return reduce(or_, parts) if len(parts) <= FEW else BitMap.union(*parts)


def without_runs(bits: BitMap) -> BitMap:
    """The same people, not written as runs: of most of a million with gaps, these make each intersection ten times slower."""
    return BitMap(bits.to_array(), optimize=False)


class Values(Generic[V]):
    """value → learners. At most one value a learner; values of one instance can be ordered."""

    __slots__ = ("_blocks", "_sorted", "bitmaps", "present")

    def __init__(self) -> None:
        self.bitmaps: dict[V, BitMap] = {}
        self.present = BitMap()
        self._sorted: tuple[Any, ...] | None = None
        # How many values, and which such block of the ordered values → their union.
        self._blocks: dict[tuple[int, int], BitMap] = {}

    def move(self, learner_id: int, old: V | None, new: V | None) -> None:
        """Take the learner from one value to another; None is no value."""
        if learner_id in self.present:
            held = self.bitmaps.get(old) if old is not None else None
            if held is None or learner_id not in held:
                # The log said something else than what is held: what is held goes, a person has one value.
                old = self.of(learner_id)
                held = self.bitmaps[old] if old is not None else None
            if held is not None and old is not None:
                self._forget_block(old)
                held.discard(learner_id)
                if not held:
                    del self.bitmaps[old]
                    self._forget_order()
        if new is None:
            self.present.discard(learner_id)
            return
        self.present.add(learner_id)
        if new in self.bitmaps:
            self._forget_block(new)
        else:
            self.bitmaps[new] = BitMap()
            self._forget_order()
        self.bitmaps[new].add(learner_id)

    def move_many(self, learners: BitMap, old: V | None, new: V | None) -> None:
        """`move` of each of the learners."""
        valued = self.present & learners
        held = self.bitmaps.get(old) if valued and old is not None else None
        if held is not None and old is not None:
            right = held & valued
            self._forget_block(old)
            held -= right
            if not held:
                del self.bitmaps[old]
                self._forget_order()
            valued -= right
            self.present -= right
        for learner_id in valued:
            # The log said something else than what is held.
            self.move(learner_id, None, None)
        if new is not None:
            self.fill(new, learners.copy())

    def _forget_order(self) -> None:
        self._sorted = None
        self._blocks.clear()

    def _forget_block(self, value: V) -> None:
        if self._blocks:
            keys = self.ordered()
            place, size = bisect_left(keys, value), BRANCHES
            while size <= len(keys):
                self._blocks.pop((size, place // size), None)
                size *= BRANCHES

    def fill(self, value: V, learners: BitMap) -> None:
        """Add many learners at once, who have no value yet."""
        held = self.bitmaps.get(value)
        if held is None:
            self.bitmaps[value] = learners
            self._forget_order()
        else:
            self._forget_block(value)
            held |= learners
        self.present |= learners

    def of(self, learner_id: int) -> V | None:
        """The learner's value."""
        if learner_id not in self.present:
            return None
        return next((value for value, held in self.bitmaps.items() if learner_id in held), None)

    def get(self, value: V) -> BitMap:
        """The learners with this value; not to be changed by the caller."""
        return self.bitmaps.get(value, EMPTY)

    def having(self, values: Iterable[V]) -> list[BitMap]:
        """The bitmaps of those values that anybody has."""
        return [self.bitmaps[value] for value in values if value in self.bitmaps]

    def where(self, holds: Callable[[V], bool]) -> list[BitMap]:
        """The bitmaps of the values for which `holds`."""
        return [held for value, held in self.bitmaps.items() if holds(value)]

    def ordered(self) -> tuple[Any, ...]:
        """The values in order; as a tuple, which the garbage collector does not look through again."""
        if self._sorted is None:
            self._sorted = tuple(sorted(self.bitmaps))
        return self._sorted

    def between(
        self, low: V | None = None, high: V | None = None, *, above: bool = False, below: bool = False
    ) -> list[BitMap]:
        """Bitmaps of everybody with a value from `low` to `high`, both included unless `above` or `below`; None is open."""
        start, end = self._span(low, high, above=above, below=below)
        parts: list[BitMap] = []
        left = UNITED_AT_ONCE
        while start < end:
            size = 1
            while start % (size * BRANCHES) == 0 and start + size * BRANCHES <= end:
                size *= BRANCHES
            left = self._put_block(size, start // size, parts, left)
            start += size
        return parts

    def _put_block(self, size: int, number: int, parts: list[BitMap], left: int) -> int:
        """Add the union of a block's values, or the parts of it that are there; how much may still be united."""
        if size == 1:
            parts.append(self.bitmaps[self.ordered()[number]])
            return left
        found = self._blocks.get((size, number))
        if found is None:
            inside: list[BitMap] = []
            for branch in range(BRANCHES):
                left = self._put_block(size // BRANCHES, number * BRANCHES + branch, inside, left)
            if left <= 0:
                parts += inside
                return left
            found = self._blocks[size, number] = union(inside)
            left -= _EACH_UNION + len(found)
        parts.append(found)
        return left

    def _span(
        self, low: V | None, high: V | None, *, above: bool = False, below: bool = False
    ) -> tuple[int, int]:
        """Where that range begins and ends among the ordered values."""
        keys = self.ordered()
        start = 0 if low is None else (bisect_right if above else bisect_left)(keys, low)
        end = len(keys) if high is None else (bisect_left if below else bisect_right)(keys, high)
        return start, end

    def copy(self) -> "Values[V]":
        """A copy that can be changed by itself."""
        made: Values[V] = Values()
        made.bitmaps = {value: held.copy() for value, held in self.bitmaps.items()}
        made.present = self.present.copy()
        return made

    def items(self) -> Iterator[tuple[V, BitMap]]:
        """Each value with its learners."""
        return iter(self.bitmaps.items())
