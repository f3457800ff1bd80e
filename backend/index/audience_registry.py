"""The audiences that are kept compiled, and which of them a change of somebody's facts can move.

Where a rule asks about one column, the values before and after are compared: only the audiences are named whose questions
the two answer differently.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
from pyroaring import BitMap

from backend.index.arrays import Numbers, ids_of
from backend.index.compiling import Compiled, can_compile, compile_rule
from backend.index.facet_index import FacetIndex
from backend.index.predicates import PredicateIndex
from backend.index.questions import Questions
from backend.index.rows import GroupRows
from backend.rules import Facet, Rule

# Remembered answers to "which audiences does this change move"; then they are forgotten all at once.
MOST_REMEMBERED = 50_000

T = TypeVar("T")
_NOBODY = BitMap()


class AudienceRegistry:
    """Rules by the key of their audience."""

    def __init__(self, index: FacetIndex, questions: Questions, rows: GroupRows) -> None:
        self.rules: dict[int, Compiled] = {}
        self._index = index
        self._questions = questions
        self._rows = rows
        self._mentioning: PredicateIndex[int] = PredicateIndex()
        self._asking: dict[int, set[int]] = defaultdict(set)
        self._remembered: dict[Any, Any] = {}

    # ── keeping ──────────────────────────────────────────────────────────────────────────────────────────────────

    def put(self, key: int, rule: Rule, facets: Iterable[Facet]) -> bool:
        """Keep the audience, which rests on `facets`; False when it cannot be kept."""
        if not can_compile(rule) or self._index.check(rule):
            self.remove(key)
            return False
        self.forget()
        kept = self.rules.get(key)
        if kept is not None and kept.rule == rule:
            self._mentioning.put(key, facets)
            return True
        self.remove(key)
        compiled = self.rules[key] = compile_rule(rule, self._questions)
        self._mentioning.put(key, facets)
        for number in _asked(compiled):
            self._asking[number].add(key)
        return True

    def remove(self, key: int) -> None:
        """Keep the audience no longer."""
        compiled = self.rules.pop(key, None)
        self.forget()
        if compiled is not None:
            self._mentioning.remove(key)
            for number in _asked(compiled):
                self._asking[number].discard(key)

    def forget(self) -> None:
        """Find out anew what changes move: rules have changed, or the day."""
        self._remembered.clear()

    def _remember(self, what: Any, found: T) -> T:
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[what] = found
        return found

    # ── what a change moves ──────────────────────────────────────────────────────────────────────────────────────

    def resting_on(self, facet: Facet) -> Numbers:
        """The audiences whose rules mention the facet."""
        found = self._remembered.get(facet)
        if found is None:
            keys = sorted(self._mentioning.affected([facet]))
            found = self._remember(facet, np.array(keys, np.intp))
        return found

    def moved_by(self, facet: Facet, learner_id: int, old: Any, new: Any) -> Numbers:
        """The audiences that ask something of this column that the two values answer differently."""
        questions = self._questions
        if facet not in questions.columns:
            return self.resting_on(facet)
        facts = self._index.facts
        match facet.name:
            case "added":
                old, new = facts.added_day(old), facts.added_day(new)
            case "award":
                old, new = facts.expiry_day(old), facts.expiry_day(new)
            case "field":
                # An empty text is no value.
                old, new = (None if value == "" else value for value in (old, new))
        was, now = questions.code(facet, old), questions.code(facet, new)
        questions.columns[facet].move(learner_id, now)
        found = self._remembered.get((facet, was, now))
        if found is None:
            places, asking, loose = self._asked_of(facet)
            answers = questions.answers
            keys = np.concatenate([asking[answers[places + was] != answers[places + now]], loose])
            found = self._remember((facet, was, now), keys)
        return found

    def _asked_of(self, facet: Facet) -> tuple[Numbers, ...]:
        """Where answers about a column stand, and which audience asks there; then the audiences that ask it loosely."""
        questions = self._questions
        key = ("questions", facet, questions.placed)
        found: tuple[Numbers, ...] | None = self._remembered.get(key)
        if found is None:
            numbers = questions.by_facet.get(facet, [])
            pairs = [(questions.all[n].offset, key) for n in numbers for key in sorted(self._asking[n])]
            asked = np.array(pairs, np.intp).reshape(-1, 2)
            mentioning = self._mentioning.affected([facet])
            loose = np.array(sorted(k for k in mentioning if facet in self.rules[k].loose), np.intp)
            found = self._remember(key, (asked[:, 0].copy(), asked[:, 1].copy(), loose))
        return found

    # ── who can hold somebody ────────────────────────────────────────────────────────────────────────────────────

    def able_to_hold(self, people: BitMap) -> Iterator[tuple[int, Numbers]]:
        """The audiences that can hold these people, who count now: by their groups, by name, or because they hold them."""
        if not people:
            return
        facts = self._index.facts
        everyone = self._everyone()
        held: dict[int, list[int]] = defaultdict(list)
        for key in self.rules:
            for learner_id in facts.sources.get(key, _NOBODY) & people:
                held[learner_id].append(key)
            if key in facts.blocked:
                for learner_id in facts.blocked[key].present & people:
                    held[learner_id].append(key)
        learners = ids_of(people)
        places, numbers = self._rows.of(learners)
        groups = list(self._rows.number_of)
        for place, number in zip(places.tolist(), numbers.tolist(), strict=True):
            yield int(learners[place]), self.resting_on(Facet("membership", groups[number]))
        for learner_id in people:
            yield learner_id, everyone
            yield learner_id, np.array(held.get(learner_id, []), np.intp)

    def _everyone(self) -> Numbers:
        """The audiences with a block of everyone, or with people picked by hand."""
        found = self._remembered.get("everyone")
        if found is None:
            keys = [
                key
                for key, rule in self.rules.items()
                if rule.include or any(not clause.base.groups for clause in rule.clauses)
            ]
            found = self._remember("everyone", np.array(keys, np.intp))
        return found


def _asked(compiled: Compiled) -> Iterator[int]:
    return (number for clause in compiled.clauses for number in clause.questions)
