"""The people behind a number: any count on the builder's screen can be opened."""

from typing import Literal

from pyroaring import BitMap

from backend.index.evaluating.evaluator import Evaluator
from backend.index.evaluating.funnel import missing_one_steps
from backend.index.steps import Steps
from backend.rules import Rule

Tab = Literal["members", "included", "excluded", "groups", "block", "remaining", "without", "nearly"]


def select_steps(
    evaluator: Evaluator, rule: Rule, tab: Tab, block: int = 0, filter_: int = 0
) -> Steps[BitMap]:
    """The people behind a number of the preview; not to be changed by the caller.

    Of the block at `block`: `groups` before any filter, `block` after all, `remaining` after the filter at `filter_`,
    `without` that filter, `nearly` those who fail only that filter. Raises `IndexError` when there is no such part.
    """
    if tab == "members":
        return (yield from evaluator.rule_steps(rule))
    if tab in {"included", "excluded"}:
        return evaluator.countable & BitMap(rule.include if tab == "included" else rule.exclude)
    chosen = rule.blocks[block]
    if tab == "groups":
        return (yield from evaluator.base_steps(chosen))
    if tab == "block":
        return (yield from evaluator.block_steps(chosen))
    _ = chosen.filters[filter_]
    if tab == "nearly":
        return (yield from missing_one_steps(evaluator, chosen))[filter_]
    people = yield from evaluator.base_steps(chosen)
    for i, found in enumerate(chosen.filters):
        if (i <= filter_) if tab == "remaining" else (i != filter_):
            people = (yield from evaluator.filter_steps(found)).within(people)
            yield
    return people


def page(people: BitMap, after: int, limit: int) -> list[int]:
    """Up to `limit` ids above `after`, in order."""
    found: list[int] = []
    for learner_id in people.iter_equal_or_larger(after + 1):
        if len(found) == limit:
            break
        found.append(learner_id)
    return found
