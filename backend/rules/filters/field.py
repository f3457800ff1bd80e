"""Values of custom fields."""

from collections.abc import Iterator
from datetime import date
from functools import partial

from backend.rules import limits
from backend.rules.calendar import SAID, in_calendar
from backend.rules.facets import Facet, References
from backend.rules.field_types import EXPECTED, as_double, fits
from backend.rules.filter_checks import FilterChecks
from backend.rules.filters.base import Filter, facets_of_each, in_order, replace
from backend.rules.filters.field_operators import OPERATORS, FieldOperator
from backend.rules.filters.registry import register
from backend.rules.names import FieldName
from backend.rules.sentence_builder import OR, Sentence
from backend.rules.sentence_parts import Parts
from backend.rules.values import Reference, Value
from backend.text import TextError, clean_lines
from backend.words import Message
from backend.words.nouns import field_type, thing


@register
class FieldFilter(Filter, frozen=True, tag="field"):
    """The person's value of a custom field."""

    field: Reference
    op: FieldOperator
    values: list[Value] = []

    def resolved(self, checks: FilterChecks, path: str) -> "FieldFilter":
        field = checks.names.find_field(self.field)
        if field is None:
            checks.add(
                f"{path}.field",
                "unknown",
                Message("There is no {kind} {reference!r}.", kind=thing("field"), reference=self.field),
            )
            return self
        found = replace(self, field=field.id, values=[_clean(value) for value in self.values])
        if not found.accepted_by(field.type):
            checks.add(
                f"{path}.op",
                "not_allowed",
                Message(
                    "A {type} field cannot be asked with “{op}”.", type=field_type(field.type), op=found.op
                ),
            )
            return found
        if OPERATORS[found.op].values == "none":
            if found.values:
                checks.add(f"{path}.values", "not_allowed", Message("“{op}” takes no values.", op=found.op))
        else:
            _check_values(found, checks, field, f"{path}.values")
        return replace(found, values=_unique([_held(value) for value in found.values], found.op))

    def accepted_by(self, field_type: str) -> bool:
        """Whether a field of this type can be asked so."""
        return field_type in OPERATORS[self.op].types

    def references(self) -> Iterator[References]:
        yield References("field", [self.field])

    def facets(self) -> Iterator[Facet]:
        return facets_of_each("field", [self.field])

    def sentence(self, say: Sentence) -> Parts:
        field = say.names.find_field(self.field)
        kind = "" if field is None else field.type
        asked = OPERATORS[self.op]
        name = partial(say.value, field_type=kind)
        ends = [name(value) for value in self.values[:2]] if asked.values == "two" else []
        return say.filled(
            asked.sentence(kind, self.values),
            field=[say.field(field)],
            any=(told := say.named(name, self.values, OR)),
            count=told,
            span=say.span(ends, dated=kind == "date") if ends else [],
        )

    def in_one_order(self) -> "FieldFilter":
        if OPERATORS[self.op].values == "two":
            return self
        return replace(self, values=in_order(_plain(value) for value in self.values))

    @property
    def asks_the_day(self) -> bool:
        return OPERATORS[self.op].relative

    @property
    def needs_no_values(self) -> bool:
        return OPERATORS[self.op].values == "none"

    @property
    def negated(self) -> bool:
        return self.op in {"not_in", "is_empty"}


def _check_values(found: FieldFilter, checks: FilterChecks, field: FieldName, path: str) -> None:
    wanted, days = OPERATORS[found.op].values, OPERATORS[found.op].days
    if days is not None:
        checks.days(found.values, path, found.op, least=days.least, most=days.most)
        return
    if wanted == "several":
        checks.count(found.values, path)
    else:
        checks.arity(found.values, path, 2 if wanted == "two" else 1, found.op)
    options: frozenset[Value] = frozenset()
    if field.type == "choice" and found.op in {"in", "not_in"}:
        options = checks.options_of(field.id, field.options)
    wrong = False
    for i, value in enumerate(found.values[: limits.VALUES]):
        problem = _problem_of(value, field, options)
        if problem is not None:
            wrong = True
            checks.add(f"{path}[{i}]", *problem)
        elif isinstance(value, str):
            checks.texts([value], path, first=i)
    if not wrong and wanted == "two":
        checks.order(found.values, path)


def _problem_of(value: Value, field: FieldName, options: frozenset[Value]) -> tuple[str, Message] | None:
    """Why nobody can have this value of the field: code and message."""
    if not fits(field.type, value):
        return "type", Message("“{name}” holds {expected}.", name=field.name, expected=EXPECTED[field.type])
    if options and value not in options:
        return "unknown", Message("“{name}” has no option {value!r}.", name=field.name, value=value)
    if field.type == "date" and not in_calendar(date.fromisoformat(str(value))):
        return "out_of_range", SAID
    if field.type == "number" and isinstance(value, int | float) and as_double(value) is None:
        return "out_of_range", Message("The number is too large.")
    return None


def _clean(value: Value) -> Value:
    """A text as values are stored; one that cannot be stored is nobody's value, and stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return clean_lines(value)
    except TextError:
        return value


def _held(value: Value) -> Value:
    """A number as the database holds it: a double, and one zero. What is too large is among the problems."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = as_double(value)
    return value if number is None or number == value else number


def _plain(value: Value) -> Value:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _unique(values: list[Value], op: FieldOperator) -> list[Value]:
    """Without repetitions; True and 1 are different values, and a range keeps both its ends."""
    if OPERATORS[op].values == "two":
        return values
    return list({(isinstance(value, bool), value): value for value in values}.values())
