"""Instants, days and standings as the log writes them."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from backend.database.codecs import FIRST, LAST

# "Never expires" is a day, so that expiry days are ordered.
NEVER = date.max
FAR = datetime.max.replace(tzinfo=UTC)


def instant(value: Any) -> datetime | None:
    """An instant as the log writes it (ISO 8601 text), or as the database gives it, in UTC."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        # PostgreSQL knows instants outside the calendar of Python ('infinity', the year 20000).
        return datetime.min.replace(tzinfo=UTC) if value.startswith("-") or "BC" in value else FAR


def due_instant(value: Any) -> datetime | None:
    """When something is due; what is due beyond the calendar never is."""
    at = instant(value)
    return None if at is None or at >= LAST else max(at, FIRST)


def standing_days(standing: Any, zone: ZoneInfo) -> tuple[date | None, date | None]:
    """The days on which a standing, as the log writes it, was completed and succeeded in. Rows of before tell none."""
    if standing is None or len(standing) < 5:
        return None, None
    completed, succeeded = (
        None if (at := instant(told)) is None else day_in(min(max(at, FIRST), LAST), zone)
        for told in standing[3:5]
    )
    return completed, succeeded


def exclusion_end(value: Any) -> date | None:
    """The day on which an exclusion ends, or somebody left, as the log writes it; `NEVER` for an exclusion without an end."""
    return None if value is None else date.fromisoformat(value)


def day_in(at: datetime, zone: ZoneInfo) -> date:
    """The calendar day of an instant in a time zone."""
    try:
        return at.astimezone(zone).date()
    except OverflowError:
        return at.date()
