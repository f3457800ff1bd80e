"""What rests on what, and what is remembered of it."""

from typing import Any

from pyroaring import BitMap

from backend.index.cache import Cache
from backend.rules import Block, Facet, FieldFilter, Rule, SegmentFilter
from tests import naive


def test_predicates() -> None:
    world = naive.World()
    world.put("learner_group", 1, {"name": "A", "parent_id": None})
    world.put("learner_group", 2, {"name": "B", "parent_id": 1})
    world.put("learner_group", 3, {"name": "C", "parent_id": None})
    world.put("field", 1, {"key": "f", "name": "F", "type": "text"})
    world.put("segment", 1, {"name": "S", "rule": {"blocks": [{"groups": [3]}]}})
    index = world.index()
    rules = {
        "tree": Rule([Block([1])]),
        "direct": Rule([Block([1], subgroups=False)]),
        "field": Rule([Block([3], filters=[FieldFilter(1, "is_set")])]),
        "segment": Rule([Block([1], subgroups=False, filters=[SegmentFilter([1])])]),
        "hand": Rule(include=[5]),
    }
    predicates = index.predicates(rules)
    assert len(predicates) == 5

    def after(*writes: tuple[Any, ...]) -> set[str]:
        known = len(world.log)
        for name, *arguments in writes:
            getattr(world, name)(*arguments)
        found: set[str] = index.affected(index.apply(world.log[known:]), predicates)
        return found

    assert after(("set", "status", 5, None, "active")) == set(rules)
    assert after(("set", "membership", 5, 2, "member")) == {"tree"}
    assert after(("set", "membership", 5, 1, "member")) == {"tree", "direct", "segment"}
    assert after(("set", "membership", 5, 3, "member")) == {"field", "segment"}
    assert after(("set", "field", 5, 1, "x")) == {"field"}
    assert after(("set", "language", 5, None, "fr")) == set()
    assert after(("put", "learner_group", 3, {"name": "other", "parent_id": None})) == set()
    assert after(("put", "learner_group", 3, {"name": "other", "parent_id": 2})) == {
        "tree",
        "field",
        "segment",
    }
    assert after(("put", "segment", 1, {"name": "S", "rule": {"blocks": [{"groups": [1]}]}})) == {"segment"}
    assert after(("put", "organisation", 1, {"name": "x", "timezone": "UTC", "language": "fr"})) == set()
    assert index.language == "fr"
    predicates.remove("tree")
    predicates.remove("never there")
    assert after(("set", "membership", 5, 2, None)) == set()
    assert predicates.keys() == set(rules) - {"tree"}


def test_the_cache_forgets_the_oldest_first() -> None:
    cache = Cache(limit_bytes=3_000)
    asked: list[int] = []

    def remember(key: int) -> BitMap:
        found = cache.get(key)
        if found is None:
            asked.append(key)
            found = BitMap([key])
            cache.keep(key, found, frozenset({Facet("field", key)}))
        return found

    for key in (1, 2, 3, 4, 1, 5, 1, 2):
        assert remember(key) == BitMap([key])
    assert asked == [1, 2, 3, 4, 5, 2]
    cache.touch([Facet("field", 1)])
    remember(1)
    remember(2)
    assert asked == [1, 2, 3, 4, 5, 2, 1]
    cache.clear()
    assert cache.size == 0
