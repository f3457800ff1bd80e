"""When a day's change of an audience's size is beyond what is usual for it: as a table, and held against a naive model."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.enrollment.audience_sizes import (
    DAYS_REMEMBERED,
    FEWEST_DAYS,
    FEWEST_PEOPLE,
    MOST_CAUSES,
    AudienceSize,
    SizeCause,
    forgotten,
    is_taken_back,
    jump_of,
    moved,
    rebased,
    reported,
    turned,
    usual_range,
)

START = date(2026, 11, 1)
TODAY = START + timedelta(days=60)


def after(past: list[int], size: int, today: int) -> AudienceSize:
    """An audience that had `size` people before it changed by `today`."""
    known = AudienceSize(TODAY - timedelta(days=len(past)), TODAY, size, past=tuple(past))
    return moved(known, TODAY, today, size + today)


QUIET = [0] * 28
# What is so, the days before, its size then, the change of today, and whether that is a jump.
TABLE = [
    ("a quiet audience of fifty may change by ten", QUIET, 50, 10, False),
    ("…and not by eleven", QUIET, 50, 11, True),
    ("…nor lose them", QUIET, 50, -11, True),
    ("of a thousand a tenth is no jump", QUIET, 1_000, -100, False),
    ("…and more is one", QUIET, 1_000, -101, True),
    ("of a million a thousand and one is a jump", QUIET, 1_000_000, 1_001, True),
    ("one that grows by thirty a day is not told of for thirty-five", [28, 30, 32] * 9, 200, 35, False),
    ("…and is for three hundred", [28, 30, 32] * 9, 200, 300, True),
    ("…and for losing forty", [28, 30, 32] * 9, 200, -40, True),
    ("a sheet of two hundred every Monday is usual", [200, 0, 0, 0, 0, -200, 0] * 4, 400, 200, False),
    ("…and so is its end on Saturdays", [200, 0, 0, 0, 0, -200, 0] * 4, 400, -200, False),
    ("a single mistake of five hundred does not make the next one usual", [*QUIET[:20], 500, *[0] * 7], 600, 500, True),
    ("an audience that is being filled has no usual range", [50] * (FEWEST_DAYS - 1), 300, 5_000, False),
    ("one that fluctuates wildly may", [-300, 280, -250, 310] * 7, 1_000, 290, False),
]  # fmt: skip


@pytest.mark.parametrize(("what", "past", "size", "today", "jumps"), TABLE, ids=[row[0] for row in TABLE])
def test_what_is_a_jump(what: str, past: list[int], size: int, today: int, jumps: bool) -> None:
    assert (jump_of(after(past, size, today)) is not None) is jumps, (
        what,
        usual_range(after(past, size, today)),
    )


def test_a_jump_is_reported_once_and_again_only_when_it_goes_on() -> None:
    known = after(QUIET, 100, 500)
    assert jump_of(known) == 500
    known = reported(known)
    assert jump_of(known) is None
    known = moved(known, TODAY, 10, 610)
    assert jump_of(known) is None
    # What comes after a report is a jump by itself, which is told with all of the day.
    known = moved(known, TODAY, 300, 910)
    assert jump_of(known) == 810
    assert not is_taken_back(reported(known))
    # A day later nothing has happened, and the day of the jump is one of those before.
    tomorrow = turned(reported(known), TODAY + timedelta(days=1))
    assert (tomorrow.net, tomorrow.told, tomorrow.past[-1], jump_of(tomorrow)) == (0, 0, 810, None)


def test_what_is_taken_back_on_its_day_is_no_jump() -> None:
    known = reported(after(QUIET, 100, 500))
    known = moved(known, TODAY, -495, 105)
    assert (jump_of(known), is_taken_back(known)) == (None, True)
    # …and the same once more is told once more.
    known = moved(forgotten(known), TODAY, 495, 600)
    assert jump_of(known) == 500


def test_an_edit_is_no_change_of_the_day() -> None:
    known = rebased(after(QUIET, 100, 4), TODAY, 5_000)
    assert (known.size, known.net, jump_of(known)) == (5_000, 4, None)


def test_causes_are_put_together() -> None:
    sales, paris = SizeCause("membership", 1, "Sales", None, 4), SizeCause("field", 2, "City", 9, 3)
    nobody_knows = SizeCause(None, None, None, None, 2)
    known = moved(AudienceSize(START, START, 10), START, 9, 19, [sales, nobody_knows, paris])
    known = moved(known, START, 4, 23, [sales])
    assert known.causes == (SizeCause("membership", 1, "Sales", None, 8), paris, nobody_knows)
    many = [SizeCause("membership", one, f"G{one}", None, 1) for one in range(MOST_CAUSES + 5)]
    told = moved(AudienceSize(START, START, 10), START, 25, 35, many).causes
    assert (len(told), told[-1], sum(one.people for one in told)) == (
        MOST_CAUSES + 1, SizeCause(None, None, None, None, 5), len(many)
    )  # fmt: skip


STEPS = st.lists(st.tuples(st.integers(0, 40), st.integers(-500, 500)), max_size=40)


@given(STEPS)
def test_days_are_kept_as_a_calendar_would(steps: list[tuple[int, int]]) -> None:
    """Against a dictionary of days."""
    known, day, size = AudienceSize(START, START, 1_000), START, 1_000
    by_day: dict[date, int] = {}
    for days, net in steps:
        day += timedelta(days=days)
        size += net
        by_day[day] = by_day.get(day, 0) + net
        known = moved(known, day, net, size)
    back = min((day - START).days, DAYS_REMEMBERED)
    naive = tuple(by_day.get(day - timedelta(days=one), 0) for one in range(back, 0, -1))
    assert (known.past, known.net, known.size) == (naive, by_day.get(day, 0), size)
    assert known.causes == ()
    usual = usual_range(known)
    assert (usual is None) == ((day - START).days < FEWEST_DAYS)
    if usual is not None:
        # The floors hold, and what has happened twice is usual.
        assert usual.low <= -FEWEST_PEOPLE <= 0 <= FEWEST_PEOPLE <= usual.high
        ordered = sorted(known.past)
        assert usual.low <= ordered[1]
        assert usual.high >= ordered[-2]
        assert jump_of(reported(known)) is None


@given(
    st.lists(st.integers(-300, 300), min_size=FEWEST_DAYS, max_size=28),
    st.integers(0, 5_000),
    st.integers(-900, 900),
)
def test_growing_and_shrinking_are_judged_alike(past: list[int], size: int, today: int) -> None:
    """Where an audience is large enough to lose as many: the mirror image of a jump is one."""
    up = moved(
        AudienceSize(START, TODAY, size + 10_000, past=tuple(past)), TODAY, today, size + 10_000 + today
    )
    down = moved(
        AudienceSize(START, TODAY, size + 10_000, past=tuple(-one for one in past)),
        TODAY,
        -today,
        size + 10_000 - today,
    )
    assert (jump_of(up) is None) == (jump_of(down) is None)
