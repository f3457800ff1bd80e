"""Thousands of audiences as a view of the index has them: nothing is compiled again, and of columns and rows only what changes differs."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import overload

import numpy as np
from pyroaring import BitMap

from backend.index.evaluating.evaluator import Evaluator
from backend.index.facts.arrays import Flags, Ids, Numbers
from backend.index.facts.changes import Change
from backend.index.filters.base import Asked
from backend.index.steps import Steps
from backend.index.supposing.supposed_index import SupposedIndex
from backend.index.supposing.supposed_predicates import SupposedPredicates
from backend.index.supposing.supposed_questions import SupposedQuestions
from backend.index.supposing.supposed_rows import SupposedColumns, SupposedRows, known_below
from backend.index.vectors.audience_registry import AudienceRegistry
from backend.index.vectors.audiences import FIRST_LEARNERS, Audiences
from backend.index.vectors.changed_pairs import Note
from backend.index.vectors.compiled_rules import asking
from backend.index.vectors.flat_rules import FlatRules
from backend.index.vectors.pair_evaluation import LearnersInGroups
from backend.rules import Facet, GroupFilter, Rule


class SupposedRegistry(AudienceRegistry):
    """Begins as the real one; an audience whose rule changes is kept no longer, and asked by itself."""

    def __init__(self, real: AudienceRegistry, index: SupposedIndex, rows: SupposedRows) -> None:
        self.__dict__.update(vars(real))
        self._index = index
        self._rows = rows
        self._is_own = False

    def put(self, key: int, rule: Rule, facets: Iterable[Facet]) -> bool:
        kept = self.rules.get(key)
        if kept is None or kept.rule != rule or self._index.check(rule):
            self.remove(key)
            return False
        self._make_own()
        self._mentioning.put(key, facets)
        return True

    def remove(self, key: int) -> None:
        if key in self.rules:
            self._make_own()
            super().remove(key)

    def _make_own(self) -> None:
        if not self._is_own:
            self._is_own = True
            self.rules = dict(self.rules)
            self._mentioning = SupposedPredicates(self._mentioning)
        self._remembered = {}


class _Rest(Sequence[tuple[Asked, ...]]):
    """What is left of each clause, as functions that ask the view; made when first asked."""

    def __init__(self, flat: FlatRules, questions: SupposedQuestions) -> None:
        self._flat = flat
        self._questions = questions
        self._made: dict[int, tuple[Asked, ...]] = {}

    def __len__(self) -> int:
        return len(self._flat.rest)

    @overload
    def __getitem__(self, number: int) -> tuple[Asked, ...]: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[tuple[Asked, ...]]: ...

    def __getitem__(self, number: int | slice) -> tuple[Asked, ...] | Sequence[tuple[Asked, ...]]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        found = self._made.get(number)
        if found is None:
            rule = int(self._flat.clause_rule[number])
            clause = self._flat.rules[rule].clauses[number - int(self._flat.clause_first[rule])]
            others = (one for one in clause.filters if not isinstance(one, GroupFilter))
            found = self._made[number] = tuple(asking(one, self._questions) for one in others)
        return found


class SupposedAudiences(Audiences):
    """Told of what is supposed as `Audiences` is told of what was changed. Leaves no trace in the real ones."""

    questions: SupposedQuestions
    rows: SupposedRows
    _places: SupposedColumns
    _registry: SupposedRegistry

    def __init__(self, real: Audiences, index: SupposedIndex) -> None:
        real.prepare()
        self.__dict__.update(vars(real))
        self.index = index
        self.questions = SupposedQuestions(real.questions, index.facts, index.structure)
        self.rows = SupposedRows(real.rows, index.facts, known_below(index.real.facts))
        self._registry = SupposedRegistry(self._registry, index, self.rows)
        self._places = SupposedColumns(self._places, self.rows)
        self._noted, self._in_hand = [], []
        self._people = FIRST_LEARNERS
        flat = self._flattened()
        self._flat = flat._replace(rest=_Rest(flat, self.questions))
        # Of these people it was decided about the values that are supposed: what they were really tells nothing any more.
        self._decided: set[tuple[Facet, int]] = set()
        self._removed = False

    def put(self, key: int, rule: Rule, facets: Iterable[Facet]) -> bool:
        kept = self._registry.put(key, rule, facets)
        self._removed = self._removed or not kept
        return kept

    def remove(self, key: int) -> None:
        self._removed = True
        self._registry.remove(key)

    def regroup(self, groups: Iterable[int]) -> None:
        self._places.regroup(self.index.structure, groups)

    def suppose(self, change: Change) -> None:
        """The view has just taken in this change of a fact: columns and rows tell it from here on."""
        facet = Facet(change.facet, change.ref_id)
        if change.facet == "membership":
            self.rows.touch(change.ref_id or 0)
        elif facet in self.questions.columns:
            value = self._value(facet, change.new)
            if change.learners is not None:
                self.questions.suppose_many(facet, change.learners, value)
            elif change.learner_id is not None:
                self.questions.suppose(facet, change.learner_id, value)

    def note(self, change: Change) -> None:
        learner_id, facet = change.learner_id or 0, Facet(change.facet, change.ref_id)
        if facet in self.questions.columns:
            self._note_column(learner_id, facet)
        elif self._concerns(facet):
            self._noted.append(Note(learner_id, facet))

    def _note_column(self, learner_id: int, facet: Facet) -> None:
        was = self.questions.real_code(facet, learner_id)
        now = self.questions.supposed_code(facet, learner_id)
        if now is None or (facet, learner_id) in self._decided:
            # Which values differ is not known: whoever asks for the column is asked.
            self._noted.append(Note(learner_id, facet))
        elif was != now:
            self._noted.append(Note(learner_id, facet, self.questions.slots[facet], was, now))
        self._decided.add((facet, learner_id))

    def full_evaluation_steps(self, key: int, day: date) -> Steps[BitMap | None]:
        compiled = self._registry.rules.get(key)
        if compiled is None:
            return None
        evaluator = Evaluator(self.index.facts, self.index.structure, day, self.index.cache)
        return (yield from evaluator.rule_steps(compiled.rule))

    def _changed(self, learners: Ids, place: Mapping[int, int], noted: list[Note]) -> Flags:
        changed = super()._changed(learners, place, noted)
        for slot, unknown in self.questions.unknown_among(learners):
            changed[slot] |= unknown
        return changed

    def _pairs(
        self, flat: FlatRules, people: LearnersInGroups, noted: Iterable[tuple[int, Note]]
    ) -> tuple[Numbers, Numbers]:
        who, rules = super()._pairs(flat, people, noted)
        if not self._removed:
            return who, rules
        kept = np.isin(flat.keys[rules], np.fromiter(self._registry.rules, np.intp))
        return who[kept], rules[kept]

    def _wanted(self, flat: FlatRules, people: LearnersInGroups, who: Numbers, rules: Numbers) -> Flags:
        wanted = super()._wanted(flat, people, who, rules)
        unknown = np.zeros(len(people.learners), np.bool_)
        for _, some in self.questions.unknown_among(people.learners):
            unknown |= some
        for place in np.flatnonzero(unknown[who]).tolist():
            rule, learner_id = flat.rules[int(rules[place])].rule, int(people.learners[who[place]])
            found = self.index.evaluate(rule, self.questions.day, only=BitMap([learner_id]))
            wanted[place] = learner_id in found
        return wanted
