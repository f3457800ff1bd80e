"""What a stored value of a field means to the index: nothing, a value of the field's type, or nothing that can be read."""

import math
from typing import Any

from backend.index.facts.set_aside import Unreadable, shown
from backend.rules.field_types import parse_day
from backend.words import Message
from backend.words.nouns import field_type

# Beyond it whole numbers are doubles like all others: the database holds no more digits.
_WHOLE = 2**53


def field_value(kind: str | None, stored: Any) -> Any:
    """The value, None for none. `kind` is the field's type, None where nobody knows. Raises `Unreadable`."""
    # An empty text is no value.
    if stored is None or stored == "":
        return None
    if isinstance(stored, bool):
        return _fitting(kind, stored, "boolean")
    if isinstance(stored, int | float):
        return _fitting(kind, _number(stored), "number")
    if not isinstance(stored, str):
        raise Unreadable(Message("{value} is no value", value=shown(stored)))
    if kind == "date":
        if parse_day(stored) is None:
            raise Unreadable(Message("{value} is no day of the calendar", value=shown(stored)))
        return stored
    return _fitting(kind, stored, "text", "choice")


def _number(stored: float) -> float:
    if isinstance(stored, int) and abs(stored) < _WHOLE:
        return stored
    try:
        number = float(stored)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Unreadable(Message("{value} is beyond every double", value=str(stored)[:40]))
    return number


def _fitting(kind: str | None, value: Any, *kinds: str) -> Any:
    if kind is not None and kind not in kinds:
        reason = Message(
            "{value} is no value of a field of type {kind}", value=shown(value), kind=field_type(kind)
        )
        raise Unreadable(reason)
    return value
