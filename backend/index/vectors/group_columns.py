"""Learners in the groups that rules name, as arrays: each such group that holds somebody, directly or by a subgroup, at once."""

from collections.abc import Iterable, Iterator

import numpy as np

from backend.index.facts.arrays import NONE, Flags, Ids, Numbers, spans, starts_of
from backend.index.facts.structure import Structure
from backend.index.vectors.learner_rows import GroupRows


class GroupColumns:
    """A column for each group that is named, with its subgroups or without, from 1 on; column 0 holds everybody."""

    def __init__(self, rows: GroupRows) -> None:
        self._rows = rows
        self._columns: dict[tuple[int, bool], int] = {}
        self._places: dict[int, int] = {}
        self._place_of: Numbers = NONE
        self._holding: Numbers = NONE
        self._holding_first: Numbers = NONE
        self._holding_many: Numbers = NONE

    def build(self, structure: Structure, named: Iterable[tuple[int, bool]]) -> None:
        """Give a column to each group that is named (and whether with its subgroups), and tell which columns hold a group's members."""
        self._columns = {one: column for column, one in enumerate(sorted(named), 1)}
        self._places = {group: place for place, group in enumerate(structure.groups, 1)}
        self._place_of = NONE
        # A group that is gone holds nobody: place 0.
        holding = [[], *(list(self._columns_holding(group, structure)) for group in structure.groups)]
        self._holding_many = np.array([len(columns) for columns in holding], np.intp)
        self._holding_first = starts_of(self._holding_many)
        self._holding = np.array([column for columns in holding for column in columns], np.intp)

    def _columns_holding(self, group: int, structure: Structure) -> Iterator[int]:
        for one in ((group, False), *((above, True) for above in structure.ancestors(group))):
            if one in self._columns:
                yield self._columns[one]

    @property
    def count(self) -> int:
        """How many columns `inside` has."""
        return len(self._columns) + 1

    def column(self, group: int, *, subgroups: bool) -> int:
        """The column of `inside` that says who is in the group, with or without its subgroups."""
        return self._columns[group, subgroups]

    def inside(self, learners: Ids) -> Flags:
        """By learner (rows) and column: whether they are in that group."""
        who, numbers = self._rows.of(learners)
        found = np.zeros((len(learners), self.count), np.bool_)
        found[:, 0] = True
        at = self._place_of_numbers()[numbers]
        many = self._holding_many[at]
        columns = self._holding[spans(self._holding_first[at], many)]
        found.reshape(-1)[np.repeat(who * self.count, many) + columns] = True
        return found

    def _place_of_numbers(self) -> Numbers:
        numbers = self._rows.number_of
        if len(self._place_of) != len(numbers):
            self._place_of = np.array([self._places.get(group, 0) for group in numbers], np.intp)
        return self._place_of
