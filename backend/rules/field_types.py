"""What fields of each type hold, and what can be asked of them."""

import math
from datetime import date

from backend.rules.tree import Value

_ORDERED = frozenset({"lt", "lte", "gt", "gte", "between"})
_SEARCHES = frozenset({"contains", "starts_with"})
WITHOUT_VALUES = frozenset({"is_set", "is_empty"})
ONE_VALUE = frozenset({"lt", "lte", "gt", "gte"})
EXPECTED = {
    "choice": "text: one of its options",
    "text": "text",
    "number": "numbers",
    "date": "dates, written YYYY-MM-DD",
    "boolean": "true or false",
}


def accepts(field_type: str, op: str) -> bool:
    """Whether a field of this type can be asked with this operator."""
    if op in _ORDERED:
        return field_type in {"number", "date"}
    if op in _SEARCHES:
        return field_type == "text"
    return True


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
