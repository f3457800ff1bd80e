"""Operators of date fields that are told from today: what they take, and how a sentence says them."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from backend.rules import limits
from backend.words import Message

RelativeOperator = Literal["today", "last_days", "next_days", "in_days", "anniversary_within_days"]


# Put in by the sentence, where it is a link.
FIELD = "{field}"


class Days(NamedTuple):
    """How many days the operator may be given, and its sentence about so many."""

    least: int
    most: int
    said: Callable[[int], Message]


def _last_days(count: int) -> Message:
    return Message.plural(
        "whose {field} is within the last {count} day",
        "whose {field} is within the last {count} days",
        count,
        field=FIELD,
    )


def _next_days(count: int) -> Message:
    return Message.plural(
        "whose {field} is within the next {count} day",
        "whose {field} is within the next {count} days",
        count,
        field=FIELD,
    )


def _in_days(count: int) -> Message:
    return Message.plural(
        "whose {field} is in exactly {count} day",
        "whose {field} is in exactly {count} days",
        count,
        field=FIELD,
    )


def _anniversary_within_days(count: int) -> Message:
    return Message.plural(
        "whose {field} has its anniversary within {count} day",
        "whose {field} has its anniversary within {count} days",
        count,
        field=FIELD,
    )


# `today` takes no number.
DAYS: dict[RelativeOperator, Days] = {
    "last_days": Days(1, limits.LAST_DAYS, _last_days),
    "next_days": Days(1, limits.LAST_DAYS, _next_days),
    "in_days": Days(0, limits.LAST_DAYS, _in_days),
    "anniversary_within_days": Days(0, limits.ANNIVERSARY_DAYS, _anniversary_within_days),
}
TODAY = Message("whose {field} is today")
