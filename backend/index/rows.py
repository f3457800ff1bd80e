"""Facts as rows of learners: what `FacetIndex` keeps by value, kept by person, for deciding about few people in many audiences.

Built from the index when first asked for, then kept current change by change. Codes stand for values: 0 is no value, and a
column's codes are numbered as values come. Memory at 1,000,000 learners: 1 to 2 bytes a person and column, 2 a membership.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from backend.index.arrays import NONE, Ids, Numbers, ids_of, spans
from backend.index.facts import Facts
from backend.index.values import Values

# Learners a page, as many as a container of a roaring bitmap: a page is made in about 0.1 s.
PAGE_BITS = 16
PAGE = 1 << PAGE_BITS
# Learners of a page whose groups have changed before it is made anew.
MOST_MOVED = 10_000


class Column:
    """One scalar fact by learner, as codes."""

    def __init__(self, values: Values[Any], *, numbered: Iterable[Any] = ()) -> None:
        self.code_of: dict[Any, int] = {}
        # The same values with their codes in the place of learners: rules are asked about them as about people.
        self.coded: Values[Any] = Values()
        for value in (*numbered, *(value for value, _ in values.items())):
            self.code(value)
        top = values.present.max() if values.present else 0
        self.codes = np.zeros(top + 1, np.uint8 if self.count < 1 << 8 else np.uint16)
        if self.count >= 1 << 16:
            self.codes = self.codes.astype(np.uint32)
        for value, learners in values.items():
            self.codes[ids_of(learners)] = self.code_of[value]

    @property
    def count(self) -> int:
        """How many codes there are, with 0."""
        return len(self.code_of) + 1

    def code(self, value: Any) -> int:
        """The code of a value; a new one for a new value."""
        if value is None:
            return 0
        found = self.code_of.get(value)
        if found is None:
            found = self.code_of[value] = self.count
            self.coded.fill(value, BitMap([found]))
        return found

    def move(self, learner_id: int, code: int) -> None:
        """The learner's value is now this one."""
        if learner_id >= len(self.codes):
            grown = np.zeros(max(learner_id + 1, len(self.codes) * 5 // 4), self.codes.dtype)
            grown[: len(self.codes)] = self.codes
            self.codes = grown
        if code >= 1 << 8 * self.codes.itemsize:
            self.codes = self.codes.astype(np.uint16 if code < 1 << 16 else np.uint32)
        self.codes[learner_id] = code

    def of(self, learners: Ids) -> npt.NDArray[Any]:
        """The learners' codes."""
        if len(learners) and learners[-1] >= len(self.codes):
            self.move(int(learners[-1]), 0)
        return self.codes[learners]


class _Page(NamedTuple):
    starts: npt.NDArray[np.int64]
    groups: npt.NDArray[Any]


class GroupRows:
    """Which groups a learner is in directly: numbers of groups, in pages of learners made when first asked for."""

    def __init__(self, facts: Facts) -> None:
        self._members = facts.groups
        self.number_of: dict[int, int] = {}
        self._pages: dict[int, _Page] = {}
        self._moved: dict[int, dict[int, set[int]]] = {}

    def number(self, group: int) -> int:
        """The number of a group; a new one for a new group."""
        return self.number_of.setdefault(group, len(self.number_of))

    def move(self, learner_id: int, group: int, *, inside: bool) -> None:
        """The learner came into the group, or left it."""
        page = learner_id >> PAGE_BITS
        if page not in self._pages:
            return
        moved = self._moved[page]
        row = moved.get(learner_id)
        if row is None:
            row = moved[learner_id] = set(self._row(self._pages[page], learner_id).tolist())
        (row.add if inside else row.discard)(self.number(group))
        if len(moved) > MOST_MOVED:
            del self._pages[page]

    def of(self, learners: Ids) -> tuple[Numbers, Numbers]:
        """Two parallel arrays: places in `learners` (which are in order), and numbers of groups."""
        parts: list[tuple[Numbers, Numbers]] = []
        start = 0
        while start < len(learners):
            number = int(learners[start]) >> PAGE_BITS
            end = int(np.searchsorted(learners, (number + 1) << PAGE_BITS))
            parts += self._of_page(number, learners[start:end], start)
            start = end
        if not parts:
            return NONE, NONE
        return np.concatenate([who for who, _ in parts]), np.concatenate([numbers for _, numbers in parts])

    def _of_page(self, number: int, learners: Ids, first: int) -> list[tuple[Numbers, Numbers]]:
        page = self._pages.get(number) or self._make(number)
        lows = (learners & (PAGE - 1)).astype(np.intp)
        counts = page.starts[lows + 1] - page.starts[lows]
        parts = []
        moved = self._moved[number]
        if moved:
            for place in [i for i, learner_id in enumerate(learners.tolist()) if learner_id in moved]:
                groups = moved[int(learners[place])]
                counts[place] = 0
                parts.append((np.full(len(groups), first + place), np.fromiter(groups, np.intp, len(groups))))
        who = np.repeat(np.arange(first, first + len(learners)), counts)
        parts.append((who, page.groups[spans(page.starts[lows], counts)].astype(np.intp)))
        return parts

    @staticmethod
    def _row(page: _Page, learner_id: int) -> npt.NDArray[Any]:
        low = learner_id & (PAGE - 1)
        return page.groups[page.starts[low] : page.starts[low + 1]]

    def _make(self, number: int) -> _Page:
        everybody = BitMap(range(number * PAGE, (number + 1) * PAGE))
        parts, numbers = [], []
        for group, members in self._members.items():
            part = ids_of(members & everybody)
            if len(part):
                parts.append((part & (PAGE - 1)).astype(np.uint16))
                numbers.append(self.number(group))
        kind = np.uint16 if len(self.number_of) < 1 << 16 else np.uint32
        lows = np.concatenate(parts) if parts else np.zeros(0, np.uint16)
        groups = np.repeat(np.array(numbers, kind), [len(part) for part in parts])
        starts = np.zeros(PAGE + 1, np.int64)
        np.cumsum(np.bincount(lows, minlength=PAGE), out=starts[1:])
        page = self._pages[number] = _Page(starts, groups[np.argsort(lows, kind="stable")])
        self._moved[number] = {}
        return page
