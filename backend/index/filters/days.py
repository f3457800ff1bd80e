"""Days before and after, within the calendar."""

from datetime import date, timedelta


def later(day: date, days: int) -> date:
    """The day so many days later (earlier when negative), within the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min
