"""Values of a date field told from a day: windows of days around it, and anniversaries.

A field's dates are texts (`YYYY-MM-DD`), whose order is that of the days.
"""

from calendar import isleap
from collections.abc import Iterable
from datetime import MAXYEAR, date
from typing import NamedTuple

from pyroaring import BitMap

from backend.index.facts.values import Values
from backend.index.filters.days import later
from backend.index.steps import Steps, finish
from backend.rules.filters.relative_dates import RelativeOperator

# A person's anniversaries are looked at for so many years: by then the shortest one has come.
_YEARS_AHEAD = 9


class Window(NamedTuple):
    """Values from so many days after the day to so many, both included; negative before it."""

    first: int
    last: int

    def parts_steps(self, values: Values[str], day: date) -> Steps[list[BitMap]]:
        """Bitmaps of everybody whose value is in it."""
        yield
        return values.between(_text(day, self.first), _text(day, self.last))

    def turned(self, values: Values[str], day: date) -> list[BitMap]:
        """Bitmaps of those who come into it or fall out of it on the day."""
        return values.having({_text(day, self.last), _text(day, self.first - 1)})

    def turning_days(self, value: date, after: date) -> Iterable[date]:
        """The days on which a value comes into it and falls out."""
        return later(value, -self.last), later(value, 1 - self.first)


class Anniversaries(NamedTuple):
    """Values whose day of the year comes on the day or within so many days after it, in a later year.

    Of 29 February it is 28 February in years that have no 29th.
    """

    within: int

    def parts_steps(self, values: Values[str], day: date) -> Steps[list[BitMap]]:
        """Bitmaps of everybody who has an anniversary then; a step for each year of values."""
        return (yield from _between_steps(values, day, later(day, self.within)))

    def turned(self, values: Values[str], day: date) -> list[BitMap]:
        """Bitmaps of those whose anniversary comes into sight on the day, or was the day before."""
        found: list[BitMap] = []
        for one in {later(day, self.within), later(day, -1)}:
            found += finish(_between_steps(values, one, one))
        return found

    def turning_days(self, value: date, after: date) -> Iterable[date]:
        """The days on which an anniversary comes into sight, and the days after it; for the next years."""
        first = max(value.year + 1, after.year - 1)
        for year in range(first, min(first + _YEARS_AHEAD, MAXYEAR) + 1):
            comes = anniversary(value, year)
            yield later(comes, -self.within)
            yield later(comes, 1)


def relative_dates(op: RelativeOperator, days: int) -> Window | Anniversaries:
    """What an operator asks for, given so many days."""
    match op:
        case "today":
            return Window(0, 0)
        case "last_days":
            return Window(1 - days, 0)
        case "next_days":
            return Window(1, days)
        case "in_days":
            return Window(days, days)
        case "anniversary_within_days":
            return Anniversaries(days)


def anniversary(value: date, year: int) -> date:
    """The day in that year."""
    try:
        return value.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def _between_steps(values: Values[str], first: date, last: date) -> Steps[list[BitMap]]:
    """Bitmaps of everybody with an anniversary from `first` to `last`, both included."""
    found: list[BitMap] = []
    ordered = values.ordered()
    for year in range(first.year, last.year + 1) if ordered else ():
        low = max(first, date(year, 1, 1)).isoformat()[4:]
        high = min(last, date(year, 12, 31)).isoformat()[4:]
        if high == "-02-28" and not isleap(year):
            high = "-02-29"
        for began in range(int(ordered[0][:4]), min(year, int(ordered[-1][:4]) + 1)):
            found += values.between(f"{began:04}{low}", f"{began:04}{high}")
            yield
    return found


def _text(day: date, ahead: int) -> str:
    return later(day, ahead).isoformat()
