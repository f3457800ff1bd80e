"""A view of an index answers as an index would in which it had happened, and leaves no trace in the real one."""

from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from backend.index import BrokenRule, Change, FacetIndex
from backend.index.evaluating import evaluator
from backend.index.facts.slots import FACETS, bitmap_at, slots_of
from backend.index.supposing import SupposedIndex
from backend.rules import Rule
from backend.runtime import clock
from tests import naive
from tests.naive.making import DAY

SEEDS = st.integers(0, 2**32)
RULES = st.lists(naive.rules(), min_size=1, max_size=8)


def contents(index: FacetIndex) -> dict[Any, Any]:
    """Every fact and every row."""
    found: dict[Any, Any] = {
        slot: set(bitmap_at(index.facts, slot) or ())
        for facet in FACETS
        for slot in slots_of(index.facts, facet)
    }
    found["countable"] = set(index.countable)
    return {key: people for key, people in found.items() if people} | dict(index.structure.rows())


def answers(index: FacetIndex, rules: list[Rule]) -> list[Any]:
    """The people of the rules; of a broken one the problems."""
    found: list[Any] = []
    for rule in rules:
        try:
            found.append(set(index.evaluate(rule, DAY)))
        except BrokenRule as broken:
            found.append([problem.code for problem in broken.problems])
    return found


def suppose(view: SupposedIndex, changes: list[Change], random: Random) -> None:
    """One by one, or as one change of the people who have the same from then on."""
    for change in changes:
        if change.learner_id is None:
            view.suppose_row(change.facet, change.ref_id or 0, change.new)
        elif random.random() < 0.5:
            view.suppose(change.facet, change.learner_id, change.ref_id, change.new)
        else:
            view.suppose_many(change.facet, BitMap([change.learner_id]), change.ref_id, change.new)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(SEEDS, RULES, st.integers(1, 40), st.sampled_from([2, 8]))
def test_a_view_answers_as_if_it_had_happened(
    seed: int, rules: list[Rule], steps: int, worth_remembering: int
) -> None:
    was, evaluator.WORTH_REMEMBERING = evaluator.WORTH_REMEMBERING, worth_remembering
    try:
        random = Random(seed)
        world = naive.make_world(seed, naive.Sizes(random.choice([0, 5, 24])))
        index, start = world.index(), len(world.log)
        # What is remembered of the real index is of use to the view, and what the view remembers is not to it.
        before, answered = contents(index), answers(index, rules)
        view = SupposedIndex(index, clock.now())
        for _ in range(steps):
            naive.change_something(world, random)
            if random.random() < 0.3:
                suppose(view, world.log[start:], random)
                start = len(world.log)
                answers(view, rules)
        suppose(view, world.log[start:], random)
        happened = world.index()
        assert answers(view, rules) == answers(happened, rules)
        assert contents(view) == contents(happened)
        assert contents(index) == before
        assert answers(index, rules) == answered
    finally:
        evaluator.WORTH_REMEMBERING = was
