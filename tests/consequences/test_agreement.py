"""What is said beforehand is what happens: people by session and method, states, notices, in random worlds."""

import os
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from pyroaring import BitMap

from backend.database import fetch, fetch_value, transaction
from backend.index import FacetIndex
from backend.index.facts.slots import FACETS, bitmap_at, slots_of
from backend.runtime import clock
from backend.services.consequences import world as supposed
from backend.services.consequences.outcome import Outcome
from backend.services.consequences.world import supposing
from backend.services.enrollment.dates.due_by_field import settle_all
from backend.services.enrollment.reconciler.followed_work import FollowedWork
from backend.services.enrollment.reconciler.pending_work import PendingWork
from backend.services.mail.notice_rows import next_full_hour
from tests.consequences.random_acts import Act, RandomActs
from tests.consequences.random_world import RandomWorld
from tests.harness.system import System

# `make campaign` asks for more.
WORLDS = int(os.environ.get("MUSTER_TEST_WORLDS", "50"))
# Worlds that share a database.
TOGETHER = 50
# Change sets a world.
SETS = 2
pytestmark = pytest.mark.timeout(600)


class Before:
    """What stands in the tables before an act, and in how far it differs afterwards."""

    async def read(self, world: RandomWorld) -> "Before":
        self.sessions = world.sessions
        self.live = await self._live()
        self.sources = await self._sources()
        self.dated = await self._dated()
        self.notice = await fetch_value("SELECT coalesce(max(id), 0) FROM notice")
        return self

    async def _live(self) -> dict[int, BitMap]:
        sql = "SELECT session_id, learner_id FROM enrollment WHERE session_id = ANY($1::int[]) AND state <> 'expired'"
        return _sets(await fetch(sql, self.sessions))

    async def _sources(self) -> dict[int, BitMap]:
        sql = "SELECT method_id, learner_id FROM source WHERE session_id = ANY($1::int[]) AND until IS NULL AND kept_from IS NULL"
        return _sets(await fetch(sql, self.sessions))

    async def _dated(self) -> dict[tuple[int, int], tuple[Any, list[int]]]:
        """Of whom is enrolled and has not completed: when they are due, and by which methods they are held."""
        rows = await fetch(
            "SELECT e.session_id, e.learner_id, e.due_at, array_agg(s.id ORDER BY s.id) AS sources"
            " FROM enrollment e JOIN source s USING (session_id, learner_id)"
            " WHERE e.session_id = ANY($1::int[]) AND e.state IN ('active', 'suspended') AND s.until IS NULL"
            " GROUP BY e.id",
            self.sessions,
        )
        return {(row["session_id"], row["learner_id"]): (row["due_at"], row["sources"]) for row in rows}

    async def compare_due_dates(self, outcome: Outcome) -> None:
        told = {
            (session, learner): one
            for session, people in outcome.due_changes.items()
            for learner, one in people.items()
        }
        dated = await self._dated()
        for pair, one in told.items():
            assert (self.dated[pair][0], dated[pair][0]) == (one.before, one.after), pair
        for pair in dated.keys() & self.dated.keys() - told.keys():
            # Whoever gained or lost a reason to be enrolled may be due otherwise for that.
            if dated[pair][1] == self.dated[pair][1]:
                assert dated[pair] == self.dated[pair], pair

    async def compare(self, outcome: Outcome) -> None:
        live = await self._live()
        for session in self.sessions:
            told = outcome.sessions.get(session)
            assert (told.entering if told else BitMap()) == live[session] - self.live[session], session
            assert (told.leaving if told else BitMap()) == self.live[session] - live[session], session
        sources = await self._sources()
        for method in sources.keys() | self.sources.keys():
            one = next((found for found in outcome.methods if found.method_id == method), None)
            opened, closed = sources[method] - self.sources[method], self.sources[method] - sources[method]
            assert (one.entering | one.gaining if one else BitMap()) == opened, method
            told_closed = one.leaving | one.losing | one.completed_stay if one else BitMap()
            assert told_closed == closed, method

    async def compare_notices(self, outcome: Outcome, hour: Any) -> None:
        rows = await fetch(
            "SELECT n.kind, n.session_id, n.learner_id, m.due_at FROM notice n JOIN message m ON m.id = n.message_id"
            " WHERE n.id > $1 AND n.cancelled_at IS NULL AND n.kind IN ('enrolled', 'due_changed')",
            self.notice,
        )
        filed = sorted((row["kind"], row["session_id"], row["learner_id"], row["due_at"]) for row in rows)
        told = sorted(
            (one.kind, one.session_id, learner, one.at) for one in outcome.notices for learner in one.learners
        )
        if next_full_hour(clock.now(), "UTC") == hour:
            assert told == filed


def _sets(rows: Iterable[Any]) -> dict[int, BitMap]:
    found: dict[int, BitMap] = defaultdict(BitMap)
    for key, learner in rows:
        found[key].add(learner)
    return found


def facts_of(index: FacetIndex, world: RandomWorld) -> dict[Any, Any]:
    """Enrollments with their states, sources and blocked people of a world."""
    found: dict[Any, Any] = {}
    for session in world.sessions:
        enrollments = index.facts.enrollments.get(session)
        for state, people in enrollments.states.items() if enrollments else ():
            found["enrollment", session, state] = set(people)
        for method_id in index.methods_of(session):
            method = index.methods[method_id]
            of = session if method.hand_picked else method_id
            found["source", method.hand_picked, of] = set(index.source_holders(method_id))
            blocked = index.facts.blocked.get(method_id)
            for other, people in blocked.items() if blocked else ():
                found["blocked", of, other] = set(people)
    return {key: people for key, people in found.items() if people}


def trace(work: PendingWork, world: RandomWorld) -> list[Any]:
    """What questions could leave behind: in the index, in what is known of the methods, in columns and rows of people."""
    index, audiences = work.index, work.audiences
    people = np.array(sorted(world.people), np.uint32)
    who, numbers = audiences.rows.of(people)
    return [
        index.position,
        {
            slot: set(bitmap_at(index.facts, slot) or ())
            for facet in FACETS
            for slot in slots_of(index.facts, facet)
        },
        dict(index.structure.rows()),
        {group: index.descendants(group) for group in world.groups},
        [(method, work.facets(method), method in audiences) for method in sorted(index.methods)],
        {facet: column.of(people).tolist() for facet, column in audiences.questions.columns.items()},
        sorted(zip(who.tolist(), numbers.tolist(), strict=True)),
        work.waiting,
    ]


async def ask_and_do(system: System, followed: FollowedWork, world: RandomWorld) -> None:
    some = [await RandomActs(world).some() for _ in range(world.chance.choice([1, 1, 2, 4]))]
    # Two moves of groups, each made up for the tree as it is, might form a circle.
    moves = [act for act in some if act.name == "regroups"]
    acts = [act for act in some if act not in moves[1:]]
    try:
        await ask_and_do_all(system, followed, world, acts)
    except AssertionError as error:
        raise AssertionError(f"{[act.name for act in acts]}: {error}") from error


async def ask_and_do_all(system: System, followed: FollowedWork, world: RandomWorld, acts: list[Act]) -> None:
    await settle_all()
    before = await Before().read(world)
    await system.follower.catch_up()
    hour = next_full_hour(clock.now(), "UTC")
    # Looked at in some worlds, for it takes as long as all the rest.
    traced = world.seed % 5 == 0
    untouched = trace(await followed.ready(), world) if traced else None
    async with supposing(followed, clock.now()) as asked:
        for act in acts:
            act.suppose(asked)
        await asked.settle(hold=True)
        outcome, expected = asked.outcome(), facts_of(asked.index, world)
    assert not traced or trace(await followed.ready(), world) == untouched
    async with transaction():
        for act in acts:
            await act.do()
    await system.settled()
    await settle_all()
    await system.follower.catch_up()
    assert facts_of(system.follower.index, world) == expected
    await before.compare(outcome)
    await before.compare_due_dates(outcome)
    await before.compare_notices(outcome, hour)


@pytest.mark.parametrize("part", range((WORLDS + TOGETHER - 1) // TOGETHER))
async def test_what_is_said_beforehand_is_what_happens(
    system: System, followed: FollowedWork, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[str] = []
    for seed in range(part * TOGETHER, min(WORLDS, (part + 1) * TOGETHER)):
        world = await RandomWorld(seed).make()
        await system.settled()
        # Told person by person, and as one change of many.
        monkeypatch.setattr(supposed, "FEW", world.chance.choice([0, 256]))
        monkeypatch.setattr(supposed, "PEOPLE_A_RULE", world.chance.choice([0, 16]))
        for number in range(SETS):
            try:
                await ask_and_do(system, followed, world)
            except AssertionError as error:
                failures.append(f"seed {seed}, set {number}: {error}")
                break
    assert not failures, "\n".join(failures)
