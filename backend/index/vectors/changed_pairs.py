"""From noted changes to the pairs of person and rule that are worth a look, each pair once.

A change of a column is asked where the person is in the groups of a block and the values before and after are answered
differently. Whatever was changed, a block that says no because of a column that was not is left alone.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

# `np.unique` would import it at its first use, and hold the event loop for 10 ms and more.
import numpy.ma
from pyroaring import BitMap

from backend.index.facts.arrays import NONE, Numbers, spans, starts_of
from backend.index.vectors.audience_registry import AudienceRegistry
from backend.index.vectors.flat_rules import FlatRules, Spans, key_of
from backend.index.vectors.pair_evaluation import LearnersInGroups, are_held, are_open
from backend.index.vectors.questions import Questions
from backend.rules import Facet


class Note(NamedTuple):
    """A change of somebody's facts; of a column, which stands in a slot, the codes before and after."""

    learner_id: int
    facet: Facet
    slot: int = -1
    was: int = 0
    now: int = 0


class _Pairs:
    """Parallel arrays in parts: places of learners, and keys of audiences."""

    def __init__(self) -> None:
        self._who: list[int] = []
        self._keys: list[Numbers] = []

    def add(self, who: int, keys: Numbers) -> None:
        self._who.append(who)
        self._keys.append(keys)

    def rules(self, flat: FlatRules) -> tuple[Numbers, Numbers]:
        """Places of learners, and numbers of rules."""
        if not self._who:
            return NONE, NONE
        counts = [len(keys) for keys in self._keys]
        return np.repeat(np.array(self._who, np.intp), counts), flat.number[np.concatenate(self._keys)]

    def clauses(self, flat: FlatRules) -> tuple[Numbers, Numbers]:
        """Places of learners, and the clauses of the rules."""
        who, rules = self.rules(flat)
        place, clauses = flat.clauses_of(rules)
        return who[place], clauses


def pairs_of(
    flat: FlatRules,
    questions: Questions,
    registry: AudienceRegistry,
    people: LearnersInGroups,
    noted: Iterable[tuple[int, Note]],
) -> tuple[Numbers, Numbers]:
    """Parallel arrays: places of learners, and numbers of rules. Each note comes with the learner's place."""
    surely, regrouped, mentioned = _Pairs(), _Pairs(), _Pairs()
    columns: list[tuple[int, int, int, int]] = []
    anew: list[int] = []
    for who, note in noted:
        facet = note.facet
        if note.slot >= 0:
            columns.append((who, note.slot, note.was, note.now))
        elif facet.name == "status":
            anew.append(who)
        elif facet.name in ("source", "blocked"):
            if facet.ref in registry.rules:
                surely.add(who, np.array([facet.ref], np.intp))
        else:
            changed = regrouped if facet.name == "membership" else mentioned
            changed.add(who, registry.resting_on(facet))
    for learner_id, keys in registry.able_to_hold(BitMap(people.learners[anew])):
        surely.add(int(np.searchsorted(people.learners, learner_id)), keys)
    # A change of a block's groups matters wherever it happens, any other only where these hold the person.
    found = [regrouped.clauses(flat), _held(flat, people, *mentioned.clauses(flat))]
    if columns:
        found += _of_columns(flat, questions, people, columns)
    near, clauses = (np.concatenate(parts) for parts in zip(*found, strict=True))
    kept = are_open(flat, questions, people, near, clauses)
    sure, rules = surely.rules(flat)
    return _once(
        np.concatenate([sure, near[kept]]),
        np.concatenate([rules, flat.clause_rule[clauses[kept]]]),
        len(flat.rules),
    )


def _of_columns(
    flat: FlatRules, questions: Questions, people: LearnersInGroups, columns: list[tuple[int, int, int, int]]
) -> Iterator[tuple[Numbers, Numbers]]:
    """Where clauses hold the person and ask of the column what the two values answer differently, or ask it loosely."""
    who, slots, was, now = np.array(columns, np.intp).T
    move, at = _asking(flat, people, who, slots)
    asked = flat.asking_question[at]
    slot_of, offset_of = questions.places()
    offsets = offset_of[asked]
    differs = questions.answers[offsets + was[move]] != questions.answers[offsets + now[move]]
    differs &= slot_of[asked] == slots[move]
    yield who[move[differs]], flat.asking.items[at[differs]]
    move, loose = _spanned(flat.loose, slots)
    yield _held(flat, people, who[move], flat.loose.items[loose])


def _asking(
    flat: FlatRules, people: LearnersInGroups, who: Numbers, slots: Numbers
) -> tuple[Numbers, Numbers]:
    """Places in `who`, and those in `flat.asking` of the clauses that hold the person there and may ask about the slot beside it."""
    there, columns = np.divmod(np.flatnonzero(people.inside), people.inside.shape[1])
    many = np.bincount(there, minlength=len(people.learners))
    move, at = _spanned(Spans(starts_of(many), many, columns), who)
    keys, found = _spanned(flat.asking, key_of(columns[at], slots[move]))
    return move[keys], found


def _spanned(found: Spans, keys: Numbers) -> tuple[Numbers, Numbers]:
    """Places in `keys`, and the places of the items of the key there."""
    counts = found.many[keys]
    return np.repeat(np.arange(len(keys)), counts), spans(found.first[keys], counts)


def _held(
    flat: FlatRules, people: LearnersInGroups, who: Numbers, clauses: Numbers
) -> tuple[Numbers, Numbers]:
    held = are_held(flat, people, who, clauses)
    return who[held], clauses[held]


def _once(who: Numbers, rules: Numbers, count: int) -> tuple[Numbers, Numbers]:
    numbers = np.unique(who * count + rules)
    return numbers // max(count, 1), numbers % max(count, 1)
