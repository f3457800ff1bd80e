"""Muster's clock: real time moved by one offset, so that tests and demonstrations can live on another day."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_offset = timedelta(0)


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


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone called `name`; raises `ZoneInfoNotFoundError` for one that does not exist."""
    return ZoneInfo(name)


def day_of(instant: datetime, timezone: str) -> date:
    """The calendar day of `instant` in `timezone`."""
    return instant.astimezone(zone(timezone)).date()


def today(timezone: str) -> date:
    """The current calendar day in `timezone`."""
    return day_of(now(), timezone)


def start_of_day(day: date, timezone: str) -> datetime:
    """The first instant of `day` in `timezone`, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone(timezone)).astimezone(UTC)
