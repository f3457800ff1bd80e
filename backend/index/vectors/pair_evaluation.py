"""Pairs of person and rule, evaluated together: groups, then questions, then what is left for the few that got so far.

Arrays named `who` hold places in the array of learners; `clause` numbers clauses of the rules.
"""

from typing import NamedTuple

import numpy as np

from backend.index.facts.arrays import Flags, Ids, Numbers, spans
from backend.index.vectors.flat_rules import FlatRules, GroupTests
from backend.index.vectors.questions import Questions


class LearnersInGroups(NamedTuple):
    """The learners, with the groups that hold them (`GroupColumns.inside`).

    By slot (rows) and learner (columns): the codes of their columns, and which have changed.
    """

    learners: Ids
    inside: Flags
    codes: Numbers
    changed: Flags


def are_held(flat: FlatRules, people: LearnersInGroups, who: Numbers, clause: Numbers) -> Flags:
    """For each pair: whether the clause's groups hold the learner."""
    return _holding(flat.bases, clause, who, people.inside)


def are_open(
    flat: FlatRules, questions: Questions, people: LearnersInGroups, who: Numbers, clause: Numbers
) -> Flags:
    """For each pair: whether every question of the clause about what has not `changed` is answered with yes."""
    place, column, asked = _asked(flat, questions, clause)
    at = column * len(people.learners) + who[place]
    wrong = (questions.answers[asked + people.codes.reshape(-1)[at]] == 0) & ~people.changed.reshape(-1)[at]
    found = np.ones(len(clause), np.bool_)
    found[place[wrong]] = False
    return found


def are_wanted(
    flat: FlatRules, questions: Questions, people: LearnersInGroups, who: Numbers, rules: Numbers
) -> Flags:
    """For each pair: whether the rule wants the person."""
    pair, clause = flat.clauses_of(rules)
    kept = are_held(flat, people, who[pair], clause)
    pair, clause = pair[kept], clause[kept]
    kept = _answered(flat, questions, people, who[pair], clause)
    pair, clause = pair[kept], clause[kept]
    kept = _of_other_groups(flat, who[pair], clause, people.inside)
    pair, clause = pair[kept], clause[kept]
    kept = _of_rest(flat, people.learners[who[pair]], clause)
    wanted = np.zeros(len(rules), np.bool_)
    wanted[pair[kept]] = True
    for i in np.flatnonzero(flat.has_lists[rules]).tolist():
        rule, learner_id = flat.rules[int(rules[i])], int(people.learners[who[i]])
        wanted[i] = (wanted[i] or learner_id in rule.include) and learner_id not in rule.exclude
    return wanted


def _asked(flat: FlatRules, questions: Questions, clause: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Every question of the clauses: its place in `clause`, its column's slot, and where its answers stand."""
    counts = flat.asked_count[clause]
    asked = flat.asked[spans(flat.asked_first[clause], counts)]
    slots, offsets = questions.places()
    return np.repeat(np.arange(len(clause)), counts), slots[asked], offsets[asked]


def _answered(
    flat: FlatRules, questions: Questions, people: LearnersInGroups, who: Numbers, clause: Numbers
) -> Flags:
    """Where every question is answered with yes."""
    place, column, asked = _asked(flat, questions, clause)
    at = column * len(people.learners) + who[place]
    wrong = questions.answers[asked + people.codes.reshape(-1)[at]] == 0
    kept = np.ones(len(clause), np.bool_)
    kept[place[wrong]] = False
    return kept


def _of_other_groups(flat: FlatRules, who: Numbers, clause: Numbers, inside: Flags) -> Flags:
    """Where every other test of groups holds."""
    counts = flat.others_count[clause]
    kept = np.ones(len(clause), np.bool_)
    if counts.any():
        place = np.repeat(np.arange(len(clause)), counts)
        tests = spans(flat.others_first[clause], counts)
        kept[place[~_holding(flat.others, tests, who[place], inside)]] = False
    return kept


def _holding(tests: GroupTests, which: Numbers, who: Numbers, inside: Flags) -> Flags:
    """For each of `which` (numbers of tests, each about the learner in `who`): whether the test holds."""
    counts = tests.many[which]
    place = np.repeat(np.arange(len(which)), counts)
    at = who[place] * inside.shape[1] + tests.columns[spans(tests.first[which], counts)]
    hit = inside.reshape(-1)[at]
    held = np.zeros(len(which), np.bool_)
    held[place[hit]] = True
    return held ^ tests.negated[which]


def _of_rest(flat: FlatRules, learners: Ids, clause: Numbers) -> Flags:
    kept = np.ones(len(clause), np.bool_)
    for i in np.flatnonzero(flat.has_rest[clause]).tolist():
        learner_id = int(learners[i])
        kept[i] = all(asked(learner_id) for asked in flat.rest[int(clause[i])])
    return kept
