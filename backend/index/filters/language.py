"""The language that people read."""

from typing import TYPE_CHECKING, Any

from pyroaring import BitMap

from backend.index.filters.base import FilterEvaluation, ListedPerson, PersonAsked
from backend.index.filters.registry import evaluates
from backend.index.steps import Steps
from backend.rules import Facet, LanguageFilter

if TYPE_CHECKING:
    from backend.index.evaluating.evaluator import Evaluator
    from backend.index.explaining.fact_reader import FactReader
    from backend.index.facet_index import FacetIndex


@evaluates(LanguageFilter)
class LanguageEvaluation(FilterEvaluation[LanguageFilter]):
    """Those with one of the languages."""

    def people_steps(self, found: LanguageFilter, evaluator: "Evaluator") -> Steps[BitMap]:
        return (yield from evaluator.union_steps(evaluator.facts.language.having(found.values)))

    def actual(self, found: LanguageFilter, reader: "FactReader", person: PersonAsked) -> str:
        return reader.language_of(person.id)

    def listed(self, found: LanguageFilter, person: ListedPerson, index: "FacetIndex") -> Any:
        return person.row["language"]

    def column(self, found: LanguageFilter) -> Facet | None:
        return Facet("language")
