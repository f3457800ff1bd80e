"""Compiled rules as arrays, for evaluating many pairs of person and rule at once (see `vectors`)."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from backend.index.arrays import Flags, Numbers, spans, starts_of
from backend.index.compiling import Asked, Compiled, Groups
from backend.index.group_places import GroupPlaces
from backend.index.questions import Questions
from backend.rules import Facet


class GroupTests(NamedTuple):
    """Group tests of all clauses: whether turned round, and their spans of rows in what `GroupPlaces.inside` tells."""

    negated: Flags
    first: Numbers
    many: Numbers
    rows: Numbers


class Spans(NamedTuple):
    """By key a span of items."""

    first: Numbers
    many: Numbers
    items: Numbers


class FlatRules(NamedTuple):
    """All rules as arrays. `number` is by key, `keys` by number; a rule's clauses, a clause's questions and groups are spans.

    By row of what `GroupPlaces.inside` tells, `bases` are the clauses whose people that row brings. By slot of a column, `asking`
    are questions about it, beside the clauses that ask them (`clause_asking`), and `loose` the clauses that any change may matter to.
    """

    number: Numbers
    keys: Numbers
    rules: list[Compiled]
    clause_first: Numbers
    clause_count: Numbers
    clause_rule: Numbers
    rest: list[tuple[Asked, ...]]
    has_rest: Flags
    has_lists: Flags
    bases: Spans
    others: GroupTests
    others_first: Numbers
    others_count: Numbers
    asked_first: Numbers
    asked_count: Numbers
    asked: Numbers
    asking: Spans
    clause_asking: Numbers
    loose: Spans

    def clauses_of(self, rules: Numbers) -> tuple[Numbers, Numbers]:
        """Parallel arrays: places in `rules`, and the clauses of the rule at that place."""
        counts = self.clause_count[rules]
        return np.repeat(np.arange(len(rules)), counts), spans(self.clause_first[rules], counts)

    def holding(self, inside: Flags) -> Flags:
        """By learner (rows) and clause (columns): whether the clause's groups hold them; `inside` is `GroupPlaces.inside`."""
        people, clauses = inside.shape[1], len(self.clause_rule)
        found = np.zeros(people * clauses, np.bool_)
        rows, who = np.divmod(np.flatnonzero(inside), max(people, 1))
        counts = self.bases.many[rows]
        held = self.bases.items[spans(self.bases.first[rows], counts)]
        found[held + np.repeat(who * clauses, counts)] = True
        return found.reshape(people, clauses)


def flatten(kept: Mapping[int, Compiled], places: GroupPlaces, questions: Questions) -> FlatRules:
    """The rules by key, which is a small number; groups as `places` has planted them."""
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
    slots = questions.places()[0][asked]
    base = _tests([clause.base for clause in clauses], places)
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
        _by_key(base.rows, np.repeat(np.arange(len(clauses)), base.many), places.count),
        _tests([test for clause in clauses for test in clause.groups], places),
        starts_of(others_count),
        others_count,
        starts_of(asked_count),
        asked_count,
        asked,
        _by_key(slots, asked, len(questions.slots)),
        _by_key(slots, np.repeat(np.arange(len(clauses)), asked_count), len(questions.slots)).items,
        _loose(rules, clause_rule, questions.slots),
    )


def _tests(tests: list[Groups], places: GroupPlaces) -> GroupTests:
    rows: list[int] = []
    for test in tests:
        rows += [places.row(group, subgroups=test.subgroups) for group in test.groups] or [0]
    many = np.array([max(len(test.groups), 1) for test in tests], np.intp)
    negated = np.array([test.negated for test in tests], np.bool_)
    return GroupTests(negated, starts_of(many), many, np.array(rows, np.intp))


def _by_key(keys: Numbers, items: Numbers, count: int) -> Spans:
    """The items by their keys, which are smaller than `count`."""
    many = np.bincount(keys, minlength=count)
    return Spans(starts_of(many), many, items[np.argsort(keys, kind="stable")])


def _loose(rules: list[Compiled], clause_rule: Numbers, slots: Mapping[Facet, int]) -> Spans:
    pairs = [
        (slots[facet], number)
        for number, rule in enumerate(rules)
        for facet in sorted(rule.loose)
        if facet in slots
    ]
    by_slot = np.array(pairs, np.intp).reshape(-1, 2)
    first = np.searchsorted(clause_rule, by_slot[:, 1])
    counts = np.searchsorted(clause_rule, by_slot[:, 1], side="right") - first
    return _by_key(np.repeat(by_slot[:, 0], counts), spans(first, counts), len(slots))
