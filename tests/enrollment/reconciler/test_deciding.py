"""Deciding about many audiences at once says what the engine says of each, whatever changes, in whatever order."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from backend.enrollment.state_causes import Stated
from backend.index import FacetIndex, time_slices
from backend.index.evaluating import evaluator
from backend.index.vectors import audiences as kept_audiences
from backend.index.vectors import full_evaluation, learner_rows, questions
from backend.rules import Rule
from backend.runtime import clock
from backend.services.enrollment.fuses.decision import Decision
from backend.services.enrollment.reconciler.decisions import decide_all
from backend.services.enrollment.reconciler.pending_work import PendingWork
from tests import naive
from tests.naive.making import DAY, SESSIONS, change_fact

SEEDS = st.integers(0, 2**32)
RULES = st.lists(naive.rules(), min_size=1, max_size=12)
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module", autouse=True)
def _restored_clock() -> Iterator[None]:
    was = clock.offset()
    yield
    clock.set_offset(was)


class Live:
    """A world with a dynamic method for each rule, kept as the reconciler keeps it."""

    def __init__(self, seed: int, rules: list[Rule]) -> None:
        self.random = Random(seed)
        self.world = naive.make_world(seed, naive.Sizes(self.random.choice([0, 5, 24])))
        self.rules = rules
        for number, rule in enumerate(rules, 1):
            self.put_method(number, rule, version=1)
        self.index: FacetIndex = self.world.index()
        self.day = self.set_clock(DAY)
        self.work = PendingWork.of_all(self.index, self.day)
        self.work.everything("change")

    def put_method(self, number: int, rule: Rule, version: int, problem: Stated | None = None) -> None:
        row = {
            "session_id": self.random.choice(SESSIONS),
            "kind": "audience",
            "rule": msgspec.to_builtins(rule),
            "dynamic": True,
            "state": "frozen" if problem else "live",
            "state_cause": problem.cause if problem else None,
            "state_details": problem.details if problem else None,
            "version": version,
        }
        self.world.put("enrollment_method", number, row)

    def set_clock(self, day: date) -> date:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        clock.set_offset(noon - datetime.now(UTC))
        return clock.today(self.index.timezone)

    def follow(self) -> None:
        """What the log tells, in batches of any size."""
        while self.index.position < len(self.world.log):
            start = self.index.position
            size = self.random.choice([1, 2, 7, 100])
            self.work.batch(self.index.apply(self.world.log[start : start + size]))

    def change(self) -> None:
        """One change: of a fact, of structure, of a rule, or of the day."""
        chance = self.random.random()
        if chance < 0.05:
            number = self.random.randrange(len(self.rules)) + 1
            self.rules[number - 1] = self.random.choice(self.rules)
            self.put_method(number, self.rules[number - 1], version=len(self.world.log))
        elif chance < 0.1:
            before = self.day
            self.day = self.set_clock(before + timedelta(days=self.random.choice([1, 1, 31])))
            self.work.a_new_day(str(before), str(self.day))
        else:
            naive.change_something(self.world, self.random)

    def reconcile(self) -> None:
        """Decide and carry out until nothing is left to do."""
        self.follow()
        while self.work.waiting:
            for decision in asyncio.run(decide_all(self.work)):
                self.carry_out(decision)
            self.follow()

    async def reconcile_meanwhile(self, rounds: int) -> None:
        """Decide while the log moves on between slices; what is written is of methods that are still those decided about."""
        for _ in range(rounds):
            for _ in range(self.random.choice([0, 1, 5])):
                self.change()
            self.follow()
            if self.random.random() < 0.2:
                self.work.everything("check")
            decisions, _ = await asyncio.gather(decide_all(self.work), self.move_on())
            for decision in decisions:
                if self.index.structure.methods[decision.method.id].version == decision.method.version:
                    self.carry_out(decision)

    async def move_on(self) -> None:
        """The log moves on, wherever those who read the index let it."""
        for _ in range(self.random.choice([1, 5])):
            await asyncio.sleep(0)
            async with self.index.still:
                self.change()
                self.follow()

    def carry_out(self, decision: Decision) -> None:
        number = decision.method.id
        rule, version = self.rules[number - 1], len(self.world.log)
        if decision.problem is not None:
            self.put_method(number, rule, version, decision.problem)
            return
        if decision.method.state == "frozen":
            self.put_method(number, rule, version)
        for learner in decision.entering:
            self.world.set("blocked", learner, number, None)
            self.world.set("source", learner, number, [1])
        for learner in decision.leaving:
            self.world.set("source", learner, number, None)
        for learner in decision.releasing:
            self.world.set("blocked", learner, number, None)

    def check(self) -> None:
        """Each method holds, or has waiting, whom the engine names and its session does not leave out, and nobody else who counts."""
        index = self.index
        for number, rule in enumerate(self.rules, 1):
            if index.structure.methods[number].state == "frozen":
                continue
            session = index.structure.methods[number].session_id
            ends = {who: self.world.fact("exclusion", who, session) for who in self.world.learners()}
            left_out = BitMap([who for who, end in ends.items() if end is not None and end > str(self.day)])
            wanted = index.evaluate(rule, self.day) - left_out
            held = index.sources(number) & index.countable
            waiting = index.blocked_for(number) & index.countable
            assert held | waiting == wanted, (number, rule)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(SEEDS, RULES, st.integers(1, 25), st.sampled_from([1, 3, 512]), st.sampled_from([0, 3, 512]))
def test_what_is_held_is_what_the_engine_says(
    seed: int, rules: list[Rule], steps: int, slice_: int, few: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_audiences, "MOST_LEARNERS", slice_)
        patch.setattr(full_evaluation, "FEW", few)
        patch.setattr(questions, "LOOKED_UP_AT_ONCE", slice_)
        patch.setattr(evaluator, "WORTH_REMEMBERING", 2)
        patch.setattr(learner_rows, "LEAST_ROOM", 3)
        live = Live(seed, rules)
        live.reconcile()
        live.check()
        for _ in range(steps):
            for _ in range(live.random.choice([1, 1, 2, 5])):
                live.change()
                if live.random.random() < 0.5:
                    live.follow()
            live.reconcile()
            live.check()


def test_who_is_left_out_is_let_go_even_where_the_rule_names_them() -> None:
    live = Live(1, [Rule(include=[1])])
    live.world.set("status", 1, None, "active")
    live.world.set("exclusion", 1, live.world.table("enrollment_method")[1]["session_id"], "9999-12-31")
    live.reconcile()
    live.world.set("source", 1, 1, [1])
    live.reconcile()
    live.check()


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(SEEDS, RULES, st.integers(1, 15), st.sampled_from([0, 512]))
def test_the_log_may_move_on_while_it_is_decided(seed: int, rules: list[Rule], rounds: int, few: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time_slices, "SLICE_SECONDS", 0.0)
        patch.setattr(kept_audiences, "MOST_LEARNERS", 1)
        patch.setattr(full_evaluation, "FEW", few)
        live = Live(seed, rules)
        asyncio.run(live.reconcile_meanwhile(rounds))
        live.reconcile()
        live.check()


def known_of_people(work: PendingWork) -> tuple[dict[Any, list[int]], dict[int, set[int]]]:
    """What is kept of everybody for deciding: the answers to the rules' questions, and the groups."""
    people = np.array(sorted(work.index.learners), np.uint32)
    questions = work.audiences.questions
    said = {
        str(one.leaf): questions.answers[one.offset + questions.columns[one.facet].of(people)].tolist()
        for one in questions.all
    }
    places, numbers = work.audiences.rows.of(people)
    group_of = {number: group for group, number in work.audiences.rows.number_of.items()}
    groups: dict[int, set[int]] = defaultdict(set)
    for place, number in zip(places.tolist(), numbers.tolist(), strict=True):
        groups[place].add(group_of[number])
    return said, dict(groups)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    SEEDS,
    st.lists(naive.rules(), min_size=8, max_size=12),
    st.integers(20, 40),
    st.sampled_from([1, 64]),
)
def test_who_only_notes_facts_knows_of_people_what_who_decides_knows(
    seed: int, rules: list[Rule], steps: int, alike: int
) -> None:
    live = Live(seed, rules)
    live.reconcile()
    noting = PendingWork.of_all(live.index, live.day)
    assert known_of_people(noting) == known_of_people(live.work)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learner_rows, "MANY_ALIKE", alike)
        for _ in range(steps):
            people = live.world.learners()
            for _ in range(live.random.choice([1, 2, 9])):
                if people:
                    change_fact(live.world, live.random, live.random.choice(people))
            batch = live.index.apply(live.world.log[live.index.position :])
            live.work.batch(batch)
            noting.note(batch)
            assert not noting.waiting
        assert known_of_people(noting) == known_of_people(live.work)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(SEEDS, RULES, st.integers(1, 30))
def test_moved_people_are_those_the_engine_moves(seed: int, rules: list[Rule], steps: int) -> None:
    """Without carrying anything out: after any changes of facts, who differs is found, and what is wanted is right."""
    live = Live(seed, rules)
    live.reconcile()
    # Who is left out of a session is looked at again by others than audiences.
    methods = live.index.structure.methods
    left_out = {
        number: live.index.excluded(method.session_id, live.day).copy() for number, method in methods.items()
    }
    for _ in range(steps):
        people = live.world.learners()
        if people:
            change_fact(live.world, live.random, live.random.choice(people))
    live.follow()
    audiences = live.work.audiences
    found: dict[int, Any] = dict(kept_audiences.by_audience(audiences.decide(live.day)))
    for number, rule in enumerate(rules, 1):
        if number not in audiences:
            continue
        wanted = live.index.evaluate(rule, live.day)
        looked, answered = found.get(number, (BitMap(), BitMap()))
        assert answered == wanted & looked
        differing = (live.index.sources(number) & live.index.countable) ^ wanted
        assert differing - live.index.blocked_for(number) - left_out[number] <= looked
