"""How many people a rule has, and why so many."""

from datetime import date

import msgspec
from pyroaring import BitMap

from backend.index.evaluating.evaluator import Evaluator
from backend.index.evaluating.funnel import BlockPreview, funnel_steps
from backend.index.evaluating.session_counts import blocked_elsewhere
from backend.index.steps import Steps
from backend.rules import Rule


class Preview(msgspec.Struct, frozen=True):
    """How many people a rule has, and why so many. `sample` holds the lowest ids."""

    total: int
    position: int
    as_of: date
    blocks: list[BlockPreview]
    included: int
    excluded: int
    blocked: int
    sample: list[int]


def preview_steps(
    evaluator: Evaluator, rule: Rule, position: int, session_id: int | None, sample: int
) -> Steps[Preview]:
    """Counts of the whole rule, of each block and filter, and with a session of the people enrolled elsewhere."""
    found = BitMap()
    blocks = []
    for block in rule.blocks:
        people, counted = yield from funnel_steps(evaluator, block)
        found |= people
        blocks.append(counted)
    facts = evaluator.facts
    included = facts.countable & BitMap(rule.include)
    excluded = facts.countable & BitMap(rule.exclude)
    found |= included
    found -= excluded
    blocked = (
        0 if session_id is None else len(blocked_elsewhere(facts, evaluator.structure, session_id, found))
    )
    return Preview(
        len(found),
        position,
        evaluator.day,
        blocks,
        len(included),
        len(excluded),
        blocked,
        list(found[:sample]),
    )
