"""Values as people type them in cells: yes and no, numbers, days and instants."""

import math
import re
from datetime import UTC, date, datetime

from backend.runtime import clock
from backend.services.imports.columns import plain
from backend.words import Message

# How days and numbers of a column are written.
DAY_FIRST, MONTH_FIRST = "day_first", "month_first"
COMMA, POINT = "comma", "point"
_YES = frozenset({"true", "yes", "y", "1", "x", "on", "oui", "vrai", "o"})
_NO = frozenset({"false", "no", "n", "0", "off", "non", "faux"})
_DAY = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?!\d)(.*)")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?!\d)(.*)")
_BLANKS = re.compile("[ \u00a0\u202f'’]")  # noqa: RUF001 - as thousands are written in Switzerland
_POINTED = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)?(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class WrongCell(ValueError):
    """A cell that cannot be read as what its column means."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


def boolean(cell: str) -> bool:
    """Yes or no, in English or French."""
    text = plain(cell)
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise WrongCell(Message("“{cell}” is neither yes nor no.", cell=cell))


def is_no(cell: str) -> bool:
    """Whether a mark says no."""
    return plain(cell) in _NO or cell.strip() == "-"


def number(cell: str, mark: str = "") -> float:
    """A number whose decimals stand after this mark."""
    text = _BLANKS.sub("", cell)
    if mark == COMMA:
        text = text.replace(",", " ").replace(".", ",").replace(" ", ".")
    if _POINTED.fullmatch(text) is None:
        raise WrongCell(Message("“{cell}” is not a number.", cell=cell))
    try:
        found = float(text.replace(",", ""))
    except ValueError:
        raise WrongCell(Message("“{cell}” is not a number.", cell=cell)) from None
    if not math.isfinite(found):
        raise WrongCell(Message("“{cell}” is too large a number.", cell=cell))
    return found


def _iso(cell: str, order: str) -> str:
    """The day as ISO 8601 writes it, with what follows it."""
    text = cell.strip()
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, first, rest = found.groups()
    elif found := _DAY.fullmatch(text):
        first, _, month, year, rest = found.groups()
        if order == MONTH_FIRST:
            first, month = month, first
    else:
        return text
    return f"{year}-{int(month):02}-{int(first):02}{rest}"


def day(cell: str, order: str = DAY_FIRST) -> date:
    """A day: ISO 8601, year/month/day, or day and month in this order before the year."""
    try:
        return datetime.fromisoformat(_iso(cell, order)).date()
    except ValueError:
        raise WrongCell(Message("“{cell}” is not a day such as 2026-11-23.", cell=cell)) from None


def instant(cell: str, timezone: str, order: str = DAY_FIRST) -> datetime:
    """A day (its beginning) or an instant, told on the organisation's clocks unless it names its zone; in UTC."""
    try:
        found = datetime.fromisoformat(_iso(cell, order))
        if found.tzinfo is None:
            found = found.replace(tzinfo=clock.zone(timezone))
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongCell(
            Message("“{cell}” is not a day or an instant such as 2026-11-23 14:00.", cell=cell)
        ) from None
