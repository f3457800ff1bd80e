"""Learners in the tree of groups, as arrays: each group that holds somebody, directly or by a subgroup, at once."""

import numpy as np

from backend.index.arrays import NONE, Flags, Ids, Numbers, spans, starts_of
from backend.index.rows import GroupRows
from backend.index.structure import Structure


class GroupPlaces:
    """A place for each group of the tree, from 1 on; place 0 holds everybody."""

    def __init__(self, rows: GroupRows) -> None:
        self._rows = rows
        self._places: dict[int, int] = {}
        self._place_of: Numbers = NONE
        self._above: Numbers = NONE
        self._above_first: Numbers = NONE
        self._above_count: Numbers = NONE

    def plant(self, structure: Structure) -> None:
        """Give each group a place from 1 on, and to each place the places above it, with itself."""
        self._places = {group: place for place, group in enumerate(structure.groups, 1)}
        self._place_of = NONE
        above = [
            [0],
            *([self._places[up] for up in structure.ancestors(group)] for group in structure.groups),
        ]
        self._above_count = np.array([len(some) for some in above], np.intp)
        self._above_first = starts_of(self._above_count)
        self._above = np.array([place for some in above for place in some], np.intp)

    @property
    def count(self) -> int:
        """How many rows `inside` tells."""
        return 2 * (len(self._places) + 1)

    def row(self, group: int, *, subgroups: bool) -> int:
        """The row of what `inside` tells that says who is in the group, with or without its subgroups."""
        return self._places[group] + (0 if subgroups else len(self._places) + 1)

    def inside(self, learners: Ids) -> Flags:
        """By place in the tree (rows) and learner (columns): in that group or below it; then the same for that group itself."""
        who, numbers = self._rows.of(learners)
        places = len(self._places) + 1
        people = len(learners)
        found = np.zeros((self.count, people), np.bool_)
        found[0] = True
        flat = found.reshape(-1)
        at = self._place_of_numbers()[numbers]
        flat[(places + at) * people + who] = True
        counts = self._above_count[at]
        flat[self._above[spans(self._above_first[at], counts)] * people + np.repeat(who, counts)] = True
        return found

    def _place_of_numbers(self) -> Numbers:
        numbers = self._rows.number_of
        if len(self._place_of) != len(numbers):
            # A group that is gone holds nobody: its members go to the place that holds everybody.
            self._place_of = np.array([self._places.get(group, 0) for group in numbers], np.intp)
        return self._place_of
