"""Compiled rules as arrays, for evaluating many pairs of person and rule at once (see `vectors`)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from backend.index.facts.arrays import Flags, Numbers, spans, starts_of
from backend.index.filters.base import Asked
from backend.index.vectors.compiled_rules import Compiled, Groups
from backend.index.vectors.group_columns import GroupColumns
from backend.index.vectors.questions import Questions
from backend.rules import Facet

# Slots that are so many apart are told together: a table of every column of groups and every slot could become too large.
SLOTS_APART = 64


class GroupTests(NamedTuple):
    """Tests of groups: whether turned round, and their spans of columns of `GroupColumns.inside`."""

    negated: Flags
    first: Numbers
    many: Numbers
    columns: Numbers


class Spans(NamedTuple):
    """By key a span of items."""

    first: Numbers
    many: Numbers
    items: Numbers


class FlatRules(NamedTuple):
    """All rules as arrays. `number` is by key, `keys` by number; a rule's clauses, a clause's questions and groups are spans.

    `bases` is by clause the test of its own groups. `asking` are the clauses by a column of `GroupColumns.inside` whose people
    they take and the slot they ask about (`key_of`), beside the question (`asking_question`). `loose` are by slot of a column
    the clauses that any change of it may matter to.
    """

    number: Numbers
    keys: Numbers
    rules: list[Compiled]
    clause_first: Numbers
    clause_count: Numbers
    clause_rule: Numbers
    rest: Sequence[tuple[Asked, ...]]
    has_rest: Flags
    has_lists: Flags
    bases: GroupTests
    asking: Spans
    asking_question: Numbers
    others: GroupTests
    others_first: Numbers
    others_count: Numbers
    asked_first: Numbers
    asked_count: Numbers
    asked: Numbers
    loose: Spans

    def clauses_of(self, rules: Numbers) -> tuple[Numbers, Numbers]:
        """Parallel arrays: places in `rules`, and the clauses of the rule at that place."""
        counts = self.clause_count[rules]
        return np.repeat(np.arange(len(rules)), counts), spans(self.clause_first[rules], counts)


def key_of(columns: Numbers, slots: Numbers) -> Numbers:
    """Where `FlatRules.asking` tells of a column of groups and a slot; it may tell of another slot there, too."""
    return columns * SLOTS_APART + slots % SLOTS_APART


def groups_named(rules: Iterable[Compiled]) -> set[tuple[int, bool]]:
    """The groups in the rules, and whether with their subgroups."""
    return {
        (group, test.subgroups)
        for rule in rules
        for clause in rule.clauses
        for test in (clause.base, *clause.groups)
        for group in test.groups
    }


def flatten(kept: Mapping[int, Compiled], places: GroupColumns, questions: Questions) -> FlatRules:
    """The rules by key, which is a small number; groups as `places` was built for them."""
    keys = np.array(sorted(kept), np.intp)
    rules = [kept[int(key)] for key in keys]
    number = np.full(int(keys[-1]) + 1 if len(keys) else 1, -1, np.intp)
    number[keys] = np.arange(len(keys))
    clauses = [clause for rule in rules for clause in rule.clauses]
    clause_count = np.array([len(rule.clauses) for rule in rules], np.intp)
    clause_rule = np.repeat(np.arange(len(rules)), clause_count)
    others_count = np.array([len(clause.groups) for clause in clauses], np.intp)
    asked_count = np.array([len(clause.questions) for clause in clauses], np.intp)
    asked = np.array([number for clause in clauses for number in clause.questions], np.intp)
    asked_first = starts_of(asked_count)
    bases = _tests([clause.base for clause in clauses], places)
    # Each clause as often as it has groups, each of these as often as the clause asks.
    taking = np.repeat(np.arange(len(clauses)), bases.many)
    asking = asked[spans(asked_first[taking], asked_count[taking])]
    keys_asking = key_of(np.repeat(bases.columns, asked_count[taking]), questions.places()[0][asking])
    keys_count = places.count * SLOTS_APART
    return FlatRules(
        number,
        keys,
        rules,
        starts_of(clause_count),
        clause_count,
        clause_rule,
        [clause.rest for clause in clauses],
        np.array([bool(clause.rest) for clause in clauses], np.bool_),
        np.array([bool(rule.include or rule.exclude) for rule in rules], np.bool_),
        bases,
        _by_key(keys_asking, np.repeat(taking, asked_count[taking]), keys_count),
        _by_key(keys_asking, asking, keys_count).items,
        _tests([test for clause in clauses for test in clause.groups], places),
        starts_of(others_count),
        others_count,
        asked_first,
        asked_count,
        asked,
        _loose(rules, clause_rule, questions.slots),
    )


def _tests(tests: list[Groups], places: GroupColumns) -> GroupTests:
    columns: list[int] = []
    for test in tests:
        columns += [places.column(group, subgroups=test.subgroups) for group in test.groups] or [0]
    many = np.array([max(len(test.groups), 1) for test in tests], np.intp)
    negated = np.array([test.negated for test in tests], np.bool_)
    return GroupTests(negated, starts_of(many), many, np.array(columns, np.intp))


def _by_key(keys: Numbers, items: Numbers, count: int) -> Spans:
    """The items by their keys, which are smaller than `count`."""
    many = np.bincount(keys, minlength=count)
    return Spans(starts_of(many), many, items[np.argsort(keys, kind="stable")])


def _loose(rules: list[Compiled], clause_rule: Numbers, slots: Mapping[Facet, int]) -> Spans:
    pairs = [
        (slots[facet], number)
        for number, rule in enumerate(rules)
        for facet in sorted(rule.loose & slots.keys())
    ]
    by_slot = np.array(pairs, np.intp).reshape(-1, 2)
    first = np.searchsorted(clause_rule, by_slot[:, 1])
    counts = np.searchsorted(clause_rule, by_slot[:, 1], side="right") - first
    return _by_key(np.repeat(by_slot[:, 0], counts), spans(first, counts), len(slots))
