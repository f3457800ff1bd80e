"""Values of custom fields between the wire and the columns of `field_value`."""

import contextlib
import math
import re
from datetime import date
from typing import NamedTuple

from backend.rules.calendar import SAID, in_calendar
from backend.text import TextError, clean_lines
from backend.words import Message

# What a rule can ask for; a text is a label, not a document.
LONGEST_TEXT = 1_000
DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Columns(NamedTuple):
    """Exactly one is set."""

    text: str | None = None
    number: float | None = None
    day: date | None = None
    boolean: bool | None = None


class WrongValueError(ValueError):
    """The value does not fit the field; the message says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


def to_columns(value: object, kind: str, options: frozenset[str]) -> Columns | None:
    """The columns for `value` in a field of this kind; None clears it. Raises `WrongValueError`."""
    if isinstance(value, str):
        value = _clean(value)
    if value is None or value == "":
        return None
    match kind, value:
        case "text", str():
            if len(value) > LONGEST_TEXT:
                raise WrongValueError(Message("A text has at most {most:,} characters.", most=LONGEST_TEXT))
            return Columns(text=value)
        case "choice", str():
            if value not in options:
                raise WrongValueError(Message("“{value}” is not one of the options.", value=value[:80]))
            return Columns(text=value)
        case "boolean", bool():
            return Columns(boolean=value)
        case "number", int() | float() if not isinstance(value, bool):
            return Columns(number=_number(value))
        case "date", str():
            return Columns(day=_day(value))
    raise WrongValueError(_EXPECTED[kind])


_EXPECTED = {
    "text": Message("This field takes a text."),
    "choice": Message("This field takes one of its options."),
    "boolean": Message("This field takes true or false."),
    "number": Message("This field takes a number."),
    "date": Message("This field takes a date such as 2026-11-23."),
}


def _clean(value: str) -> str:
    """The text in its normal form; a blank one is no value."""
    try:
        return clean_lines(value)
    except TextError as error:
        raise WrongValueError(error.message) from None


def _number(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise WrongValueError(Message("The number is too large."))
    # The database, the index and rules know one zero.
    return number + 0.0


def _day(value: str) -> date:
    # fromisoformat also takes weeks, and days without dashes.
    if DAY.fullmatch(value):
        day = None
        with contextlib.suppress(ValueError):
            day = date.fromisoformat(value)
        if day is not None and not in_calendar(day):
            raise WrongValueError(SAID)
        if day is not None:
            return day
    raise WrongValueError(_EXPECTED["date"])


def from_text(text: str, kind: str) -> Columns | None:
    """The columns for a value written as text, as in a query. Raises `WrongValueError`."""
    text = _clean(text)
    if text == "":
        return None
    match kind:
        case "number":
            try:
                return Columns(number=_number(float(text)))
            except ValueError:
                raise WrongValueError(_EXPECTED["number"]) from None
        case "boolean":
            if text not in ("true", "false"):
                raise WrongValueError(_EXPECTED["boolean"])
            return Columns(boolean=text == "true")
        case "date":
            return Columns(day=_day(text))
        case _:
            return Columns(text=text)
