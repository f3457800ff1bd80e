"""Muster's clock: real time moved by one offset, so that tests and demonstrations can live on another day."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_offset = timedelta(0)
_DURATION = re.compile(
    r"(?P<sign>[+-])P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def parse_offset(text: str, real_now: datetime) -> timedelta:
    """What `MUSTER_CLOCK` means: an offset such as `+P40D` or `-PT3H`, or the instant that it is to be at `real_now`.

    Raises `ValueError` with a message for the person who set it.
    """
    found = _DURATION.fullmatch(text)
    if found and text[-1] not in "PT":
        parts = {name: float(value) for name, value in found.groupdict().items() if value and name != "sign"}
        return timedelta(**parts) * (-1 if found["sign"] == "-" else 1)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither an offset such as +P40D nor an instant such as 2027-03-01T08:00:00Z"
        ) from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - real_now


def offset_text(moved: timedelta) -> str:
    """`moved` in the form that `parse_offset` reads."""
    seconds = moved.total_seconds()
    return f"{'-' if seconds < 0 else '+'}PT{abs(seconds):.6f}S"


def set_offset(offset: timedelta) -> None:
    """Move the clock of this process; called once by the composition (`MUSTER_CLOCK`)."""
    global _offset  # noqa: PLW0603 - one clock a process is the point
    _offset = offset


def offset() -> timedelta:
    """How far the clock is moved; handed to every database connection, so that SQL tells the same time."""
    return _offset


def now() -> datetime:
    """The current instant in UTC."""
    return datetime.now(UTC) + _offset


# Files beside the time zones' that are none, or another spelling that only some systems have.
_NO_ZONES = ("Factory", "localtime", "posix/", "posixrules", "right/")


def is_zone(name: str) -> bool:
    """Whether there is a time zone called `name`."""
    if name.startswith(_NO_ZONES):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone called `name`; UTC where there is none, as the database has it (`muster_timezone`)."""
    return ZoneInfo(name) if is_zone(name) else ZoneInfo("UTC")


def day_of(instant: datetime, timezone: str) -> date:
    """The calendar day of `instant` in `timezone`."""
    return instant.astimezone(zone(timezone)).date()


def today(timezone: str) -> date:
    """The current calendar day in `timezone`."""
    return day_of(now(), timezone)


def start_of_day(day: date, timezone: str) -> datetime:
    """The first instant of `day` in `timezone`, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone(timezone)).astimezone(UTC)
