"""Questions about columns as a view of the index has them: codes of the learners whose values change, and functions that ask the view."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from pyroaring import BitMap

from backend.index.facts.arrays import Flags, Ids, Numbers, bitmap_of, ids_of
from backend.index.facts.learner_facts import Facts
from backend.index.facts.structure import Structure
from backend.index.vectors.questions import Questions
from backend.rules import Facet, Filter


class SupposedQuestions(Questions):
    """Shares the columns and the answers. A value that no column knows has no code: whoever has it is asked one by one."""

    def __init__(self, real: Questions, facts: Facts, structure: Structure) -> None:
        self.__dict__.update(vars(real))
        self.facts = facts
        self.structure = structure
        self._one: dict[Facet, dict[int, int]] = defaultdict(dict)
        self._many: dict[Facet, list[tuple[BitMap, int]]] = defaultdict(list)
        # By facet, who has a value without a code.
        self.unknown: dict[Facet, BitMap] = {}

    def number(self, leaf: Filter) -> int | None:  # noqa: ARG002 - it is asked about each
        """None: functions made for a view ask its facts, not the columns."""
        return None

    def real_code(self, facet: Facet, learner_id: int) -> int:
        """The code of the learner's value in the real index."""
        return self.columns[facet].at(learner_id)

    def suppose(self, facet: Facet, learner_id: int, value: Any) -> int | None:
        """The learner has this value; its code, if it has one."""
        code = self._known_code(facet, value)
        self._tell_unknown(facet, BitMap([learner_id]), code)
        self._one[facet][learner_id] = 0 if code is None else code
        return code

    def suppose_many(self, facet: Facet, learners: BitMap, value: Any) -> None:
        """The same of many."""
        code = self._known_code(facet, value)
        self._tell_unknown(facet, learners, code)
        for learner_id in learners & BitMap(self._one[facet]):
            del self._one[facet][learner_id]
        self._many[facet].append((learners, 0 if code is None else code))

    def _known_code(self, facet: Facet, value: Any) -> int | None:
        return 0 if value is None else self.columns[facet].code_of.get(value)

    def _tell_unknown(self, facet: Facet, learners: BitMap, code: int | None) -> None:
        before = self.unknown.get(facet, BitMap())
        self.unknown[facet] = before | learners if code is None else before - learners

    def supposed_code(self, facet: Facet, learner_id: int) -> int | None:
        """The code of the learner's value now; None where it has none."""
        if learner_id in self.unknown.get(facet, ()):
            return None
        one = self._one.get(facet, {}).get(learner_id)
        if one is not None:
            return one
        many = reversed(self._many.get(facet, []))
        found = next((code for learners, code in many if learner_id in learners), None)
        return self.real_code(facet, learner_id) if found is None else found

    def codes(self, learners: Ids) -> Numbers:
        found = np.zeros((len(self.slots), len(learners)), np.intp)
        places = learners.astype(np.intp)
        for facet, slot in self.slots.items():
            found[slot] = self.columns[facet].of(places)
        everybody = bitmap_of(learners)
        for facet, many in self._many.items():
            for some, code in many:
                found[self.slots[facet], np.searchsorted(learners, ids_of(some & everybody))] = code
        for facet, one in self._one.items():
            for learner_id in everybody & BitMap(one):
                found[self.slots[facet], np.searchsorted(learners, learner_id)] = one[learner_id]
        return found

    def unknown_among(self, learners: Ids) -> Iterable[tuple[int, Flags]]:
        """By slot, which of the learners have a value without a code."""
        for facet, unknown in self.unknown.items():
            if unknown:
                yield self.slots[facet], np.isin(learners, ids_of(unknown))
