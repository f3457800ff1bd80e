"""The index agrees with plain loops: members, counts, funnel, explanation, forecast, after any changes, on any day."""

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from pyroaring import BitMap

from backend.index import Change, FacetIndex, Node
from backend.index.evaluating.evaluator import Evaluator
from backend.index.evaluating.forecast import forecast_steps
from backend.index.explaining.explainer import BlockNode, Explainer, Explanation
from backend.index.explaining.fact_reader import FactReader
from backend.index.steps import finish
from backend.rules import Block, Filter, Nested, Rule
from tests import naive
from tests.naive.making import DAY

SEEDS = st.integers(0, 2**32)
DAYS = st.sampled_from([-60, -31, -30, -1, 0, 1, 29, 30, 31, 400]).map(
    lambda ahead: DAY + timedelta(days=ahead)
)
SIZES = st.builds(naive.Sizes, st.integers(0, 24), st.sampled_from([0.2, 0.6, 1.0]))
MANY = settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
FEWER = settings(MANY, max_examples=400)
# Thousands of worlds take their time on a busy machine.
pytestmark = pytest.mark.timeout(900)


def managers_exist(world: naive.World, index: FacetIndex, rule: Rule) -> None:
    """A rule about a manager who is not there is broken, which other tests look at."""
    assume(not index.check(rule))


# Thousands of times the same lines, which other tests come by too: tracing them takes the time of the suite.
@pytest.mark.no_cover
@MANY
@given(SEEDS, SIZES, naive.rules(), DAYS)
def test_members_count_and_funnel(seed: int, sizes: naive.Sizes, rule: Rule, day: date) -> None:
    world = naive.make_world(seed, sizes)
    index = world.index()
    managers_exist(world, index, rule)
    expected = naive.audience(world, rule, day)
    assert set(index.evaluate(rule, day)) == expected
    preview = index.preview(rule, day, sample=5)
    assert preview.total == len(expected)
    assert preview.sample == sorted(expected)[:5]
    counting = {
        learner for learner in world.learners() if world.fact("status", learner) in ("invited", "active")
    }
    assert preview.included == len(counting & set(rule.include))
    assert preview.excluded == len(counting & set(rule.exclude))
    for block, counted in zip(rule.blocks, preview.blocks, strict=True):
        check_funnel(world, block, counted, day)
    some = BitMap(world.learners()[::2])
    assert set(index.evaluate(rule, day, only=some)) == expected & set(some)
    # About many people the sets of everybody are used and remembered; a segment is not narrowed by it.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("backend.index.evaluating.evaluator.FEW", -1)
        assert set(world.index().evaluate(rule, day, only=some)) == expected & set(some)
        assert set(index.evaluate(rule, day, only=some)) == expected & set(some)
    assert set(index.evaluate(rule, day)) == expected


def check_funnel(world: naive.World, block: Block, counted: Any, day: date) -> None:
    def total(filters: list[Filter]) -> int:
        return len(
            naive.audience_of_block(world, Block(block.groups, block.subgroups, filters, block.everyone), day)
        )

    assert counted.total == total(block.filters)
    assert counted.groups_total == total([])
    for i, each in enumerate(counted.filters):
        assert each.remaining == total(block.filters[: i + 1])
        assert each.without == total(block.filters[:i] + block.filters[i + 1 :])


@FEWER
@given(SEEDS, SIZES, naive.rules(), DAYS)
def test_explanation(seed: int, sizes: naive.Sizes, rule: Rule, day: date) -> None:
    world = naive.make_world(seed, sizes)
    index = world.index()
    managers_exist(world, index, rule)
    expected = naive.audience(world, rule, day)
    for learner in [*world.learners()[:6], 999_999]:
        told = explain(index, rule, learner, day)
        assert told.matches is told.tree.matches is (learner in expected)
        tree = told.tree
        chosen = any(block.matches for block in tree.blocks) or tree.include.matches
        assert tree.matches is (tree.status.matches and chosen and not tree.exclude.matches)
        for block, node in zip(rule.blocks, tree.blocks, strict=True):
            assert node.matches is (node.groups.matches and all(each.matches for each in node.filters))
            if learner in world.learners():
                assert node.matches is naive.in_block(world, block, learner, day)
                check_block(world, block, node, learner, day)
        check_next_change(world, rule, learner, day, told)


def explain(index: FacetIndex, rule: Rule, learner: int, day: date) -> Explanation:
    evaluator = Evaluator(index.facts, index.structure, day)
    return finish(Explainer(evaluator, learner, FactReader(index.facts, index.structure)).explain_steps(rule))


def check_block(world: naive.World, block: Block, told: BlockNode, learner: int, day: date) -> None:
    in_groups = block.everyone or naive.in_groups(world, block.groups, block.subgroups, learner)
    assert told.groups.matches is in_groups
    for found, node in zip(block.filters, told.filters, strict=True):
        check_node(world, found, node, learner, day)


def check_node(world: naive.World, found: Filter, node: Node, learner: int, day: date) -> None:
    assert node.matches is naive.holds(world, found, learner, day)
    turn = node.next_change
    if turn is UNSET:
        for ahead in (1, 2, 31, 60):
            assert naive.holds(world, found, learner, day + timedelta(days=ahead)) is node.matches
    else:
        assert turn.becomes is naive.holds(world, found, learner, turn.date) is not node.matches
        assert naive.holds(world, found, learner, turn.date - timedelta(days=1)) is node.matches
    if isinstance(found, Nested):
        assert isinstance(node.of, list)
        for inner, inner_node in zip(found.of, node.of, strict=True):
            check_node(world, inner, inner_node, learner, day)
    else:
        assert isinstance(node.actual, str)
        assert node.actual


def check_next_change(world: naive.World, rule: Rule, learner: int, day: date, told: Explanation) -> None:
    turn = told.tree.next_change
    if turn is not UNSET:
        assert (learner in naive.audience(world, rule, turn.date)) is turn.becomes is not told.matches
    else:
        assert (learner in naive.audience(world, rule, day + timedelta(days=45))) is told.matches


@pytest.mark.no_cover
@FEWER
@given(SEEDS, SIZES, naive.rules(), st.integers(1, 60))
def test_changes_applied_one_by_one_are_as_if_built_anew(
    seed: int, sizes: naive.Sizes, rule: Rule, steps: int
) -> None:
    world = naive.make_world(seed, sizes)
    index = world.index()
    predicates = index.predicates({"rule": rule})
    random = Random(seed)
    for _ in range(steps):
        sound = not index.check(rule)
        before = index.evaluate(rule, DAY) if sound else None
        known = len(world.log)
        for _ in range(random.randrange(1, 4)):
            naive.change_something(world, random)
        batch = index.apply(world.log[known:])
        affected = index.affected(batch, predicates)
        if batch.structure:
            predicates = index.predicates({"rule": rule})
        if sound and not index.check(rule):
            after = index.evaluate(rule, DAY)
            assert set(after) == naive.audience(world, rule, DAY)
            if after != before:
                assert affected == {"rule"}
                near = batch.learners | managers_told(batch.changes)
                if before is not None and not batch.structure and not near & BitMap([0]):
                    # Outside the changed learners nothing can have changed, unless managers stand between.
                    assert moved_only_near(before ^ after, near, world)
    assert index.apply(world.log).learners == BitMap()
    assert same_state(index, world.fresh().index())


def managers_told(changes: Iterable[Change]) -> BitMap:
    """Who had, or has now, somebody reporting to them."""
    told = (one for change in changes if change.facet == "manager" for one in (change.old, change.new))
    return BitMap(filter(None, told))


def moved_only_near(moved: BitMap, changed: BitMap, world: naive.World) -> bool:
    """Whether everybody who moved changed themselves, or has someone above them who did."""
    for learner in moved - changed:
        boss, seen = world.fact("manager", learner), set[int]()
        while boss is not None and boss not in changed and boss not in seen:
            seen.add(boss)
            boss = world.fact("manager", boss)
        if boss not in changed:
            return False
    return True


def same_state(left: FacetIndex, right: FacetIndex) -> bool:
    return state(left) == state(right)


def state(index: FacetIndex) -> dict[str, Any]:
    """Everything the index holds, comparable."""
    facts = index.facts
    return {
        "rows": list(index.structure.rows()),
        "status": facts.status.bitmaps,
        "countable": facts.countable,
        "language": facts.language.bitmaps,
        "added": facts.added.bitmaps,
        "manager": facts.manager.bitmaps,
        "groups": facts.groups,
        "fields": {field: values.bitmaps for field, values in facts.fields.items()},
        "results": {a: (found.statuses.bitmaps, found.successful) for a, found in facts.results.items()},
        "awards": {certificate: values.bitmaps for certificate, values in facts.awards.items()},
        "enrollments": {
            s: (found.states.bitmaps, found.due.bitmaps) for s, found in facts.enrollments.items()
        },
        "sources": facts.sources,
        "blocked": {method: values.bitmaps for method, values in facts.blocked.items()},
        "exclusions": {session: values.bitmaps for session, values in facts.exclusions.items()},
    }


@FEWER
@given(SEEDS, SIZES, naive.rules(), DAYS)
def test_forecast(seed: int, sizes: naive.Sizes, rule: Rule, first: date) -> None:
    world = naive.make_world(seed, sizes)
    index = world.index()
    managers_exist(world, index, rule)
    last = first + timedelta(days=33)
    totals = finish(forecast_steps(Evaluator(index.facts, index.structure, first, index.cache), rule, last))
    assert [total.date for total in totals] == [first + timedelta(days=ahead) for ahead in range(34)]
    for total in totals:
        assert total.total == len(naive.audience(world, rule, total.date))
