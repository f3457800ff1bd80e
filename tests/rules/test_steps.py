"""A rule at its limits is worked on in steps, so that no step of it holds the event loop for long."""

import gc
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from backend.index.evaluating.evaluator import Evaluator
from backend.index.explaining.explainer import Explainer
from backend.index.explaining.fact_reader import FactReader
from backend.index.steps import Steps
from backend.rules import (
    Rule,
    canonical,
    canonical_steps,
    convert,
    describe,
    describe_parts_steps,
    limits,
    resolve,
    resolve_steps,
)
from tests import naive

DAY = date(2026, 3, 29)
OPTIONS = 2_000
FIELDS = range(1, limits.FILTERS + 1)
# What nobody should wait behind is 10 ms; a tenth of a second of the processor would be no step at all, and no machine is so slow.
LONGEST_STEP_SECONDS = 0.1


@pytest.fixture(scope="module")
def world() -> naive.World:
    made = naive.World()
    made.put("learner_group", 1, {"name": "G"})
    options = [f"o{i}" for i in range(OPTIONS)]
    for field in FIELDS:
        made.put(
            "field", field, {"key": f"f{field}", "name": f"F{field}", "type": "choice", "options": options}
        )
    for learner in range(1, 400):
        made.set("status", learner, None, "active")
        made.set("membership", learner, 1, "member")
        made.set("field", learner, 1, options[learner % 7])
    return made


def filters(number: int, values: int) -> list[dict[str, Any]]:
    return [
        {"type": "field", "field": field, "op": "not_in", "values": [f"o{i}" for i in range(values)]}
        for field in FIELDS[:number]
    ]


def at_the_limits() -> Iterator[tuple[str, dict[str, Any], int]]:
    """Rules with as many values as there may be: in many filters, and in few large ones; and how many filters."""
    each = limits.RULE_VALUES // (limits.BLOCKS * limits.FILTERS)
    many = {"groups": [1], "filters": filters(limits.FILTERS, each)}
    yield (
        "many",
        {"blocks": [many] * limits.BLOCKS, "include": list(range(1, 400))},
        limits.BLOCKS * limits.FILTERS,
    )
    large = {"groups": [1], "filters": filters(limits.FILTERS, OPTIONS)}
    yield "large", {"blocks": [large]}, limits.FILTERS


def longest_step(steps: Steps[Any]) -> tuple[Any, int, float]:
    """The result, how many steps, and the longest of them in seconds of the processor."""
    number, longest = 0, 0.0
    while True:
        began = time.thread_time()
        try:
            next(steps)
        except StopIteration as done:
            return done.value, number, max(longest, time.thread_time() - began)
        longest = max(longest, time.thread_time() - began)
        number += 1


@pytest.mark.parametrize(
    ("shape", "raw", "count"),
    list(at_the_limits()),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_work_on_a_rule_is_cut_into_steps(
    world: naive.World, shape: str, raw: dict[str, Any], count: int
) -> None:
    index = world.index()
    (resolved, problems), *_ = longest_step(resolve_steps(convert(raw), index))
    assert problems == [], shape
    rule: Rule = resolved
    works: dict[str, Callable[[], Steps[Any]]] = {
        "resolve": lambda: resolve_steps(convert(raw), index),
        "canonical": lambda: canonical_steps(rule),
        "describe": lambda: describe_parts_steps(rule, index),
        "check": lambda: index.check_steps(rule),
        "preview": lambda: index.preview_steps(rule, DAY),
    }
    explainer = Explainer(
        Evaluator(index.facts, index.structure, DAY), 7, FactReader(index.facts, index.structure)
    )
    if shape == "large":
        works["explain"] = lambda: explainer.explain_steps(rule)
    # Cyclic garbage is looked for in a process whose index is frozen out of it; here it would be what is measured.
    gc.disable()
    try:
        for name, work in works.items():
            _, number, longest = longest_step(work())
            assert number >= count, name
            assert longest < LONGEST_STEP_SECONDS, name
    finally:
        gc.enable()
    assert canonical(rule) == longest_step(canonical_steps(rule))[0]
    assert describe(rule, index) == "".join(
        part.text for part in longest_step(describe_parts_steps(rule, index))[0]
    )


def test_more_values_than_a_rule_holds_are_refused_without_a_look_at_them(world: naive.World) -> None:
    index = world.index()
    each = limits.RULE_VALUES // limits.FILTERS
    full = {"blocks": [{"groups": [1], "filters": filters(limits.FILTERS, each)}]}
    assert resolve(convert(full), index)[1] == []
    full["blocks"].append({"groups": [1], "filters": [{"type": "language", "values": ["en"]}]})
    problems = resolve(convert(full), index)[1]
    assert [(one.path, one.code) for one in problems] == [("rule.blocks", "too_many")]
    nested = {"type": "any", "of": filters(limits.FILTERS - 1, each)}
    two = {"blocks": [{"groups": [1], "filters": [nested]}] * 2}
    assert [one.code for one in resolve(convert(two), index)[1]] == ["too_many"]
