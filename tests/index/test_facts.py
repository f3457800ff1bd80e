"""Facts and structure as the log leaves them."""

from random import Random

import pytest
from pyroaring import BitMap

from backend.index import FacetIndex
from backend.index.facts.values import Values, union
from tests import naive


def test_the_log_must_not_jump() -> None:
    world = naive.make_world(3)
    index = FacetIndex(world.timezone)
    index.apply(world.log[:10])
    with pytest.raises(ValueError, match="jumps"):
        index.apply(world.log[11:])
    assert index.position == 10


def test_what_the_log_says_was_there_is_not_trusted() -> None:
    """Two awards at once may each be logged as the first: nobody holds two values for it."""
    index = FacetIndex()
    index.facts.move("field", 1, 7, None, "a")
    index.facts.move("field", 1, 7, None, "b")
    index.facts.move("field", 2, 7, "x", "b")
    assert index.facts.fields[7].bitmaps == {"b": BitMap([1, 2])}
    index.facts.move("field", 1, 7, "a", None)
    index.facts.move("field", 2, 7, "b", None)
    index.facts.move("membership", 2, 7, "member", None)
    assert index.facts.fields == {}


def test_ways_through_the_structure() -> None:
    world = naive.World()
    for group, parent in ((1, None), (2, 1), (3, 2)):
        world.put("learner_group", group, {"name": "x", "parent_id": parent, "external_id": f"g{group}"})
    world.put("activity", 1, {"kind": "path", "title": "P", "external_id": "p"})
    world.put("certificate", 1, {"activity_id": 1, "title": "C"})
    world.put("activity", 2, {"kind": "path", "title": "P", "external_id": "q"})
    for step, position in ((1, 2), (2, 1)):
        world.put("step", step, {"activity_id": 1, "position": position, "kind": "content", "title": "s"})
    world.put("session", 1, {"activity_id": 1, "name": "S", "external_id": "s"})
    world.put("enrollment_method", 1, {"session_id": 1, "kind": "manual"})
    structure = world.index().structure
    assert structure.ancestors(3) == (3, 2, 1)
    assert structure.ancestors(9) == ()
    assert structure.descendants(1) == (1, 2, 3)
    assert structure.children(1) == {2}
    assert structure.children(None) == {1}
    assert [step.id for step in structure.steps_of(1)] == [2, 1]
    assert structure.methods_of(1) == {1}
    assert structure.sessions_of(1) == {1}
    assert structure.find_group("g2") == structure.groups[2]
    assert structure.find_certificate("p") == structure.certificates[1]
    assert structure.find_certificate("q") is None
    assert structure.find_certificate("gone") is None
    row = {key: value for key, value in world.table("learner_group")[2].items() if key != "id"}
    world.put("learner_group", 2, row | {"external_id": "new"})
    world.put("learner_group", 3, None)
    structure = world.index().structure
    assert structure.find_group("g2") is None
    assert structure.find_group("new") == structure.groups[2]
    assert structure.descendants(1) == (1, 2)
    assert list(structure.copy().rows()) == list(structure.rows())


@pytest.mark.parametrize("seed", range(5))
def test_ranges_over_many_values(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unions of neighbouring values are forgotten when one of them changes."""
    monkeypatch.setattr("backend.index.facts.values.BRANCHES", 2)
    monkeypatch.setattr("backend.index.facts.values.UNITED_AT_ONCE", 20_000)
    random = Random(seed)
    values: Values[int] = Values()
    truth: dict[int, int] = {}
    for _ in range(800):
        learner, new = random.randrange(60), random.choice([None, *range(40)])
        values.move(learner, truth.pop(learner, None), new)
        if new is not None:
            truth[learner] = new
        low, high = sorted(random.sample(range(-2, 43), 2))
        above, below = random.random() < 0.5, random.random() < 0.5
        found = union(values.between(low, high, above=above, below=below))
        assert set(found) == {
            learner
            for learner, value in truth.items()
            if (low < value if above else low <= value) and (value < high if below else value <= high)
        }
    values.fill(17, BitMap([1_000]))
    assert 1_000 in union(values.between(low=3))
