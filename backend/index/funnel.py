"""How each filter narrows a block: what remains after it, and what the block would be without it."""

import msgspec
from pyroaring import BitMap

from backend.index.evaluating import Evaluator
from backend.rules import Block


class FilterPreview(msgspec.Struct, frozen=True):
    """`remaining`: the people left after this filter, in order; `without`: the block's total if it were removed."""

    remaining: int
    without: int


class BlockPreview(msgspec.Struct, frozen=True):
    """`groups_total`: the people of the groups; `total`: those of them for whom every filter holds."""

    total: int
    groups_total: int
    filters: list[FilterPreview]


def funnel(evaluator: Evaluator, block: Block) -> tuple[BitMap, BlockPreview]:
    """The people of the block (not to be changed) and its counts: each filter once, from both ends."""
    sets = [evaluator.filter(found) for found in block.filters]
    before = [evaluator.base(block)]
    for found in sets:
        before.append(found.within(before[-1]))
    after = [before[0]] * len(sets)
    for i in range(len(sets) - 1, 0, -1):
        after[i - 1] = sets[i].within(after[i])
    filters = [
        FilterPreview(len(before[i + 1]), before[i].intersection_cardinality(after[i]))
        for i in range(len(sets))
    ]
    return before[-1], BlockPreview(len(before[-1]), len(before[0]), filters)


def nearly(evaluator: Evaluator, block: Block) -> list[BitMap]:
    """For each filter of the block, the people for whom all but this one holds."""
    sets = [evaluator.filter(found) for found in block.filters]
    missed = []
    for i, left_out in enumerate(sets):
        people = left_out.complement().within(evaluator.base(block))
        for j, other in enumerate(sets):
            if j != i:
                people = other.within(people)
        missed.append(people)
    return missed
