"""What is asked of the largest rules is asked in many steps, between which others have their turn.

Steps are counted, not their time, which depends on the machine.
"""

from collections.abc import Callable
from typing import Any

import pytest

from backend.index import FacetIndex
from backend.index.filters.rested_on import TREES_AT_ONCE
from backend.index.steps import Steps
from backend.rules import (
    AnyFilter,
    Block,
    FieldFilter,
    Filter,
    GroupFilter,
    PathResultFilter,
    Rule,
    canonical_steps,
    describe_parts_steps,
    limits,
    resolve_steps,
)
from benchmarks.engine import ACTIVITIES, GROUPS, put_structure

IN_A_FILTER = limits.RULE_VALUES // limits.BLOCKS // limits.FILTERS


@pytest.fixture(scope="module")
def index() -> FacetIndex:
    made = FacetIndex()
    put_structure(made)
    return made


def _fields(values: int) -> Filter:
    return FieldFilter(1, "in", [f"v{number}" for number in range(values)])


def _groups(values: int) -> Filter:
    return GroupFilter([1 + 7 * number % GROUPS for number in range(values)])


def _paths(values: int) -> Filter:
    return PathResultFilter("not_enrolled", [1 + number % ACTIVITIES for number in range(values)])


def _blocks(made: Callable[[int], Filter]) -> Rule:
    """As many blocks and filters as there may be, with as many values together."""
    groups = GROUPS // limits.BLOCKS
    return Rule(
        [
            Block(
                list(range(1 + groups * block, 1 + groups * (block + 1))),
                filters=[made(IN_A_FILTER)] * limits.FILTERS,
            )
            for block in range(limits.BLOCKS)
        ]
    )


def _nested() -> Rule:
    """One filter that holds the others."""
    inner = [_fields(limits.RULE_VALUES // limits.FILTERS) for _ in range(limits.FILTERS - 1)]
    return Rule([Block(list(range(1, GROUPS + 1)), filters=[AnyFilter(inner)])])


LARGEST: dict[str, Callable[[], Rule]] = {
    "fields": lambda: _blocks(_fields),
    "groups": lambda: _blocks(_groups),
    "paths": lambda: _blocks(_paths),
}
ASKED: dict[str, Callable[[FacetIndex, Rule], Steps[Any]]] = {
    "facets": lambda index, rule: index.facets_steps(rule),
    "spelling": lambda _, rule: canonical_steps(rule),
    "references": lambda index, rule: resolve_steps(rule, index),
    "sentence": lambda index, rule: describe_parts_steps(rule, index),
    "problems": lambda index, rule: index.check_steps(rule),
}


def _count(steps: Steps[Any]) -> int:
    return sum(1 for _ in steps)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("largest", LARGEST)
def test_each_filter_is_a_step(index: FacetIndex, largest: str, asked: str) -> None:
    assert _count(ASKED[asked](index, LARGEST[largest]())) >= limits.BLOCKS * limits.FILTERS


@pytest.mark.parametrize("asked", ["facets", "spelling", "references", "problems"])
def test_each_filter_within_another_is_a_step(index: FacetIndex, asked: str) -> None:
    assert _count(ASKED[asked](index, _nested())) >= limits.FILTERS - 1


def test_the_subgroups_of_thousands_of_groups_are_many_steps(index: FacetIndex) -> None:
    assert _count(index.facets_steps(Rule([Block(list(range(1, GROUPS + 1)))]))) >= GROUPS / TREES_AT_ONCE


def test_what_a_small_rule_rests_on_is_told_in_a_step_a_part(index: FacetIndex) -> None:
    rule = Rule([Block([1, 2], filters=[_fields(3), _groups(2), _paths(2)])])
    # The block, each of its filters, and the end: more would take longer than what is told.
    assert _count(index.facets_steps(rule)) <= 5
