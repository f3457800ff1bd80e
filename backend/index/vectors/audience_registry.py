"""The audiences that are kept compiled, which of them mention a fact, and which can hold somebody at all."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
from pyroaring import BitMap

from backend.index.evaluating.predicates import PredicateIndex
from backend.index.facet_index import FacetIndex
from backend.index.facts.arrays import Numbers, ids_of
from backend.index.vectors.compiled_rules import Compiled, can_compile, compile_rule
from backend.index.vectors.learner_rows import GroupRows
from backend.index.vectors.questions import Questions
from backend.rules import Facet, Rule

# Remembered answers to "which audiences mention this"; then they are forgotten all at once.
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
        self._mentioning: PredicateIndex[int] = PredicateIndex(BitMap)
        self._remembered: dict[Any, Any] = {}

    # ── keeping ──────────────────────────────────────────────────────────────────────────────────────────────────

    def put(self, key: int, rule: Rule, facets: Iterable[Facet]) -> bool:
        """Keep the audience, which rests on `facets`; False when it cannot be kept."""
        if not can_compile(rule) or self._index.check(rule):
            self.remove(key)
            return False
        self._remembered.clear()
        kept = self.rules.get(key)
        if kept is not None and kept.rule == rule:
            self._mentioning.put(key, facets)
            return True
        self.remove(key)
        self.rules[key] = compile_rule(rule, self._questions)
        self._mentioning.put(key, facets)
        return True

    def remove(self, key: int) -> None:
        """Keep the audience no longer."""
        self._remembered.clear()
        if self.rules.pop(key, None) is not None:
            self._mentioning.remove(key)

    def _remember(self, what: Any, found: T) -> T:
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[what] = found
        return found

    # ── what mentions a fact ──────────────────────────────────────────────────────────────────────────────────────

    def resting_on(self, facet: Facet) -> Numbers:
        """The audiences whose rules mention the facet."""
        found = self._remembered.get(facet)
        if found is None:
            keys = sorted(self._mentioning.affected([facet]))
            found = self._remember(facet, np.array(keys, np.intp))
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
