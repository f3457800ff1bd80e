"""Facts kept by person say what the bitmaps say, however they were moved."""

import tracemalloc
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from backend.index.facts.arrays import ids_of
from backend.index.facts.learner_facts import Facts
from backend.index.facts.values import Values
from backend.index.vectors import columns, learner_rows
from backend.index.vectors.learner_rows import PAGE, GroupRows

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
    st.lists(st.tuples(st.lists(LEARNERS, min_size=1, max_size=5), GROUPS, st.booleans(), st.booleans())),
    st.sampled_from([1, 3, 1024]),
    st.sampled_from([1, 4, 1024]),
)
def test_groups_of_people_follow_their_memberships(
    first: set[tuple[int, int]], moves: list[tuple[list[int], int, bool, bool]], room: int, waiting: int
) -> None:
    facts = Facts()
    for learner, group in first:
        facts.move("membership", learner, group, None, "member")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learner_rows, "LEAST_ROOM", room)
        patch.setattr(learner_rows, "MOST_WAITING", waiting)
        patch.setattr(learner_rows, "MANY_ALIKE", 3)
        found = GroupRows(facts)
        expected = defaultdict(set)
        for learner, group in first:
            expected[learner].add(group)
        for learners, group, inside, asked in moves:
            for learner in learners:
                facts.move("membership", learner, group, None, "member" if inside else None)
                (expected[learner].add if inside else expected[learner].discard)(group)
            if len(learners) == 1:
                found.move(learners[0], group, inside=inside)
            else:
                found.move_all(learners, group, inside=inside)
            if asked:
                assert held(found, learners) == {who: expected[who] for who in learners if expected[who]}
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
    monkeypatch.setattr(learner_rows, "MOST_WAITING", 500)
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


VALUES = st.sampled_from(["a", "b", "c", None])


@given(
    st.dictionaries(st.integers(0, 40), st.sampled_from(["a", "b"]), max_size=12),
    st.lists(st.tuples(st.integers(0, 60), VALUES, st.booleans()), max_size=80),
    st.sampled_from([1, 4, 1_000]),
)
def test_codes_of_people_follow_their_values(
    first: dict[int, str], moves: list[tuple[int, str | None, bool]], few_in: int
) -> None:
    """Whether a code is kept for everybody, or ids beside the codes of a few, and while few become many."""
    values: Values[str] = Values()
    for learner, value in first.items():
        values.move(learner, None, value)
    everybody = ids_of(BitMap(range(70)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "FEW_IN", few_in)
        column = columns.Column(values)
        expected: dict[int, str | None] = dict(first)
        value_of: dict[int, str | None] = {0: None}

        def held() -> list[str | None]:
            value_of.update({code: value for value, code in column.code_of.items()})
            return [value_of[int(code)] for code in column.of(everybody)]

        for learner, moved, asked in moves:
            column.move(learner, column.code(moved))
            expected[learner] = moved
            assert column.at(learner) == column.code(moved)
            if asked:
                assert held() == [expected.get(one) for one in range(70)]
        assert held() == [expected.get(one) for one in range(70)]
        assert [value_of[column.at(one)] for one in range(70)] == held()


def test_a_column_of_few_people_is_small() -> None:
    values: Values[int] = Values()
    for number in range(300):
        values.fill(number, BitMap(range(number * 10, 1_000_000, 20_000)))
    column = columns.Column(values)
    assert column.size < 120_000
    column.move(7, column.code(70_000))
    assert (column.at(7), int(column.of(ids_of(BitMap([7])))[0])) == (301, 301)
