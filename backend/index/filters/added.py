"""The day on which people were added."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from pyroaring import BitMap

from backend.index.facts.learner_facts import Facts
from backend.index.facts.values import Values
from backend.index.filters.base import FilterEvaluation, ListedPerson, PersonAsked
from backend.index.filters.days import later
from backend.index.filters.registry import evaluates
from backend.index.steps import Steps
from backend.rules import AddedFilter, Facet, Problem
from backend.rules.field_types import parse_day
from backend.words import Message

if TYPE_CHECKING:
    from backend.index.evaluating.evaluator import Evaluator
    from backend.index.evaluating.rule_check import RuleCheck
    from backend.index.explaining.fact_reader import FactReader
    from backend.index.facet_index import FacetIndex


@evaluates(AddedFilter)
class AddedEvaluation(FilterEvaluation[AddedFilter]):
    """Days are those of the organisation's time zone."""

    def people_steps(self, found: AddedFilter, evaluator: "Evaluator") -> Steps[BitMap]:
        return (yield from evaluator.union_steps(_parts(found, evaluator.facts.added, evaluator.day)))

    def problems(self, found: AddedFilter, check: "RuleCheck", path: str) -> Iterator[Problem | None]:
        wanted = 2 if found.op == "between" else 1
        good = (
            isinstance(value, int) if found.op == "last_days" else parse_day(value) for value in found.values
        )
        if len(found.values) != wanted or not all(good):
            yield Problem(f"{path}.values", "type", Message("The days are not valid."))

    def actual(self, found: AddedFilter, reader: "FactReader", person: PersonAsked) -> str:
        return reader.added(person.id)

    def listed(self, found: AddedFilter, person: ListedPerson, index: "FacetIndex") -> Any:
        return person.row["added_at"]

    def turned(self, found: AddedFilter, facts: Facts, day: date) -> list[BitMap]:
        return facts.added.having({day, later(day, -int(found.values[0]))})

    def turning_days(self, found: AddedFilter, facts: Facts, learner_id: int, after: date) -> Iterable[date]:
        added = facts.added.of(learner_id)
        return () if added is None else (added, later(added, int(found.values[0])))

    def column(self, found: AddedFilter) -> Facet | None:
        return Facet("added")


def _parts(found: AddedFilter, added: Values[date], day: date) -> list[BitMap]:
    if found.op == "last_days":
        return added.between(later(day, 1 - int(found.values[0])), day)
    days = [parse_day(value) for value in found.values]
    if found.op == "before":
        return added.between(high=days[0], below=True)
    if found.op == "after":
        return added.between(low=days[0], above=True)
    return added.between(days[0], days[1])
