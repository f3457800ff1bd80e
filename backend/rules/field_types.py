"""What fields of each type hold."""

import math
from datetime import date

from backend.rules.values import Value
from backend.words import Message

EXPECTED = {
    "choice": Message.in_context("a field holds", "text: one of its options"),
    "text": Message.in_context("a field holds", "text"),
    "number": Message.in_context("a field holds", "numbers"),
    "date": Message.in_context("a field holds", "dates, written YYYY-MM-DD"),
    "boolean": Message.in_context("a field holds", "true or false"),
}


def fits(field_type: str, value: Value) -> bool:
    """Whether `value` is one that a field of this type can hold."""
    if field_type == "boolean":
        return isinstance(value, bool)
    if field_type == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if field_type == "date":
        return isinstance(value, str) and parse_day(value) is not None
    return isinstance(value, str)


def parse_day(text: object) -> date | None:
    """The date written as `YYYY-MM-DD`, exactly; None for anything else."""
    if not isinstance(text, str) or len(text) != 10:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def as_double(value: float) -> float | None:
    """The number as a double, as the database holds it; None for what is beyond every double, or is no number."""
    try:
        number = float(value)
    except OverflowError:
        return None
    return number + 0.0 if math.isfinite(number) else None
