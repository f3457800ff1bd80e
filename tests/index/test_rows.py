"""Facts kept by person say what the bitmaps say, however they were moved."""

import tracemalloc
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from backend.index import rows
from backend.index.arrays import ids_of
from backend.index.facts import Facts
from backend.index.rows import PAGE, GroupRows

# Of two pages, and of one that nobody was in at first.
LEARNERS = st.sampled_from([1, 2, 3, PAGE - 1, PAGE, PAGE + 1, 5 * PAGE + 7])
GROUPS = st.integers(1, 6)


def held(found: GroupRows, learners: list[int]) -> dict[int, set[int]]:
    """The groups of each, as the rows say it."""
    asked = ids_of(BitMap(learners))
    said: dict[int, set[int]] = defaultdict(set)
    who, numbers = found.of(asked)
    group_of = {number: group for group, number in found.number_of.items()}
    for place, number in zip(who.tolist(), numbers.tolist(), strict=True):
        assert group_of[number] not in said[int(asked[place])], "told twice"
        said[int(asked[place])].add(group_of[number])
    return dict(said)


@given(
    st.sets(st.tuples(LEARNERS, GROUPS)),
    st.lists(st.tuples(LEARNERS, GROUPS, st.booleans(), st.booleans())),
    st.sampled_from([1, 3, 1024]),
    st.sampled_from([1, 4, 1024]),
)
def test_groups_of_people_follow_their_memberships(
    first: set[tuple[int, int]], moves: list[tuple[int, int, bool, bool]], room: int, waiting: int
) -> None:
    facts = Facts()
    for learner, group in first:
        facts.move("membership", learner, group, None, "member")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "LEAST_ROOM", room)
        patch.setattr(rows, "MOST_WAITING", waiting)
        found = GroupRows(facts)
        expected = defaultdict(set)
        for learner, group in first:
            expected[learner].add(group)
        for learner, group, inside, asked in moves:
            facts.move("membership", learner, group, None, "member" if inside else None)
            found.move(learner, group, inside=inside)
            (expected[learner].add if inside else expected[learner].discard)(group)
            if asked:
                assert held(found, [learner]).get(learner, set()) == expected[learner]
        assert held(found, list(expected)) == {who: groups for who, groups in expected.items() if groups}


def test_more_groups_than_a_small_number_can_tell() -> None:
    facts = Facts()
    facts.move("membership", 1, 7, None, "member")
    found = GroupRows(facts)
    assert held(found, [1]) == {1: {7}}
    for group in range(100_000, 100_000 + (1 << 16)):
        found.number(group)
    facts.move("membership", 1, 8, None, "member")
    found.move(1, 8, inside=True)
    assert held(found, [1]) == {1: {7, 8}}


def test_moves_that_nobody_asks_for_do_not_gather(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_WAITING", 500)
    facts = Facts()
    for group in (1, 2):
        facts.move("membership", 1, group, None, "member")
    found = GroupRows(facts)
    assert held(found, [1]) == {1: {1, 2}}

    tracemalloc.start()
    try:
        for turn in range(60_000):
            found.move(1 + turn % 200, 2, inside=turn % 400 < 200)
        # A page in order takes two; so many moves that wait would take eight.
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
