"""Fuse, circles and undo: decisions about numbers and single people."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.enrollment.circles import circle_through
from backend.enrollment.fuse import Fuse
from backend.enrollment.undoing import Undoable, changed_since

NUMBERS = st.integers(0, 500)


@given(NUMBERS, NUMBERS, NUMBERS, st.integers(0, 200), st.integers(0, 100), NUMBERS)
def test_the_fuse_needs_both_number_and_share_or_very_many(
    leaving: int, lately: int, more: int, count: int, percent: int, most: int
) -> None:
    remaining = leaving + more
    fuse = Fuse(count=count, percent=percent, most=most)
    blown = fuse.removal_exceeds(leaving=leaving, left_lately=lately, remaining=remaining)
    gone, there_were = leaving + lately, remaining + lately
    expected = bool(leaving) and (gone > most or (gone > count and gone / there_were > percent / 100))
    # At the very edge of the share, division rounds.
    assert blown == expected or gone * 100 == percent * there_were


@pytest.mark.parametrize(
    ("leaving", "lately", "remaining", "blown"),
    [
        (50, 0, 100, False),  # not over 50 people
        (51, 0, 100, True),
        (51, 0, 510, False),  # not over 10 %
        (51, 0, 509, True),
        (1, 50, 50, True),  # a mistake that arrives row by row
        (0, 60, 60, False),  # nobody more leaves
        (1_000, 0, 1_000_000, False),
        (1_001, 0, 1_000_000, True),  # very many, whatever their share
        (1, 1_000, 999_000, True),
    ],
)
def test_the_default_fuse(leaving: int, lately: int, remaining: int, blown: bool) -> None:
    assert Fuse().removal_exceeds(leaving=leaving, left_lately=lately, remaining=remaining) is blown


@pytest.mark.parametrize(
    ("entering", "lately", "enrolled", "flooded"),
    [
        (1_000, 0, 0, False),
        (1_001, 0, 0, True),  # into an empty session
        (1_001, 0, 1_001, False),  # it only doubles
        (1_001, 0, 1_000, True),
        (1, 1_000, 1_900, True),  # one by one within the hour: 900 there were
        (1, 1_000, 2_001, False),
        (0, 5_000, 5_000, False),  # nobody more comes
    ],
)
def test_the_default_fuse_of_entering(entering: int, lately: int, enrolled: int, flooded: bool) -> None:
    assert Fuse().entry_exceeds(entering=entering, entered_lately=lately, enrolled=enrolled) is flooded


GRAPHS = st.dictionaries(st.integers(1, 6), st.frozensets(st.integers(1, 6), max_size=4), max_size=6)


@given(GRAPHS, st.integers(1, 6))
def test_circles_are_found_exactly(asks: dict[int, frozenset[int]], start: int) -> None:
    reached = set(asks.get(start, frozenset()))
    for _ in range(6):
        reached |= {onward for one in reached for onward in asks.get(one, frozenset())}
    circle = circle_through(start, asks)
    assert bool(circle) == (start in reached)
    if circle:
        assert circle[0] == circle[-1] == start
        assert all(onward in asks[one] for one, onward in itertools.pairwise(circle))


def snapshot(state: str, due_at: str | None = None) -> dict[str, object]:
    return {"state": state, "role": "learner", "due_at": due_at, "due_by_hand": False, "mandatory": False}


ACTIVE, EXPIRED, COMPLETED = snapshot("active"), snapshot("expired"), snapshot("completed")


@pytest.mark.parametrize(
    ("person", "why"),
    [
        (Undoable(before=None, after=ACTIVE, now=ACTIVE, opened=1, opened_live=1), None),
        (Undoable(before=EXPIRED, after=ACTIVE, now=ACTIVE, opened=1, opened_live=1), None),
        (Undoable(before=ACTIVE, after=EXPIRED, now=EXPIRED, closed=1), None),
        # Held by another method before and after: only the source goes.
        (Undoable(before=ACTIVE, after=ACTIVE, now=ACTIVE, opened=1, opened_live=1, others=True), None),
        (Undoable(before=None, after=ACTIVE, now=ACTIVE, opened=1, opened_live=0), "source_ended"),
        (Undoable(before=ACTIVE, after=EXPIRED, now=EXPIRED, closed=1, closed_again=True), "source_again"),
        (Undoable(before=None, after=ACTIVE, now=COMPLETED, opened=1, opened_live=1), "completed"),
        (Undoable(before=None, after=ACTIVE, now=snapshot("suspended"), opened=1, opened_live=1), "changed"),
        (
            Undoable(
                before=None, after=ACTIVE, now=snapshot("active", "2026-01-01"), opened=1, opened_live=1
            ),
            "changed",
        ),
        (Undoable(before=None, after=ACTIVE, now=None, opened=1, opened_live=1), "gone"),
        (
            Undoable(before=None, after=ACTIVE, now=ACTIVE, opened=1, opened_live=1, others=True),
            "other_source",
        ),
        (Undoable(before=ACTIVE, after=EXPIRED, now=EXPIRED, closed=1, elsewhere=True), "elsewhere"),
        (Undoable(before=None, after=None, now=None), None),
    ],
)
def test_who_is_left_alone_by_an_undo(person: Undoable, why: str | None) -> None:
    assert changed_since(person) == why
