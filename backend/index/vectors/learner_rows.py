"""Memberships as rows of learners: what `FacetIndex` keeps by group, kept by person, for deciding about few people in many audiences.

Built from the index when first asked for, then kept current change by change. Memory at 1,000,000 learners: 2 bytes a membership.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from backend.index.facts.arrays import NONE, Flags, Ids, Numbers, ids_of, spans, starts_of
from backend.index.facts.learner_facts import Facts

# Learners a page, as many as a container of a roaring bitmap: a page is made in about 0.1 s.
PAGE_BITS = 16
PAGE = 1 << PAGE_BITS
# Of a page's memberships, how large a part may move before its rows are put in order again, and how many at least. Where many move at
# once, more of them are expected: room for so many times as much, up to that part.
SPARE = 16
LEAST_ROOM = 1024
SPARE_OF_MANY = 4
MORE_OF_MANY = 8
# Memberships that moved wait until rows are asked for, and at most so many: some megabytes, and milliseconds to put in.
MOST_WAITING = 10_000

# From so many learners on that move alike, they are put into the rows as one.
MANY_ALIKE = 64

# Counts and places within a page, of which there are millions.
Small = npt.NDArray[np.int32]


class _Page:
    """The rows of a page's learners, one after the other; a row that grows moves to the end, where some room is kept."""

    first: Small
    groups: npt.NDArray[Any]
    used: int

    def __init__(self, counts: Numbers, groups: npt.NDArray[Any]) -> None:
        self.counts: Small = counts.astype(np.int32)
        self._put(groups, 0)

    def add(self, lows: Numbers, numbers: Numbers) -> None:
        """One group more for each of these learners, who are different ones and not in it."""
        counts = self.counts[lows].astype(np.intp)
        room = int(counts.sum()) + len(lows)
        if self.used + room > len(self.groups):
            self._make_room(room)
        ends = self.used + np.cumsum(counts + 1)
        starts = ends - counts - 1
        self.groups[spans(starts, counts)] = self.groups[spans(self.first[lows].astype(np.intp), counts)]
        self.groups[ends - 1] = numbers
        self.first[lows] = starts
        self.counts[lows] = counts + 1
        self.used += room

    def drop(self, lows: Numbers, places: Numbers) -> None:
        """One group less for each of these learners, who are different ones: what stands at that place; the last takes it."""
        self.counts[lows] -= 1
        self.groups[places] = self.groups[self.first[lows] + self.counts[lows]]

    def move(self, lows: Numbers, numbers: Numbers, inside: Flags) -> None:
        """Each of these learners, who are different ones, is in that group now, or not in it."""
        counts = self.counts[lows].astype(np.intp)
        whose, places = (
            np.repeat(np.arange(len(lows)), counts),
            spans(self.first[lows].astype(np.intp), counts),
        )
        hit = self.groups[places] == numbers[whose]
        held = np.full(len(lows), -1, np.intp)
        held[whose[hit]] = places[hit]
        leaving, entering = (held >= 0) & ~inside, (held < 0) & inside
        self.drop(lows[leaving], held[leaving])
        self.add(lows[entering], numbers[entering])

    def _make_room(self, least: int) -> None:
        """Put the rows one after the other again: what moved to the end has left gaps. Takes about 20 ms."""
        self._put(self.groups[spans(self.first.astype(np.intp), self.counts.astype(np.intp))], least)

    def _put(self, groups: npt.NDArray[Any], least: int) -> None:
        self.first, self.used = starts_of(self.counts.astype(np.intp)).astype(np.int32), len(groups)
        many = min(MORE_OF_MANY * least, len(groups) // SPARE_OF_MANY)
        room = max(least, many, LEAST_ROOM, len(groups) // SPARE)
        self.groups = np.zeros(len(groups) + room, groups.dtype)
        self.groups[: self.used] = groups


class GroupRows:
    """Which groups a learner is in directly: numbers of groups, in pages of learners made when first asked for."""

    def __init__(self, facts: Facts) -> None:
        self._members = facts.groups
        self.number_of: dict[int, int] = {}
        self._pages: dict[int, _Page] = {}
        # By page what was moved since it was last asked: by learner the group's number and whether they are in it now.
        self._moves: dict[int, list[dict[int, tuple[int, bool]]]] = {}
        self._waiting = 0

    def number(self, group: int) -> int:
        """The number of a group; a new one for a new group."""
        return self.number_of.setdefault(group, len(self.number_of))

    def move(self, learner_id: int, group: int, *, inside: bool) -> None:
        """The learner came into the group, or left it."""
        number = learner_id >> PAGE_BITS
        if number in self._pages:
            moves = self._moves.setdefault(number, [{}])
            low = learner_id & (PAGE - 1)
            if low in moves[-1]:
                moves.append({})
            moves[-1][low] = (self.number(group), inside)
            self._waiting += 1
            if self._waiting >= MOST_WAITING:
                self._carry_out()

    def move_all(self, learner_ids: Sequence[int], group: int, *, inside: bool) -> None:
        """`move` of several learners."""
        if len(learner_ids) < MANY_ALIKE:
            for learner_id in learner_ids:
                self.move(learner_id, group, inside=inside)
            return
        by_page: dict[int, list[int]] = defaultdict(list)
        for learner_id in learner_ids:
            by_page[learner_id >> PAGE_BITS].append(learner_id & (PAGE - 1))
        moved = self.number(group), inside
        for number in by_page.keys() & self._pages.keys():
            lows = by_page[number]
            self._moves.setdefault(number, []).append(dict.fromkeys(lows, moved))
            self._waiting += len(lows)
        if self._waiting >= MOST_WAITING:
            self._carry_out()

    def _carry_out(self) -> None:
        """Put the moves that wait into the rows; many at once cost little more than one."""
        for page_number, rounds in self._moves.items():
            page = self._pages[page_number]
            if len(self.number_of) > np.iinfo(page.groups.dtype).max:
                # Made anew when asked for, with room for such numbers.
                del self._pages[page_number]
                continue
            # A learner moves once a round.
            for moves in rounds:
                numbers, inside = zip(*moves.values(), strict=True)
                page.move(
                    np.array(list(moves), np.intp), np.array(numbers, np.intp), np.array(inside, np.bool_)
                )
        self._moves.clear()
        self._waiting = 0

    def of(self, learners: Ids) -> tuple[Numbers, Numbers]:
        """Two parallel arrays: places in `learners` (which are in order), and numbers of groups."""
        self._carry_out()
        who: list[Numbers] = []
        numbers: list[Numbers] = []
        start = 0
        while start < len(learners):
            number = int(learners[start]) >> PAGE_BITS
            end = int(np.searchsorted(learners, (number + 1) << PAGE_BITS))
            page = self._pages.get(number) or self._make(number)
            lows = (learners[start:end] & (PAGE - 1)).astype(np.intp)
            counts = page.counts[lows].astype(np.intp)
            who.append(np.repeat(np.arange(start, end), counts))
            numbers.append(page.groups[spans(page.first[lows].astype(np.intp), counts)].astype(np.intp))
            start = end
        if not who:
            return NONE, NONE
        return np.concatenate(who), np.concatenate(numbers)

    def prepare(self, number: int) -> None:
        """Make the page of that number now, and not when somebody of it is first asked about."""
        if number not in self._pages:
            self._make(number)

    def _make(self, number: int) -> _Page:
        everybody = BitMap(range(number * PAGE, (number + 1) * PAGE))
        parts: list[tuple[int, npt.NDArray[np.uint16]]] = []
        counts = np.zeros(PAGE, np.intp)
        for group, members in self._members.items():
            part = (ids_of(members & everybody) & (PAGE - 1)).astype(np.uint16)
            if len(part):
                parts.append((self.number(group), part))
                counts[part] += 1
        groups = np.zeros(int(counts.sum()), np.uint16 if len(self.number_of) < 1 << 16 else np.uint32)
        # Group by group into its people's rows: to sort them all at once takes four times the memory of the page.
        ends = starts_of(counts)
        for of_group, part in parts:
            groups[ends[part]] = of_group
            ends[part] += 1
        page = self._pages[number] = _Page(counts, groups)
        return page
