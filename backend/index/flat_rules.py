"""Compiled rules as arrays, for evaluating many pairs of person and rule at once (see `vectors`)."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from backend.index.arrays import Flags, Numbers, starts_of
from backend.index.compiling import Asked, Compiled, Groups
from backend.index.group_places import GroupPlaces


class GroupTests(NamedTuple):
    """Group tests of all clauses: whether turned round, and their spans of rows in what `GroupPlaces.inside` tells."""

    negated: Flags
    first: Numbers
    many: Numbers
    rows: Numbers


class FlatRules(NamedTuple):
    """All rules as arrays. `number` is by key; a rule's clauses, and a clause's questions and groups, are spans."""

    number: Numbers
    rules: list[Compiled]
    clause_first: Numbers
    clause_count: Numbers
    rest: list[tuple[Asked, ...]]
    has_rest: Flags
    has_lists: Flags
    base: GroupTests
    others: GroupTests
    others_first: Numbers
    others_count: Numbers
    asked_first: Numbers
    asked_count: Numbers
    asked: Numbers


def flatten(kept: Mapping[int, Compiled], places: GroupPlaces) -> FlatRules:
    """The rules by key, which is a small number; groups as `places` has planted them."""
    keys = np.array(sorted(kept), np.intp)
    rules = [kept[int(key)] for key in keys]
    number = np.full(int(keys[-1]) + 1 if len(keys) else 1, -1, np.intp)
    number[keys] = np.arange(len(keys))
    clauses = [clause for rule in rules for clause in rule.clauses]
    clause_count = np.array([len(rule.clauses) for rule in rules], np.intp)
    others_count = np.array([len(clause.groups) for clause in clauses], np.intp)
    asked_count = np.array([len(clause.questions) for clause in clauses], np.intp)
    return FlatRules(
        number,
        rules,
        starts_of(clause_count),
        clause_count,
        [clause.rest for clause in clauses],
        np.array([bool(clause.rest) for clause in clauses], np.bool_),
        np.array([bool(rule.include or rule.exclude) for rule in rules], np.bool_),
        _tests([clause.base for clause in clauses], places),
        _tests([test for clause in clauses for test in clause.groups], places),
        starts_of(others_count),
        others_count,
        starts_of(asked_count),
        asked_count,
        np.array([number for clause in clauses for number in clause.questions], np.intp),
    )


def _tests(tests: list[Groups], places: GroupPlaces) -> GroupTests:
    rows: list[int] = []
    for test in tests:
        rows += [places.row(group, subgroups=test.subgroups) for group in test.groups] or [0]
    many = np.array([max(len(test.groups), 1) for test in tests], np.intp)
    negated = np.array([test.negated for test in tests], np.bool_)
    return GroupTests(negated, starts_of(many), many, np.array(rows, np.intp))
