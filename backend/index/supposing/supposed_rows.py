"""Learners' rows as a view of the index has them: of the groups that change, members are read from the view."""

from collections.abc import Iterable

import numpy as np
from pyroaring import BitMap

from backend.index.facts.arrays import NONE, Ids, Numbers, bitmap_of, ids_of
from backend.index.facts.learner_facts import Facts
from backend.index.facts.structure import Structure
from backend.index.vectors.group_columns import GroupColumns
from backend.index.vectors.learner_rows import GroupRows


class SupposedRows(GroupRows):
    """Which groups a learner is in directly."""

    def __init__(self, real: GroupRows, facts: Facts, known: int) -> None:
        """`known`: the real rows know the learners below this number."""
        self.__dict__.update(vars(real))
        self._real = real
        self._facts = facts
        self._known = known
        self._touched: dict[int, int] = {}

    def touch(self, group: int) -> None:
        """Who is in the group is asked of the view from here on."""
        if group not in self._touched:
            self._touched[group] = self.number(group)

    def of(self, learners: Ids) -> tuple[Numbers, Numbers]:
        who, numbers = self._real.of(learners[: np.searchsorted(learners, self._known)])
        if not self._touched:
            return who, numbers
        kept = ~np.isin(numbers, np.fromiter(self._touched.values(), np.intp))
        everybody = bitmap_of(learners)
        found = [(who[kept], numbers[kept])]
        for group, number in self._touched.items():
            inside = ids_of(self._facts.members(group) & everybody)
            if len(inside):
                found.append((np.searchsorted(learners, inside), np.full(len(inside), number, np.intp)))
        who, numbers = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return who, numbers


class SupposedColumns(GroupColumns):
    """Learners in the groups that rules name; of groups that move it is told anew where their members count."""

    def __init__(self, real: GroupColumns, rows: SupposedRows) -> None:
        self.__dict__.update(vars(real))
        self._rows = rows
        self._place_of = NONE

    def regroup(self, structure: Structure, groups: Iterable[int]) -> None:
        """These groups stand elsewhere, are new, or gone."""
        self._places = dict(self._places)
        many: list[int] = []
        holding: list[int] = []
        first = len(self._holding)
        for group in groups:
            columns = list(self._columns_holding(group, structure)) if group in structure.groups else []
            self._places[group] = len(self._holding_many) + len(many)
            many.append(len(columns))
            holding += columns
        counts = np.array(many, np.intp)
        self._holding_first = np.append(self._holding_first, first + np.cumsum(counts) - counts)
        self._holding_many = np.append(self._holding_many, counts)
        self._holding = np.append(self._holding, np.array(holding, np.intp))
        self._place_of = NONE


def known_below(facts: Facts) -> int:
    """One more than the highest id of anybody there is."""
    everybody: BitMap = facts.status.present
    return int(everybody.max()) + 1 if everybody else 0
