"""How each filter narrows a block: what remains after it, and what the block would be without it."""

import msgspec
from pyroaring import BitMap

from backend.index.evaluating.evaluator import Evaluator
from backend.index.steps import Steps, each_of
from backend.rules import Block, Rule


class FilterPreview(msgspec.Struct, frozen=True):
    """`remaining`: the people left after this filter, in order; `without`: the block's total if it were removed."""

    remaining: int
    without: int


class BlockPreview(msgspec.Struct, frozen=True):
    """`groups_total`: the people of the groups; `total`: those of them for whom every filter holds."""

    total: int
    groups_total: int
    filters: list[FilterPreview]


def funnel_steps(evaluator: Evaluator, block: Block) -> Steps[tuple[BitMap, BlockPreview]]:
    """The people of the block (not to be changed) and its counts: each filter once, from both ends."""
    sets = yield from each_of(map(evaluator.filter_steps, block.filters))
    before = [(yield from evaluator.base_steps(block))]
    for found in sets:
        before.append(found.within(before[-1]))
        yield
    after = [before[0]] * len(sets)
    for i in range(len(sets) - 1, 0, -1):
        after[i - 1] = sets[i].within(after[i])
        yield
    filters = []
    for i in range(len(sets)):
        filters.append(FilterPreview(len(before[i + 1]), before[i].intersection_cardinality(after[i])))
        yield
    return before[-1], BlockPreview(len(before[-1]), len(before[0]), filters)


def nearly_steps(evaluator: Evaluator, rule: Rule) -> Steps[BitMap]:
    """Those whom one filter of a block keeps out, and nothing else; a new bitmap."""
    missed = BitMap()
    for block in rule.blocks:
        for people in (yield from missing_one_steps(evaluator, block)):
            missed |= people
    members = yield from evaluator.rule_steps(rule)
    return missed - members - BitMap(rule.exclude)


def missing_one_steps(evaluator: Evaluator, block: Block) -> Steps[list[BitMap]]:
    """For each filter of the block, the people for whom all but this one holds."""
    sets = yield from each_of(map(evaluator.filter_steps, block.filters))
    base = yield from evaluator.base_steps(block)
    missed = []
    for i, left_out in enumerate(sets):
        people = left_out.complement().within(base)
        for j, other in enumerate(sets):
            if j != i:
                people = other.within(people)
                yield
        missed.append(people)
    return missed
