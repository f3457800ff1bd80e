"""Large runs go on where they stopped: slices are the whole, in order, once."""

from hypothesis import given
from hypothesis import strategies as st

from backend.services.enrollment.writing.packed_ids import PHASES, pack, slice_of, unpack

WORK = st.dictionaries(st.sampled_from(PHASES), st.sets(st.integers(1, 200), min_size=1, max_size=40))


@given(WORK, st.integers(1, 25))
def test_slices_make_the_whole(work: dict[str, set[int]], size: int) -> None:
    phases = {name: pack(sorted(people)) for name, people in work.items()}
    total = sum(len(people) for people in work.values())
    done, seen = 0, []
    while done < total:
        part = slice_of(phases, done, size)
        people = [(name, person) for name in PHASES for person in part.get(name, [])]
        assert 0 < len(people) <= size
        seen += people
        done += len(people)
    assert seen == [(name, person) for name in PHASES for person in sorted(work.get(name, ()))]
    assert slice_of(phases, total, size) == {}


@given(st.sets(st.integers(1, 2**31 - 1)))
def test_what_is_packed_comes_out(people: set[int]) -> None:
    assert set(unpack(pack(sorted(people)))) == people
