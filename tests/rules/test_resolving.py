"""Checking a rule: every problem, at its place, at once."""

import json
from typing import Any

import pytest

from backend.index import Change, FacetIndex
from backend.rules import InvalidRule, Rule, check_body, limits, resolve
from backend.rules.rule_json import convert
from backend.runtime import clock
from backend.words import translate
from tests import naive


@pytest.fixture(scope="module")
def index() -> FacetIndex:
    """An organisation with one of everything, and some people."""
    world = naive.World()
    world.put("learner_group", 1, {"name": "Sales", "external_id": "sales"})
    world.put("learner_group", 2, {"name": "Team", "parent_id": 1})
    for field, kind in enumerate(("choice", "text", "number", "date", "boolean"), 1):
        options = ["Paris", "Chicago"] if kind == "choice" else []
        world.put("field", field, {"key": kind, "name": kind.title(), "type": kind, "options": options})
    world.put("activity", 7, {"kind": "path", "title": "Safety", "external_id": "safe"})
    world.put("certificate", 4, {"activity_id": 7, "title": "Safe"})
    world.put("segment", 1, {"name": "One", "rule": {"blocks": [{"everyone": True}]}})
    inner = {"type": "segment", "segments": [1], "op": "in"}
    world.put("segment", 2, {"name": "Two", "rule": {"blocks": [{"groups": [1], "filters": [inner]}]}})
    for learner in range(1, 6):
        world.set("status", learner, None, "active")
    return world.index()


def rule_of(*filters: dict[str, Any], **more: Any) -> Rule:
    return convert({"blocks": [{"groups": [1], "filters": list(filters)}], **more})


def decode(body: bytes) -> Rule:
    """A rule as it comes in."""
    check_body(body)
    return convert(json.loads(body))


def problems_of(index: FacetIndex, rule: Rule, **more: Any) -> set[tuple[str, str]]:
    return {(problem.path, problem.code) for problem in resolve(rule, index, **more)[1]}


def test_external_ids_and_keys_become_ids(index: FacetIndex) -> None:
    rule = rule_of(
        {"type": "field", "field": "choice", "op": "in", "values": ["Paris", "Paris"]},
        {"type": "path_result", "status": "completed", "paths": ["safe", 7]},
        {"type": "certificate", "status": "valid", "certificates": ["safe", 4]},
        {"type": "group", "groups": ["sales", 1, 2]},
        include=[3, 3],
    )
    resolved, problems = resolve(rule, index)
    assert problems == []
    found: list[Any] = resolved.blocks[0].filters
    field, paths, certificate, group = found
    assert field.field == 1
    assert field.values == ["Paris"]
    assert paths.paths == [7]
    assert certificate.certificates == [4]
    assert group.groups == [1, 2]
    assert resolved.include == [3]


def test_texts_are_asked_for_in_the_form_in_which_they_are_stored(index: FacetIndex) -> None:
    rule = rule_of(
        {"type": "field", "field": "choice", "op": "in", "values": [" Paris\u200b", "Paris"]},
        {"type": "field", "field": "text", "op": "contains", "values": ["Ko\u0308ln "]},
        {"type": "path_result", "status": "completed", "paths": ["safe\ufeff"]},
    )
    resolved, problems = resolve(rule, index)
    assert problems == []
    found: list[Any] = resolved.blocks[0].filters
    choice, text, paths = found
    assert choice.values == ["Paris"]
    assert text.values == ["K\u00f6ln"]
    assert paths.paths == [7]
    blank = rule_of({"type": "field", "field": "text", "op": "in", "values": [" \u200b"]})
    assert ("rule.blocks[0].filters[0].values[0]", "empty") in problems_of(index, blank)


GOOD: list[dict[str, Any]] = [
    {"type": "field", "field": 1, "op": "not_in", "values": ["Chicago"]},
    {"type": "field", "field": 2, "op": "in", "values": ["any"]},
    {"type": "field", "field": 2, "op": "contains", "values": ["a"]},
    {"type": "field", "field": 2, "op": "starts_with", "values": ["a", "b"]},
    {"type": "field", "field": 3, "op": "between", "values": [1, 1]},
    {"type": "field", "field": 3, "op": "lt", "values": [1.5]},
    {"type": "field", "field": 4, "op": "gte", "values": ["2026-02-28"]},
    {"type": "field", "field": 5, "op": "in", "values": [True, False]},
    {"type": "field", "field": 5, "op": "is_set"},
    {"type": "field", "field": 4, "op": "today"},
    {"type": "field", "field": 4, "op": "last_days", "values": [36_500]},
    {"type": "field", "field": 4, "op": "next_days", "values": [14]},
    {"type": "field", "field": 4, "op": "in_days", "values": [0]},
    {"type": "field", "field": 4, "op": "anniversary_within_days", "values": [366]},
    {"type": "added", "op": "last_days", "values": [30]},
    {"type": "added", "op": "between", "values": ["2026-01-01", "2026-01-01"]},
    {"type": "added", "op": "before", "values": ["2026-01-01"]},
    {"type": "certificate", "status": "expiring", "certificates": [4], "days": 0},
    {"type": "certificate", "status": "not_obtained", "certificates": [4], "match": "all"},
    {"type": "language", "values": ["fr"], "op": "not_in"},
    {"type": "manager", "managers": [1], "indirect": True},
    {"type": "manager", "op": "is_manager"},
    {"type": "person", "learners": [1], "op": "not_in"},
    {"type": "at_least", "count": 1, "of": [{"type": "language", "values": ["fr"]}]},
    {"type": "segment", "segments": [1, 2]},
    {"type": "any", "of": [{"type": "none", "of": [{"type": "language", "values": ["fr"]}]}]},
]


@pytest.mark.parametrize("found", GOOD)
def test_good_filters_stay_as_they_are(index: FacetIndex, found: dict[str, Any]) -> None:
    rule = rule_of(found)
    assert resolve(rule, index) == (rule, [])


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "field", "field": "nope", "op": "is_set"}, "field", "unknown"),
    ({"type": "field", "field": 1, "op": "in", "values": []}, "values", "empty"),
    ({"type": "field", "field": 1, "op": "in"}, "values", "empty"),
    ({"type": "field", "field": 1, "op": "in", "values": ["Rome"]}, "values[0]", "unknown"),
    ({"type": "field", "field": 1, "op": "in", "values": ["Paris", 3]}, "values[1]", "type"),
    ({"type": "field", "field": 1, "op": "lt", "values": ["a"]}, "op", "not_allowed"),
    ({"type": "field", "field": 1, "op": "contains", "values": ["a"]}, "op", "not_allowed"),
    ({"type": "field", "field": 2, "op": "in", "values": ["ok", ""]}, "values[1]", "empty"),
    ({"type": "field", "field": 2, "op": "in", "values": ["x" * 1_001]}, "values[0]", "too_long"),
    ({"type": "field", "field": 2, "op": "in", "values": ["a\x00"]}, "values[0]", "character"),
    ({"type": "field", "field": 2, "op": "between", "values": ["a", "b"]}, "op", "not_allowed"),
    ({"type": "field", "field": 3, "op": "in", "values": ["3"]}, "values[0]", "type"),
    ({"type": "field", "field": 3, "op": "in", "values": [True]}, "values[0]", "type"),
    ({"type": "field", "field": 3, "op": "lt", "values": [1, 2]}, "values", "one_value"),
    ({"type": "field", "field": 3, "op": "lt", "values": []}, "values", "empty"),
    ({"type": "field", "field": 3, "op": "between", "values": [1]}, "values", "two_values"),
    ({"type": "field", "field": 3, "op": "between", "values": [2, 1]}, "values", "order"),
    ({"type": "field", "field": 4, "op": "gt", "values": ["2026-02-30"]}, "values[0]", "type"),
    ({"type": "field", "field": 4, "op": "gt", "values": ["20260228"]}, "values[0]", "type"),
    ({"type": "field", "field": 4, "op": "gt", "values": ["2026-W01-1"]}, "values[0]", "type"),
    (
        {"type": "field", "field": 4, "op": "between", "values": ["2026-02-02", "2026-02-01"]},
        "values",
        "order",
    ),
    ({"type": "field", "field": 4, "op": "today", "values": ["2026-02-02"]}, "values", "not_allowed"),
    ({"type": "field", "field": 4, "op": "last_days"}, "values", "one_value"),
    ({"type": "field", "field": 4, "op": "last_days", "values": [0]}, "values[0]", "out_of_range"),
    ({"type": "field", "field": 4, "op": "next_days", "values": [1, 2]}, "values", "one_value"),
    ({"type": "field", "field": 4, "op": "next_days", "values": ["2026-02-02"]}, "values[0]", "out_of_range"),
    ({"type": "field", "field": 4, "op": "in_days", "values": [1.5]}, "values[0]", "out_of_range"),
    ({"type": "field", "field": 4, "op": "in_days", "values": [True]}, "values[0]", "out_of_range"),
    (
        {"type": "field", "field": 4, "op": "anniversary_within_days", "values": [367]},
        "values[0]",
        "out_of_range",
    ),
    ({"type": "field", "field": 3, "op": "in_days", "values": [1]}, "op", "not_allowed"),
    ({"type": "field", "field": 5, "op": "in", "values": [1]}, "values[0]", "type"),
    ({"type": "field", "field": 5, "op": "is_empty", "values": [True]}, "values", "not_allowed"),
    ({"type": "field", "field": 2, "op": "in", "values": ["x"] * 5_001}, "values", "too_many"),
    ({"type": "group", "groups": []}, "groups", "empty"),
    ({"type": "group", "groups": [1, 99]}, "groups[1]", "unknown"),
    ({"type": "group", "groups": ["gone"]}, "groups[0]", "unknown"),
    ({"type": "path_result", "status": "started", "paths": []}, "paths", "empty"),
    ({"type": "path_result", "status": "started", "paths": [8]}, "paths[0]", "unknown"),
    ({"type": "certificate", "status": "valid", "certificates": [9, "x"]}, "certificates[1]", "unknown"),
    ({"type": "certificate", "status": "valid", "certificates": [4], "days": 3}, "days", "not_allowed"),
    ({"type": "certificate", "status": "expiring", "certificates": [4], "days": -1}, "days", "out_of_range"),
    (
        {"type": "certificate", "status": "expiring", "certificates": [4], "days": 3_651},
        "days",
        "out_of_range",
    ),
    ({"type": "language", "values": []}, "values", "empty"),
    ({"type": "language", "values": [""]}, "values[0]", "empty"),
    ({"type": "added", "op": "before", "values": []}, "values", "empty"),
    ({"type": "added", "op": "before", "values": ["2026-01-01", "2026-01-01"]}, "values", "one_value"),
    ({"type": "added", "op": "after", "values": [3]}, "values[0]", "type"),
    ({"type": "added", "op": "between", "values": ["2026-01-02", "2026-01-01"]}, "values", "order"),
    ({"type": "added", "op": "last_days", "values": [0]}, "values[0]", "out_of_range"),
    ({"type": "added", "op": "last_days", "values": ["2026-01-01"]}, "values[0]", "out_of_range"),
    ({"type": "added", "op": "last_days", "values": []}, "values", "one_value"),
    ({"type": "manager", "managers": [77]}, "managers[0]", "unknown"),
    ({"type": "manager", "op": "is_manager", "managers": [1]}, "managers", "not_allowed"),
    ({"type": "manager", "op": "is_manager", "indirect": True}, "indirect", "not_allowed"),
    ({"type": "person", "learners": [77]}, "learners[0]", "unknown"),
    ({"type": "person", "learners": []}, "learners", "empty"),
    (
        {"type": "at_least", "count": 2, "of": [{"type": "language", "values": ["fr"]}]},
        "count",
        "out_of_range",
    ),
    ({"type": "at_least", "count": 1, "of": []}, "of", "empty"),
    ({"type": "manager", "managers": []}, "managers", "empty"),
    ({"type": "segment", "segments": [77]}, "segments[0]", "unknown"),
    ({"type": "segment", "segments": []}, "segments", "empty"),
    ({"type": "all", "of": []}, "of", "empty"),
]


@pytest.mark.parametrize(("found", "place", "code"), BAD)
def test_bad_filters_are_named_where_they_are(
    index: FacetIndex, found: dict[str, Any], place: str, code: str
) -> None:
    at_top = problems_of(index, rule_of(found))
    assert (f"rule.blocks[0].filters[0].{place}", code) in at_top
    nested = problems_of(
        index, rule_of({"type": "language", "values": ["fr"]}, {"type": "none", "of": [found]})
    )
    assert (f"rule.blocks[0].filters[1].of[0].{place}", code) in nested


def test_all_problems_are_told_at_once(index: FacetIndex) -> None:
    rule = convert(
        {
            "blocks": [
                {"groups": [], "filters": [{"type": "language", "values": []}]},
                {"groups": [1, 98], "everyone": True},
                {"everyone": True},
            ],
            "include": [1, 99],
            "exclude": [98],
        }
    )
    assert problems_of(index, rule, path="body.rule") == {
        ("body.rule.blocks[0].groups", "empty"),
        ("body.rule.blocks[0].filters[0].values", "empty"),
        ("body.rule.blocks[1].groups", "everyone_with_groups"),
        ("body.rule.blocks[1].groups[1]", "unknown"),
        ("body.rule.include[1]", "unknown"),
        ("body.rule.exclude[0]", "unknown"),
    }


def test_limits(index: FacetIndex) -> None:
    language = {"type": "language", "values": ["fr"]}
    deep: dict[str, Any] = language
    for _ in range(limits.DEPTH - 1):
        deep = {"type": "all", "of": [deep]}
    assert problems_of(index, rule_of(deep)) == set()
    place = "rule.blocks[0].filters[0]" + ".of[0]" * (limits.DEPTH - 1) + ".of"
    assert problems_of(index, rule_of({"type": "any", "of": [deep]})) == {(place, "too_deep")}
    assert problems_of(index, rule_of(*[language] * limits.FILTERS)) == set()
    too_many = rule_of(*[language] * (limits.FILTERS - 1), {"type": "any", "of": [language]})
    assert problems_of(index, too_many) == {("rule.blocks[0].filters", "too_many")}
    blocks = [{"groups": [1]}] * (limits.BLOCKS + 1)
    assert problems_of(index, convert({"blocks": blocks})) == {("rule.blocks", "too_many")}
    assert len(resolve(convert({"include": list(range(6, 1_006))}), index)[1]) == limits.PROBLEMS
    people = list(range(1, limits.HAND_PICKED + 2))
    assert problems_of(index, convert({"exclude": people})) == {("rule.exclude", "too_many")}
    groups = {"blocks": [{"groups": [1] * (limits.GROUPS + 1)}]}
    assert problems_of(index, convert(groups)) == {("rule.blocks[0].groups", "too_many")}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            {"blocks": [{"groups": [1] * (limits.GROUPS + 1)}]},
            {"en": ("5,000", "in a new session"), "fr": ("5\u202f000", "dans une nouvelle session")},
        ),
        (
            {"include": list(range(1, limits.HAND_PICKED + 2))},
            {"en": ("20,000", "in a new session"), "fr": ("20\u202f000", "dans une nouvelle session")},
        ),
    ],
)
def test_what_is_too_much_for_one_rule_is_told_with_a_way_out(
    index: FacetIndex, rule: dict[str, Any], words: dict[str, tuple[str, ...]]
) -> None:
    (problem,) = resolve(convert(rule), index)[1]
    for language, said in words.items():
        told = translate(problem.message, language)
        assert all(word in told for word in said), told


def test_groups_are_counted_over_the_whole_rule() -> None:
    index = FacetIndex()
    rows = [{"id": group, "name": "x"} for group in range(1, 2_602)]
    at = clock.now()
    index.apply(Change(i, at, "learner_group", None, i, None, row) for i, row in enumerate(rows, 1))
    groups = list(range(1, 2_601))
    rule = convert({"blocks": [{"groups": groups[:2_500]}, {"groups": groups[:2_500]}]})
    assert problems_of(index, rule) == set()
    rule = convert({"blocks": [{"groups": groups}, {"groups": groups}]})
    assert problems_of(index, rule) == {("rule.blocks", "too_many")}


def test_a_segment_cannot_contain_itself(index: FacetIndex) -> None:
    rule = rule_of({"type": "segment", "segments": [2]})
    assert problems_of(index, rule) == set()
    assert problems_of(index, rule, inside_segment=3) == set()
    assert problems_of(index, rule, inside_segment=1) == {("rule.blocks[0].filters[0].segments[0]", "cycle")}
    assert problems_of(index, rule, inside_segment=2) == {("rule.blocks[0].filters[0].segments[0]", "cycle")}


# ── from bytes ───────────────────────────────────────────────────────────────────────────────────────────────────────


def refused(body: bytes) -> set[tuple[str, str]]:
    with pytest.raises(InvalidRule) as raised:
        decode(body)
    assert str(raised.value)
    return {(problem.path, problem.code) for problem in raised.value.problems}


def test_decode() -> None:
    assert decode(b'{"blocks":[{"groups":[1,"a"],"subgroups":false}],"include":[3]}') == convert(
        {"blocks": [{"groups": [1, "a"], "subgroups": False}], "include": [3]}
    )
    assert decode(b'{"blocks":[{"groups":["a\\\\u0000[[["]}]}').blocks[0].groups == ["a\\u0000[[["]


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        (b"", "rule", "malformed"),
        (b"{", "rule", "malformed"),
        (b"\xff", "rule", "malformed"),
        (b"[]", "rule", "type"),
        (b'{"blocks":[[]]}', "rule.blocks[0]", "type"),
        (b'{"blocks":7}', "rule.blocks", "type"),
        (b'{"blocks":[],"x":1}', "rule", "unknown_field"),
        (b'{"blocks":[{"groups":[0]}]}', "rule.blocks[0].groups[0]", "type"),
        (b'{"blocks":[{"groups":[99999999999]}]}', "rule.blocks[0].groups[0]", "type"),
        (b'{"include":[NaN]}', "rule", "malformed"),
        (b'{"include":["3"]}', "rule.include[0]", "type"),
        (b'{"blocks":[{"filters":[{}]}]}', "rule.blocks[0].filters[0]", "missing"),
        (b'{"blocks":[{"filters":[3]}]}', "rule.blocks[0].filters[0]", "type"),
        (b'{"blocks":[{"filters":[{"type":"x"}]}]}', "rule.blocks[0].filters[0].type", "choice"),
        (b'{"blocks":[{"filters":[{"type":"any","of":[3]}]}]}', "rule.blocks[0].filters[0].of[0]", "type"),
        (b'{"blocks":[],"blocks":[]}', "rule", "duplicate_key"),
        (b'{"blocks":[{"groups":["\\u0000"]}]}', "rule.blocks[0].groups[0]", "character"),
        (b'{"\\u0000":1}', "rule", "character"),
        (b"[" * 100_000, "rule", "too_deep"),
        (b'{"of":' * 5_000 + b"1" + b"}" * 5_000, "rule", "too_deep"),
        (b" " * (limits.BODY_BYTES + 1), "rule", "too_large"),
    ],
)
def test_bad_bodies(body: bytes, place: str, code: str) -> None:
    assert (place, code) in refused(body)


def test_every_problem_of_shape_is_told() -> None:
    body = b'{"blocks":[{"groups":["",1]},{"filters":[{"type":"x"},{"type":"any","of":[{"type":"language"}]}]}],"a":1}'
    assert refused(body) == {
        ("rule", "unknown_field"),
        ("rule.blocks[0].groups[0]", "type"),
        ("rule.blocks[1].filters[0].type", "choice"),
        ("rule.blocks[1].filters[1].of[0]", "missing"),
    }


def test_the_largest_rule_fits() -> None:
    people = ",".join(str(2_000_000_000 + i) for i in range(limits.HAND_PICKED))
    groups = ",".join(str(2_000_000_000 + i) for i in range(limits.GROUPS))
    body = f'{{"blocks":[{{"groups":[{groups}]}}],"include":[{people}],"exclude":[{people}]}}'
    assert len(decode(body.encode()).include) == limits.HAND_PICKED
    deep = '{"type":"language","values":["fr"]}'
    for _ in range(limits.DEPTH - 1):
        deep = f'{{"type":"all","of":[{deep}]}}'
    body = f'{{"blocks":[{{"groups":[1],"filters":[{deep}]}}]}}'
    assert len(decode(body.encode()).blocks) == 1
