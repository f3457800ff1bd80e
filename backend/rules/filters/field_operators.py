"""What can be asked of a custom field: which types take it, how many values it takes, and how a sentence says it."""

from typing import Literal, NamedTuple, get_args

from backend.rules.filters.relative_dates import DAYS, TODAY, Days
from backend.rules.values import Value
from backend.words import Message

FieldOperator = Literal[
    "in",
    "not_in",
    "is_set",
    "is_empty",
    "lt",
    "lte",
    "gt",
    "gte",
    "between",
    "contains",
    "starts_with",
    "today",
    "last_days",
    "next_days",
    "in_days",
    "anniversary_within_days",
]

_EVERY_TYPE = frozenset({"choice", "text", "number", "date", "boolean"})
_ORDERED = frozenset({"number", "date"})
_TEXT = frozenset({"text"})
_DATE = frozenset({"date"})


class Operator(NamedTuple):
    """`values` are how many it takes; of `days` it takes one number. `said_of_dates` is its sentence where the field holds dates."""

    types: frozenset[str]
    values: Literal["none", "one", "two", "several", "days"]
    said: Message
    said_of_dates: Message | None = None
    days: Days | None = None

    @property
    def relative(self) -> bool:
        """Whether it is told from today."""
        return self.types == _DATE

    def sentence(self, field_type: str, values: list[Value]) -> Message:
        """How it is said of a field of that type."""
        if self.days is not None and values:
            return self.days.said(int(values[0]))
        return self.said_of_dates if field_type == "date" and self.said_of_dates is not None else self.said


OPERATORS: dict[FieldOperator, Operator] = {
    "in": Operator(_EVERY_TYPE, "several", Message("whose {field} is {any}")),
    "not_in": Operator(_EVERY_TYPE, "several", Message("whose {field} is not {any}")),
    "is_set": Operator(_EVERY_TYPE, "none", Message("whose {field} is filled in")),
    "is_empty": Operator(_EVERY_TYPE, "none", Message("whose {field} is empty")),
    "lt": Operator(
        _ORDERED,
        "one",
        Message("whose {field} is less than {any}"),
        Message("whose {field} is before {any}"),
    ),
    "lte": Operator(
        _ORDERED,
        "one",
        Message("whose {field} is at most {any}"),
        Message("whose {field} is on or before {any}"),
    ),
    "gt": Operator(
        _ORDERED,
        "one",
        Message("whose {field} is more than {any}"),
        Message("whose {field} is after {any}"),
    ),
    "gte": Operator(
        _ORDERED,
        "one",
        Message("whose {field} is at least {any}"),
        Message("whose {field} is on or after {any}"),
    ),
    "between": Operator(
        _ORDERED,
        "two",
        Message("whose {field} is between {span}"),
        Message.in_context("days", "whose {field} is between {span}"),
    ),
    "contains": Operator(_TEXT, "several", Message("whose {field} contains {any}")),
    "starts_with": Operator(_TEXT, "several", Message("whose {field} starts with {any}")),
    "today": Operator(_DATE, "none", TODAY),
    **{op: Operator(_DATE, "days", days.said(days.least), days=days) for op, days in DAYS.items()},
}
assert tuple(OPERATORS) == get_args(FieldOperator)  # noqa: S101 - what may be written is what is said here
