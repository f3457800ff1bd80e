"""How an audience's size changes from day to day, and when a change is beyond what is usual for it.

A day's change is measured against what the same audience did on the days before, by the median and the median deviation from it, which a single
odd day does not move. What has happened on two of these days is usual, too: a sheet that comes every Monday brings no surprise. Below the
floors nothing is a jump, however quiet an audience is. See docs/decisions/0062-the-same-people-and-jumps.md.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import date
from statistics import median

import msgspec

# What is remembered: four weeks, so that what comes every week has come four times.
DAYS_REMEMBERED = 28
# An audience that is known for fewer days has no usual range yet: it is being filled.
FEWEST_DAYS = 7
# Fewer people, or a smaller part of the audience, are no jump; so many people are one in an audience of any size. They are those
# by which the fuses go: a tenth, and a thousand.
FEWEST_PEOPLE = 10
SHARE = 0.1
MOST_PEOPLE = 1_000
# How many standard deviations from the median are usual; so far away one day in two million is, of those that are spread normally.
DEVIATIONS = 5
# From a median deviation to the standard deviation of a normal distribution.
NORMAL = 1.4826
# Causes that are told of a day; the rest is summed up.
MOST_CAUSES = 20


class SizeCause(msgspec.Struct, frozen=True):
    """A fact that moved people: its facet, what it refers to and how that is called; the act that wrote it. All None: nobody knows."""

    facet: str | None
    ref: int | None
    name: str | None
    act: int | None
    people: int


class Range(msgspec.Struct, frozen=True):
    """The changes of a day that are usual; `low` is negative, `high` positive."""

    low: int
    high: int

    def __contains__(self, change: int) -> bool:
        return self.low <= change <= self.high


class AudienceSize(msgspec.Struct, frozen=True):
    """What is known of one audience: since when, its size on `day`, and by how much it changed then and on the days before, the latest last.

    `told`: how much of the change of `day` has been reported. `past` has a number for each day since `since`, of `DAYS_REMEMBERED` at most.
    """

    since: date
    day: date
    size: int
    net: int = 0
    told: int = 0
    past: tuple[int, ...] = ()
    causes: tuple[SizeCause, ...] = ()


def turned(known: AudienceSize, day: date) -> AudienceSize:
    """The same on a later day, on which nothing has happened yet. A day that is past changes nothing."""
    gone = (day - known.day).days
    if gone <= 0:
        return known
    quiet = (0,) * min(gone - 1, DAYS_REMEMBERED)
    past = (*known.past, known.net, *quiet)[-DAYS_REMEMBERED:]
    return msgspec.structs.replace(known, day=day, net=0, told=0, past=past, causes=())


def moved(
    known: AudienceSize, day: date, net: int, size: int, causes: Iterable[SizeCause] = ()
) -> AudienceSize:
    """It has changed by `net` people, and has `size` of them now."""
    known = turned(known, day)
    return msgspec.structs.replace(
        known, size=size, net=known.net + net, causes=_together([*known.causes, *causes])
    )


def rebased(known: AudienceSize, day: date, size: int) -> AudienceSize:
    """It has another size because somebody has changed what it is, and has seen what that does: no change of the day."""
    return msgspec.structs.replace(turned(known, day), size=size)


def usual_range(known: AudienceSize) -> Range | None:
    """The changes of its day that are usual for the audience; None while too little is known of it."""
    if (known.day - known.since).days < FEWEST_DAYS or not known.past:
        return None
    before = max(known.size - known.net, 0)
    floor = max(FEWEST_PEOPLE, min(math.ceil(before * SHARE), MOST_PEOPLE))
    middle = median(known.past)
    spread = DEVIATIONS * NORMAL * median(abs(change - middle) for change in known.past)
    high = max(floor, middle + spread, _second(sorted(known.past, reverse=True)))
    low = min(-floor, middle - spread, _second(sorted(known.past)))
    return Range(math.floor(low), math.ceil(high))


def _second(ordered: Sequence[int]) -> int:
    return ordered[1] if len(ordered) > 1 else 0


def jump_of(known: AudienceSize) -> int | None:
    """The change of its day, if it is beyond what is usual, and so is what is not reported of it."""
    usual = usual_range(known)
    if usual is None or known.net in usual or known.net - known.told in usual:
        return None
    return known.net


def is_taken_back(known: AudienceSize) -> bool:
    """Whether something was reported of its day that is usual again: whoever brought it about has undone it."""
    usual = usual_range(known)
    return known.told != 0 and usual is not None and known.net in usual


def forgotten(known: AudienceSize) -> AudienceSize:
    """Nothing of the day's change has been reported."""
    return msgspec.structs.replace(known, told=0)


def reported(known: AudienceSize) -> AudienceSize:
    """All of the day's change has been reported."""
    return msgspec.structs.replace(known, told=known.net)


def _together(causes: Iterable[SizeCause]) -> tuple[SizeCause, ...]:
    """One of each fact and act, those that moved most first; the smallest of too many become one that says nothing."""
    people: dict[tuple[str | None, int | None, str | None, int | None], int] = {}
    for one in causes:
        key = one.facet, one.ref, one.name, one.act
        people[key] = people.get(key, 0) + one.people
    unknown = people.pop((None, None, None, None), 0)
    ordered = sorted(people.items(), key=lambda item: -item[1])
    unknown += sum(count for _, count in ordered[MOST_CAUSES:])
    told = [SizeCause(*key, people=count) for key, count in ordered[:MOST_CAUSES]]
    return (*told, *([SizeCause(None, None, None, None, unknown)] if unknown else []))
