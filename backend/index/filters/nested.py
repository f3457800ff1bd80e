"""Filters made of filters: the evaluator asks the inner ones, and here their answers are put together."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from backend.index.facts.signed_sets import EVERYBODY, NOBODY, Signed, all_of, in_any
from backend.index.filters.base import Asked
from backend.index.steps import Steps
from backend.rules.filters.nested import AllFilter, AnyFilter, AtLeastFilter, Combination, NoneFilter


def combined_steps(found: Combination, sets: Sequence[Signed]) -> Steps[Signed]:
    """The people for whom the filter holds, from those for whom each inner one does."""
    match found:
        case AllFilter():
            return all_of(sets)
        case AnyFilter():
            return in_any(sets)
        case NoneFilter():
            return in_any(sets).complement()
        case AtLeastFilter():
            return (yield from at_least_steps(sets, found.count))
        case _:
            assert_never(found)


def at_least_steps(sets: Sequence[Signed], count: int) -> Steps[Signed]:
    """Those in so many of the sets, or more."""
    if 2 * count > len(sets) + 1:
        # Asked the other way round there are fewer to remember: not in so many that too few are left.
        outside = yield from at_least_steps([one.complement() for one in sets], len(sets) - count + 1)
        return outside.complement()
    # By number, who is in so many of the sets seen so far.
    reached = [EVERYBODY, *[NOBODY] * count]
    for one in sets:
        for number in range(count, 0, -1):
            reached[number] = reached[number].either(reached[number - 1].both(one))
            yield
    return reached[count]


def combined_answers(found: Combination, inner: Sequence[Asked]) -> Asked:
    """The same of one learner."""
    match found:
        case AllFilter():
            return lambda learner: all(_asked(inner, learner))
        case AnyFilter():
            return lambda learner: any(_asked(inner, learner))
        case NoneFilter():
            return lambda learner: not any(_asked(inner, learner))
        case AtLeastFilter(count=count):
            return lambda learner: sum(_asked(inner, learner)) >= count
        case _:
            assert_never(found)


def _asked(inner: Sequence[Asked], learner: int) -> Iterable[bool]:
    return (asked(learner) for asked in inner)
