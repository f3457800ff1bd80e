"""Sets of people that may be written as "everybody but": negation costs nothing and needs no universe."""

from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

from pyroaring import BitMap

from backend.index.facts.values import EMPTY


class Signed(NamedTuple):
    """The learners in `bits`, or when `negated` everybody else. `bits` may be shared: never change it."""

    bits: BitMap
    negated: bool = False

    def complement(self) -> "Signed":
        """Everybody else."""
        return Signed(self.bits, not self.negated)

    def both(self, other: "Signed") -> "Signed":
        """Those in this and the other."""
        if self.negated:
            if other.negated:
                return Signed(self.bits | other.bits, negated=True)
            return Signed(other.bits - self.bits)
        return Signed(self.bits - other.bits if other.negated else self.bits & other.bits)

    def either(self, other: "Signed") -> "Signed":
        """Those in this or the other."""
        return self.complement().both(other.complement()).complement()

    def within(self, people: BitMap) -> BitMap:
        """Those of `people` who are in it; a new bitmap."""
        return people - self.bits if self.negated else people & self.bits

    def holds(self, learner_id: int) -> bool:
        """Whether the learner is in it."""
        return (learner_id in self.bits) is not self.negated


NOBODY = Signed(EMPTY)
EVERYBODY = Signed(EMPTY, negated=True)


def all_of(sets: Iterable[Signed]) -> Signed:
    """Those in every one; everybody when there is none."""
    return reduce(Signed.both, sets, EVERYBODY)


def in_any(sets: Iterable[Signed]) -> Signed:
    """Those in at least one; nobody when there is none."""
    return reduce(Signed.either, sets, NOBODY)
