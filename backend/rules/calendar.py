"""The days that Muster takes in: everything people mean, and nothing that stands for "no end" in another system."""

from datetime import UTC, date, datetime, time

from backend.words import Message

# People who are alive were born after the first; no agreement, course or certificate reaches beyond the last.
FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2200, 12, 31)
FIRST_INSTANT = datetime.combine(FIRST_DAY, time.min, UTC)
LAST_INSTANT = datetime.combine(LAST_DAY, time.max, UTC)
SAID = Message(
    "Give a date from {first} to {last}; where there is none, leave it out or give null.",
    first=FIRST_DAY.year,
    last=LAST_DAY.year,
)


def in_calendar(value: date) -> bool:
    """Whether a day, or an instant with its time zone, is one that Muster takes in."""
    if isinstance(value, datetime):
        return FIRST_INSTANT <= value <= LAST_INSTANT
    return FIRST_DAY <= value <= LAST_DAY
