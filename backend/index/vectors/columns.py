"""One scalar fact by learner, as codes: 0 is no value, and codes are numbered as values come.

Of a column that most people have a value in, there is a code for everybody; of one that few have, their ids beside their codes.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from backend.index.facts.arrays import Ids, Numbers, ids_of
from backend.index.facts.values import Values

Codes = npt.NDArray[Any]
# Where fewer than one in so many have a value, an id beside each code takes less than a code for everybody.
FEW_IN = 8
# Bitmaps of one code, which all columns share: nobody changes them.
MOST_SHARED = 65_536


def kind_for(count: int) -> type[np.unsignedinteger[Any]]:
    """The smallest type for so many codes."""
    return np.uint8 if count < 1 << 8 else np.uint16 if count < 1 << 16 else np.uint32


@lru_cache(maxsize=MOST_SHARED)
def _only(code: int) -> BitMap:
    return BitMap([code])


class _Everybody:
    """A code for each learner up to the last one with a value."""

    def __init__(self, codes: Codes) -> None:
        self.codes = codes

    def move(self, learner_id: int, code: int) -> None:
        if learner_id >= len(self.codes):
            grown = np.zeros(max(learner_id + 1, len(self.codes) * 5 // 4), self.codes.dtype)
            grown[: len(self.codes)] = self.codes
            self.codes = grown
        if code >= 1 << 8 * self.codes.itemsize:
            self.codes = self.codes.astype(kind_for(code + 1))
        self.codes[learner_id] = code

    def at(self, learner_id: int) -> int:
        return int(self.codes[learner_id]) if learner_id < len(self.codes) else 0

    def of(self, learners: Ids | Numbers) -> Codes:
        # Nobody beyond the end has a value.
        known = int(np.searchsorted(learners, len(self.codes)))
        if known == len(learners):
            return self.codes[learners]
        found = np.zeros(len(learners), self.codes.dtype)
        found[:known] = self.codes[learners[:known]]
        return found


class _Few:
    """The ids of those who have a value, in order, and their codes; what was moved is put in when somebody asks."""

    def __init__(self, ids: Ids, codes: Codes) -> None:
        self.ids, self.codes = ids, codes
        self._moved: dict[int, int] = {}

    def move(self, learner_id: int, code: int) -> None:
        self._moved[learner_id] = code

    def at(self, learner_id: int) -> int:
        moved = self._moved.get(learner_id)
        if moved is not None:
            return moved
        place = int(np.searchsorted(self.ids, learner_id))
        return int(self.codes[place]) if place < len(self.ids) and self.ids[place] == learner_id else 0

    def of(self, learners: Ids | Numbers) -> Codes:
        self._put_in()
        found = np.zeros(len(learners), self.codes.dtype)
        places = np.searchsorted(self.ids, learners)
        places[places == len(self.ids)] = 0
        held = self.ids[places] == learners if len(self.ids) else np.zeros(len(learners), np.bool_)
        found[held] = self.codes[places[held]]
        return found

    def _put_in(self) -> None:
        if not self._moved:
            return
        moved = np.array(sorted(self._moved), np.uint32)
        codes = np.array([self._moved[int(one)] for one in moved])
        self._moved = {}
        if int(codes.max()) >= 1 << 8 * self.codes.itemsize:
            self.codes = self.codes.astype(kind_for(int(codes.max()) + 1))
        places = np.searchsorted(self.ids, moved)
        known = np.zeros(len(moved), np.bool_)
        inside = places < len(self.ids)
        known[inside] = self.ids[places[inside]] == moved[inside]
        self.codes[places[known]] = codes[known]
        # Who has a value no longer stays, with none.
        new = ~known & (codes != 0)
        self.ids = np.insert(self.ids, places[new], moved[new])
        self.codes = np.insert(self.codes, places[new], codes[new].astype(self.codes.dtype))


class Column:
    """The codes of one fact, and the values that they stand for."""

    def __init__(self, values: Values[Any], *, numbered: Iterable[Any] = ()) -> None:
        self.code_of: dict[Any, int] = {}
        # The same values with their codes in the place of learners: rules are asked about them as about people.
        self.coded: Values[Any] = Values()
        for value in (*numbered, *(value for value, _ in values.items())):
            self.code(value)
        self._top = int(values.present.max()) + 1 if values.present else 1
        self._kept: _Everybody | _Few
        if len(values.present) * FEW_IN < self._top:
            ids = ids_of(values.present)
            codes = np.zeros(len(ids), kind_for(self.count))
            for value, learners in values.items():
                codes[np.searchsorted(ids, ids_of(learners))] = self.code_of[value]
            self._kept = _Few(ids, codes)
        else:
            codes = np.zeros(self._top, kind_for(self.count))
            for value, learners in values.items():
                codes[ids_of(learners)] = self.code_of[value]
            self._kept = _Everybody(codes)

    @property
    def count(self) -> int:
        """How many codes there are, with 0."""
        return len(self.code_of) + 1

    @property
    def size(self) -> int:
        """In bytes."""
        kept = self._kept
        return kept.codes.nbytes + (kept.ids.nbytes if isinstance(kept, _Few) else 0)

    def code(self, value: Any) -> int:
        """The code of a value; a new one for a new value."""
        if value is None:
            return 0
        found = self.code_of.get(value)
        if found is None:
            found = self.code_of[value] = self.count
            self.coded.fill(value, _only(found))
        return found

    def move(self, learner_id: int, code: int) -> None:
        """The learner's value is now this one."""
        self._top = max(self._top, learner_id + 1)
        self._kept.move(learner_id, code)

    def at(self, learner_id: int) -> int:
        """The code of one learner."""
        return self._kept.at(learner_id)

    def of(self, learners: Ids | Numbers) -> Codes:
        """The codes of the learners, who are in order."""
        kept = self._kept
        found = kept.of(learners)
        if isinstance(kept, _Few) and len(kept.ids) * FEW_IN > 2 * self._top:
            # By now many have a value.
            codes = np.zeros(self._top, kept.codes.dtype)
            codes[kept.ids] = kept.codes
            self._kept = _Everybody(codes)
        return found
