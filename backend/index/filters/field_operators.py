"""Which values of a custom field each operator asks for."""

from collections.abc import Callable, Iterable
from typing import Any

from pyroaring import BitMap

from backend.index.facts.values import Values
from backend.rules.filters.field_operators import OPERATORS, FieldOperator

Given = list[Any]

# What does not depend on the day.
PARTS: dict[FieldOperator, Callable[[Values[Any], Given], list[BitMap]]] = {
    "in": lambda values, given: values.having(given),
    "not_in": lambda values, given: values.having(given),
    "is_set": lambda values, _: [values.present],
    "is_empty": lambda values, _: [values.present],
    "lt": lambda values, given: values.between(high=given[0], below=True),
    "lte": lambda values, given: values.between(high=given[0]),
    "gt": lambda values, given: values.between(low=given[0], above=True),
    "gte": lambda values, given: values.between(low=given[0]),
    "between": lambda values, given: values.between(given[0], given[1]),
    "contains": lambda values, given: values.where(_containing(given)),
    "starts_with": lambda values, given: values.where(_starting(given)),
}
# These cost a look at every value, or at a range of every year's.
SEARCHES: frozenset[FieldOperator] = frozenset({"contains", "starts_with", "anniversary_within_days"})
assert PARTS.keys() == {op for op, asked in OPERATORS.items() if not asked.relative}  # noqa: S101 - every operator is answered


def _containing(wanted: Iterable[Any]) -> Callable[[Any], bool]:
    parts = _folded(wanted)
    return lambda text: any(part in text.casefold() for part in parts)


def _starting(wanted: Iterable[Any]) -> Callable[[Any], bool]:
    parts = _folded(wanted)
    return lambda text: text.casefold().startswith(parts)


def _folded(wanted: Iterable[Any]) -> tuple[str, ...]:
    """Texts are searched whatever their case."""
    return tuple(str(part).casefold() for part in wanted)
