"""What rests on what, and what is remembered of it."""

from typing import Any

from pyroaring import BitMap

from backend.index.evaluating.cache import Cache
from backend.index.filters.base import CacheDependencies
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
            cache.keep(key, found, {"field": BitMap([key])})
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


def test_the_cache_forgets_what_rests_on_a_change_however_often_it_was_asked_since() -> None:
    cache = Cache()
    dependencies_by_key: dict[str, CacheDependencies] = {
        "groups": {"membership": BitMap(range(1, 5_000))},
        "one": {"membership": BitMap([7])},
        "both": {"field": BitMap([7]), "language": None},
        "any": {"enrollment": None},
    }
    for key, dependencies in dependencies_by_key.items():
        cache.keep(key, BitMap([1]), dependencies)

    def left(*changed: Facet) -> set[str]:
        cache.touch(changed)
        # What was found to be fresh once is so still.
        return {
            key for key in dependencies_by_key if cache.get(key) is not None and cache.get(key) is not None
        }

    assert left(Facet("membership", 6_000), Facet("field", 6), Facet("status")) == set(dependencies_by_key)
    assert left(Facet("membership", 6_000)) == set(dependencies_by_key)
    assert left(Facet("membership", 8), Facet("membership", 6_000)) == {"one", "both", "any"}
    assert left(Facet("enrollment", 3)) == {"one", "both"}
    assert left(Facet("membership", 7), Facet("membership", 8), Facet("language")) == set()
