"""Pairs of person and rule, evaluated together: groups, then questions, then what is left for the few that got so far.

Arrays named `who` hold places in the array of learners; `clause` numbers clauses of the rules.
"""

from typing import NamedTuple

import numpy as np

from backend.index.arrays import Flags, Ids, Numbers, spans
from backend.index.flat_rules import FlatRules, GroupTests
from backend.index.questions import Questions


class People(NamedTuple):
    """The learners, in columns: their groups as `GroupPlaces.inside` tells them; by slot the codes, and what has changed."""

    learners: Ids
    inside: Flags
    codes: Numbers
    changed: Flags


def evaluate_pairs(
    flat: FlatRules, questions: Questions, people: People, who: Numbers, rules: Numbers
) -> tuple[Flags, Flags]:
    """For each pair: whether the rule wants the person, and whether what has not `changed` leaves that open."""
    counts = flat.clause_count[rules]
    pair = np.repeat(np.arange(len(rules)), counts)
    clause = spans(flat.clause_first[rules], counts)
    near, wanted = np.zeros(len(rules), np.bool_), np.zeros(len(rules), np.bool_)
    held = _holding(flat.base, clause, who[pair], people.inside)
    pair, clause = pair[held], clause[held]
    answered, left_open = _answered(flat, questions, people, who[pair], clause)
    near[pair[left_open]] = True
    pair, clause = pair[answered], clause[answered]
    kept = _of_other_groups(flat, who[pair], clause, people.inside)
    pair, clause = pair[kept], clause[kept]
    kept = _of_rest(flat, people.learners[who[pair]], clause)
    wanted[pair[kept]] = True
    listed = np.flatnonzero(flat.has_lists[rules])
    for i in listed.tolist():
        rule, learner_id = flat.rules[int(rules[i])], int(people.learners[who[i]])
        wanted[i] = (wanted[i] or learner_id in rule.include) and learner_id not in rule.exclude
    return wanted, near


def _holding(tests: GroupTests, which: Numbers, who: Numbers, inside: Flags) -> Numbers:
    """The places in `which` (numbers of tests, each about the learner in `who`) where the test holds."""
    counts = tests.many[which]
    place = np.repeat(np.arange(len(which)), counts)
    hit = inside[tests.rows[spans(tests.first[which], counts)], who[place]]
    held = np.zeros(len(which), np.bool_)
    held[place[hit]] = True
    return np.flatnonzero(held ^ tests.negated[which])


def _answered(
    flat: FlatRules, questions: Questions, people: People, who: Numbers, clause: Numbers
) -> tuple[Numbers, Numbers]:
    """Where every question is answered with yes; and where every question about what has not changed is."""
    counts = flat.asked_count[clause]
    asked = flat.asked[spans(flat.asked_first[clause], counts)]
    place = np.repeat(np.arange(len(clause)), counts)
    slots, offsets = questions.places()
    column, row = slots[asked], who[place]
    wrong = questions.answers[offsets[asked] + people.codes[column, row]] == 0
    kept, left_open = np.ones(len(clause), np.bool_), np.ones(len(clause), np.bool_)
    kept[place[wrong]] = False
    left_open[place[wrong & ~people.changed[column, row]]] = False
    return np.flatnonzero(kept), np.flatnonzero(left_open)


def _of_other_groups(flat: FlatRules, who: Numbers, clause: Numbers, inside: Flags) -> Numbers:
    counts = flat.others_count[clause]
    kept = np.ones(len(clause), np.bool_)
    if counts.any():
        place = np.repeat(np.arange(len(clause)), counts)
        tests = spans(flat.others_first[clause], counts)
        held = np.zeros(len(tests), np.bool_)
        held[_holding(flat.others, tests, who[place], inside)] = True
        kept[place[~held]] = False
    return np.flatnonzero(kept)


def _of_rest(flat: FlatRules, learners: Ids, clause: Numbers) -> Numbers:
    kept = np.ones(len(clause), np.bool_)
    for i in np.flatnonzero(flat.has_rest[clause]).tolist():
        learner_id = int(learners[i])
        kept[i] = all(asked(learner_id) for asked in flat.rest[int(clause[i])])
    return np.flatnonzero(kept)
