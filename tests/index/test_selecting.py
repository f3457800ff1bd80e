"""Every number opens to its people."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.index.evaluating.selection import Tab
from backend.rules import Rule
from tests import naive
from tests.naive.making import DAY

SEEDS = st.integers(0, 2**32)
SOME = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@SOME
@given(SEEDS, naive.rules())
def test_every_number_opens_to_its_people(seed: int, rule: Rule) -> None:
    world = naive.make_world(seed)
    index = world.index()
    if index.check(rule):
        return

    def ids(tab: Tab, block: int = 0, filter_: int = 0) -> list[int]:
        found: list[int] = []
        while True:
            page, total = index.select(
                rule, DAY, tab, block=block, filter_=filter_, after=found[-1] if found else 0, limit=3
            )
            found += page
            if len(page) < 3:
                assert total == len(found)
                return found

    preview = index.preview(rule, DAY)
    assert ids("members") == sorted(naive.audience(world, rule, DAY))
    assert (len(ids("included")), len(ids("excluded"))) == (preview.included, preview.excluded)
    for i, (block, counted) in enumerate(zip(rule.blocks, preview.blocks, strict=True)):
        assert (len(ids("groups", i)), len(ids("block", i))) == (counted.groups_total, counted.total)
        for j, each in enumerate(counted.filters):
            assert (len(ids("remaining", i, j)), len(ids("without", i, j))) == (each.remaining, each.without)
            near = set(ids("nearly", i, j))
            assert near == set(ids("without", i, j)) - set(ids("block", i))
            assert all(not naive.holds(world, block.filters[j], who, DAY) for who in near)
    with pytest.raises(IndexError):
        index.select(rule, DAY, "block", block=len(rule.blocks))
    if rule.blocks:
        with pytest.raises(IndexError):
            index.select(rule, DAY, "without", filter_=len(rule.blocks[0].filters))
