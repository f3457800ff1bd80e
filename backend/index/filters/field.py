"""Values of custom fields."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from pyroaring import BitMap

from backend.index.facts.learner_facts import Facts
from backend.index.facts.values import EMPTY, Values
from backend.index.filters.base import FilterEvaluation, ListedPerson, PersonAsked
from backend.index.filters.field_operators import PARTS, SEARCHES
from backend.index.filters.registry import evaluates
from backend.index.filters.relative_dates import Anniversaries, Window, relative_dates
from backend.index.steps import Steps
from backend.rules import Facet, FieldFilter, Problem
from backend.rules.field_types import fits, parse_day
from backend.rules.filters.field_operators import OPERATORS
from backend.words import Message
from backend.words.nouns import field_type, thing

if TYPE_CHECKING:
    from backend.index.evaluating.evaluator import Evaluator
    from backend.index.evaluating.rule_check import RuleCheck
    from backend.index.explaining.fact_reader import FactReader
    from backend.index.facet_index import FacetIndex


@evaluates(FieldFilter)
class FieldEvaluation(FilterEvaluation[FieldFilter]):
    """Those whose value the operator asks for."""

    def people_steps(self, found: FieldFilter, evaluator: "Evaluator") -> Steps[BitMap]:
        values: Values[Any] | None = evaluator.facts.fields.get(found.field)  # type: ignore[arg-type]  # resolved
        if values is None:
            return EMPTY
        if found.asks_the_day:
            parts = yield from _told_from_today(found).parts_steps(values, evaluator.day)
        else:
            parts = PARTS[found.op](values, found.values)
        return (yield from evaluator.union_steps(parts))

    def problems(self, found: FieldFilter, check: "RuleCheck", path: str) -> Iterator[Problem | None]:
        field = check.structure.fields.get(found.field) if isinstance(found.field, int) else None
        if field is None:
            yield Problem(
                f"{path}.field",
                "gone",
                Message(
                    "The {kind} {reference} does not exist any more.",
                    kind=thing("field"),
                    reference=found.field,
                ),
            )
            return
        if not found.accepted_by(field.type):
            message = Message(
                "A {type} field cannot be asked with “{op}”.", type=field_type(field.type), op=found.op
            )
            yield Problem(f"{path}.op", "not_allowed", message)
            return
        asked = OPERATORS[found.op]
        if asked.days is not None and not (len(found.values) == 1 and type(found.values[0]) is int):
            yield Problem(
                f"{path}.values", "one_value", Message("“{op}” takes one number of days.", op=found.op)
            )
        for i, value in enumerate(found.values if asked.days is None else ()):
            if not fits(field.type, value):
                yield Problem(
                    f"{path}.values[{i}]",
                    "type",
                    Message("“{name}” is a {type} field.", name=field.name, type=field_type(field.type)),
                )
        if asked.values == "two" and len(found.values) != 2:
            yield Problem(f"{path}.values", "two_values", Message("“{op}” takes two values.", op=found.op))

    def actual(self, found: FieldFilter, reader: "FactReader", person: PersonAsked) -> str:
        return reader.field(person.id, found.field)

    def listed(self, found: FieldFilter, person: ListedPerson, index: "FacetIndex") -> Any:
        field = index.find_field(found.field)
        return None if field is None else person.row["fields"].get(field.key)

    def turned(self, found: FieldFilter, facts: Facts, day: date) -> list[BitMap]:
        values = facts.fields.get(found.field)  # type: ignore[arg-type]  # resolved
        return [] if values is None else _told_from_today(found).turned(values, day)

    def turning_days(self, found: FieldFilter, facts: Facts, learner_id: int, after: date) -> Iterable[date]:
        values = facts.fields.get(found.field)  # type: ignore[arg-type]  # resolved
        value = None if values is None else parse_day(values.of(learner_id))
        return () if value is None else _told_from_today(found).turning_days(value, after)

    def column(self, found: FieldFilter) -> Facet | None:
        return next(found.facets())

    def reads_every_value(self, found: FieldFilter) -> bool:
        return found.op in SEARCHES


def _told_from_today(found: FieldFilter) -> Window | Anniversaries:
    days = int(found.values[0]) if found.values else 0
    return relative_dates(found.op, days)  # type: ignore[arg-type]  # of operators that ask the day
