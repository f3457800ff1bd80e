"""Questions in slices: the same answers as in one go, others served meanwhile, all of it at one position."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

import pytest
from hypothesis import given

from backend.index import BrokenRule, Change, FacetIndex, TooLong
from backend.index.evaluating.evaluator import UNITED_AT_ONCE
from backend.index.evaluating.past import copied_steps
from backend.index.steps import finish
from backend.rules import Block, Facet, Rule
from tests import naive
from tests.index.test_agreement import DAYS, FEWER, SEEDS, SIZES, managers_exist
from tests.naive.making import DAY

GROUPS = 3 * UNITED_AT_ONCE
HUGE = Rule([Block(list(range(1, GROUPS + 1)))] * 3)


@pytest.fixture
def index() -> FacetIndex:
    """A group for each of many people."""
    world = naive.World()
    for group in range(1, GROUPS + 1):
        world.put("learner_group", group, {"name": f"G{group}", "parent_id": None})
        world.set("status", group, None, "active")
        world.set("membership", group, group, "member")
    return world.index()


@pytest.fixture
def tiny_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step is a slice."""
    monkeypatch.setattr("backend.index.time_slices.SLICE_SECONDS", 0.0)


def leaving(index: FacetIndex, learner: int) -> Change:
    """The next change of the log: somebody leaves their group."""
    return Change(index.position + 1, DAY, "membership", learner, learner, "member", None)  # type: ignore[arg-type]  # it is not looked at


async def interleaved(asked: Awaitable[object], others: Callable[[], Awaitable[None]]) -> object:
    """The answer, while `others` go on."""
    task = asyncio.ensure_future(asked)
    await asyncio.gather(task, others())
    return task.result()


async def test_others_are_served_and_the_log_waits(index: FacetIndex, tiny_slices: None) -> None:
    turns = 0

    async def change() -> None:
        nonlocal turns
        # The first slice is over, the others are not.
        await asyncio.sleep(0)
        assert index.still.locked()
        async with index.still:
            index.apply([leaving(index, 1)])

    async def count() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0)

    done = asyncio.Event()
    counting = asyncio.create_task(count())
    position = index.position
    preview = await interleaved(index.sliced(lambda: index.preview_steps(HUGE, DAY)), change)
    done.set()
    await counting
    assert preview.position == position  # type: ignore[attr-defined]  # `sliced` gives back what the steps do
    assert preview.total == GROUPS  # type: ignore[attr-defined]  # `sliced` gives back what the steps do
    assert [block.total for block in preview.blocks] == [GROUPS] * 3  # type: ignore[attr-defined]  # `sliced` gives back what the steps do
    assert turns > 3
    assert index.position == position + 1
    assert index.preview(HUGE, DAY).total == GROUPS - 1


async def test_what_waited_behind_a_change_begins_again(index: FacetIndex, tiny_slices: None) -> None:
    await index.still.acquire()
    asked = asyncio.create_task(index.sliced(lambda: index.preview_steps(HUGE, DAY)))
    await asyncio.sleep(0)
    index.apply([leaving(index, 1)])
    index.still.release()
    preview = await asked
    assert preview.position == index.position
    assert [block.total for block in preview.blocks] == [GROUPS - 1] * 3


async def test_a_short_question_waits_for_nobody(index: FacetIndex) -> None:
    await index.still.acquire()
    rule = Rule([Block([1, 2])])
    async with asyncio.timeout(5):
        assert len(await index.sliced(lambda: index.evaluate_steps(rule, DAY))) == 2
    assert index.at_once(lambda: index.preview_steps(rule, DAY)).total == 2
    index.still.release()


async def test_what_takes_long_is_not_told_at_once(index: FacetIndex, tiny_slices: None) -> None:
    with pytest.raises(TooLong):
        index.at_once(lambda: index.preview_steps(HUGE, DAY))


async def test_a_broken_rule_is_told_and_leaves_nothing_locked(index: FacetIndex, tiny_slices: None) -> None:
    with pytest.raises(BrokenRule):
        await index.sliced(lambda: index.evaluate_steps(Rule([Block([4711])]), DAY))
    asked = asyncio.create_task(index.sliced(lambda: index.preview_steps(HUGE, DAY)))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert not index.still.locked()


@FEWER
@given(SEEDS, SIZES, naive.rules(), DAYS)
def test_slices_say_the_same(seed: int, sizes: naive.Sizes, rule: Rule, day: date) -> None:
    world = naive.make_world(seed, sizes)
    index = world.index()
    managers_exist(world, index, rule)

    async def ask() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("backend.index.time_slices.SLICE_SECONDS", 0.0)
            patch.setattr("backend.index.evaluating.evaluator.UNITED_AT_ONCE", 2)
            patch.setattr("backend.index.filters.manager.TEAMS_AT_ONCE", 1)
            expected = naive.audience(world, rule, day)
            assert set(await index.sliced(lambda: index.evaluate_steps(rule, day))) == expected
            sliced = await index.sliced(lambda: index.preview_steps(rule, day))
            nearly = await index.sliced(lambda: index.nearly_steps(rule, day))
        fresh = world.index()
        assert sliced == fresh.preview(rule, day)
        assert nearly == finish(fresh.nearly_steps(rule, day))

    asyncio.run(ask())


def test_copies_are_of_their_own(index: FacetIndex) -> None:
    copy = finish(copied_steps(index.facts, [Facet("membership", 1)]))
    index.apply([leaving(index, 1)])
    assert set(copy.groups[1]) == {1}
