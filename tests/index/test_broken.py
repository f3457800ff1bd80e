"""What is broken is refused, never empty."""

import pytest

from backend.index import BrokenRule, FacetIndex
from backend.rules import Block, Facet, Rule
from tests import naive
from tests.index.filtered import filtered
from tests.naive.making import DAY

BROKEN: list[tuple[Rule, str, str]] = [
    (Rule([Block([99])]), "rule.blocks[0].groups[0]", "gone"),
    (Rule([Block(["g1"])]), "rule.blocks[0].groups[0]", "gone"),
    (Rule([Block([])]), "rule.blocks[0].groups", "empty"),
    (filtered(type="field", field=99, op="is_set"), "rule.blocks[0].filters[0].field", "gone"),
    (filtered(type="field", field="f1", op="is_set"), "rule.blocks[0].filters[0].field", "gone"),
    (filtered(type="field", field=1, op="lt", values=["a"]), "rule.blocks[0].filters[0].op", "not_allowed"),
    (filtered(type="field", field=3, op="lt", values=["a"]), "rule.blocks[0].filters[0].values[0]", "type"),
    (filtered(type="field", field=3, op="in", values=[]), "rule.blocks[0].filters[0].values", "empty"),
    (
        filtered(type="field", field=3, op="between", values=[1]),
        "rule.blocks[0].filters[0].values",
        "two_values",
    ),
    (filtered(type="group", groups=[1, 99]), "rule.blocks[0].filters[0].groups[1]", "gone"),
    (
        filtered(type="path_result", status="enrolled", paths=[99]),
        "rule.blocks[0].filters[0].paths[0]",
        "gone",
    ),
    (
        filtered(type="certificate", status="valid", certificates=[99]),
        "rule.blocks[0].filters[0].certificates[0]",
        "gone",
    ),
    (filtered(type="manager", managers=[77]), "rule.blocks[0].filters[0].managers[0]", "gone"),
    (filtered(type="language", values=[]), "rule.blocks[0].filters[0].values", "empty"),
    (filtered(type="added", op="after", values=[]), "rule.blocks[0].filters[0].values", "type"),
    (filtered(type="added", op="after", values=["x"]), "rule.blocks[0].filters[0].values", "type"),
    (
        filtered(type="added", op="last_days", values=["2026-01-01"]),
        "rule.blocks[0].filters[0].values",
        "type",
    ),
    (filtered(type="all", of=[]), "rule.blocks[0].filters[0].of", "empty"),
    (
        filtered(type="none", of=[{"type": "segment", "segments": [99]}]),
        "rule.blocks[0].filters[0].of[0].segments[0]",
        "gone",
    ),
    (filtered(type="segment", segments=[11]), "rule.blocks[0].filters[0].segments[0]", "gone"),
    (filtered(type="segment", segments=[1, 12]), "rule.blocks[0].filters[0].segments[1]", "broken"),
    (filtered(type="segment", segments=[13]), "rule.blocks[0].filters[0].segments[0]", "cycle"),
    (filtered(type="segment", segments=[14]), "rule.blocks[0].filters[0].segments[0]", "cycle"),
]


@pytest.mark.parametrize(("rule", "place", "code"), BROKEN)
def test_broken_rules_are_refused_with_their_place(
    index: FacetIndex, rule: Rule, place: str, code: str
) -> None:
    with pytest.raises(BrokenRule) as raised:
        index.evaluate(rule, DAY)
    assert (place, code) in {(problem.path, problem.code) for problem in raised.value.problems}
    assert place in str(raised.value)
    with pytest.raises(BrokenRule):
        index.preview(rule, DAY)
    with pytest.raises(BrokenRule):
        index.evaluate(rule, DAY, only=index.countable)
    assert index.evaluate(Rule([Block(everyone=True)]), DAY, only=index.countable) == index.countable
    # What rests on what can be asked of a broken rule too: it may be mended.
    assert Facet("status") in index.facets(rule)
    index.depends_on_time(rule)


async def test_broken_rules_have_no_future_past_or_reason(index: FacetIndex) -> None:
    rule = Rule([Block([99])])
    for asked in (index.forecast(rule, DAY, DAY), index.past(rule, DAY), index.explain(rule, 1, DAY)):
        with pytest.raises(BrokenRule):
            await asked


def test_a_method_whose_rule_cannot_be_read_is_broken() -> None:
    world = naive.World()
    world.put("enrollment_method", 1, {"session_id": 1, "kind": "audience", "rule": {"blocks": "x"}})
    world.put("enrollment_method", 2, {"session_id": 1, "kind": "audience", "rule": {"include": [3]}})
    methods = world.index().structure.methods
    assert methods[1].rule is None
    assert methods[1].rule_broken
    assert methods[2].rule == Rule(include=[3])
    assert not methods[2].rule_broken
