"""Particular people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyroaring import BitMap

from backend.index.filters.base import Asked, FilterEvaluation, ListedPerson, PersonAsked
from backend.index.filters.registry import evaluates
from backend.index.steps import Steps
from backend.rules import PersonFilter, Problem

if TYPE_CHECKING:
    from backend.index.evaluating.evaluator import Evaluator
    from backend.index.evaluating.rule_check import RuleCheck
    from backend.index.explaining.fact_reader import FactReader
    from backend.index.facet_index import FacetIndex
    from backend.index.vectors.questions import Questions


@evaluates(PersonFilter)
class PersonEvaluation(FilterEvaluation[PersonFilter]):
    """Those named, who rest on no fact."""

    def people_steps(self, found: PersonFilter, evaluator: "Evaluator") -> Steps[BitMap]:
        return (yield from evaluator.union_steps([BitMap(found.learners)]))

    def problems(self, found: PersonFilter, check: "RuleCheck", path: str) -> Iterator[Problem | None]:
        return check.known(found.learners, check.learners, f"{path}.learners", "learner")

    def actual(self, found: PersonFilter, reader: "FactReader", person: PersonAsked) -> str:
        return reader.whether(person.id in found.learners)

    def listed(self, found: PersonFilter, person: ListedPerson, index: "FacetIndex") -> Any:
        return None

    def asks_one(self, found: PersonFilter, questions: "Questions") -> Asked | None:
        named, holds = frozenset(found.learners), found.op == "in"
        return lambda learner: (learner in named) is holds
