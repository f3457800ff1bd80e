"""After any changes, enrollments are what the rules say: told by the index, checked by plain SQL."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from backend.database import fetch, fetch_value
from tests.harness.system import System

LANGUAGES = ("en", "fr", "de")
STEPS = 60
LOOK_EVERY = 12

# What a rule means, said a second time in SQL: {g} is the group; subgroups included.
IN_GROUP = """l.id IN (
    WITH RECURSIVE tree(id) AS (SELECT {g} UNION SELECT c.id FROM learner_group c JOIN tree t ON c.parent_id = t.id)
    SELECT learner_id FROM membership WHERE group_id IN (SELECT id FROM tree))"""


class Worlds:
    """One world of a few groups, people, two activities, and methods with the SQL of what they mean."""

    def __init__(self, system: System, chance: random.Random) -> None:
        self.system = system
        self.chance = chance
        self.groups: list[int] = []
        self.people: list[int] = []
        self.meanings: dict[int, str] = {}
        self.asked = 0

    async def begin(self) -> None:
        system = self.system
        for number in range(5):
            self.groups.append(await system.group(f"G{number}", self.chance.choice([None, *self.groups])))
        self.people = await system.people(25)
        self.asked = await system.activity("Asked about")
        busy = await system.activity("Busy")
        for activity in (
            busy,
            busy,
            await system.activity("Other"),
            await system.activity("Free", several_sessions=True),
        ):
            session = await system.session(activity, fuse_count=1000)
            for _ in range(2):
                rule, meaning = self.rule()
                done = await system.apply(session, kind="audience", rule=rule, dynamic=True)
                self.meanings[done["method_id"]] = meaning

    def rule(self) -> tuple[dict[str, Any], str]:
        group, chance = self.chance.choice(self.groups), self.chance
        block: dict[str, Any] = {"groups": [group], "filters": []}
        meaning = IN_GROUP.format(g=group)
        if chance.random() < 0.5:
            language = chance.choice(LANGUAGES)
            block["filters"].append({"type": "language", "op": "in", "values": [language]})
            meaning += f" AND l.language = '{language}'"
        if chance.random() < 0.5:
            status = chance.choice(["completed", "not_completed"])
            block["filters"].append({"type": "path_result", "status": status, "paths": [self.asked]})
            done = f"EXISTS (SELECT FROM standing s WHERE s.learner_id = l.id AND s.activity_id = {self.asked} AND s.status = 'completed')"
            meaning += f" AND {'NOT ' if status == 'not_completed' else ''}{done}"
        include, exclude = chance.sample(self.people, 2)
        return (
            {"blocks": [block], "include": [include], "exclude": [exclude]},
            f"(({meaning}) OR l.id = {include}) AND l.id <> {exclude}",
        )

    async def step(self) -> None:
        system, chance = self.system, self.chance
        person, group = chance.choice(self.people), chance.choice(self.groups)
        acts: list[Callable[[], Any]] = [
            lambda: system.write(
                "INSERT INTO membership (group_id, learner_id, since) VALUES ($1, $2, muster_now()) ON CONFLICT DO NOTHING",
                group, person,
            ),
            lambda: system.write("DELETE FROM membership WHERE group_id = $1", group),
            lambda: system.leave(group, person),
            lambda: system.write("UPDATE learner SET language = $1 WHERE id = $2", chance.choice(LANGUAGES), person),
            lambda: system.write(
                "UPDATE learner SET status = $1 WHERE id = $2",
                chance.choice(["active", "active", "invited", "suspended", "pending"]), person,
            ),
            lambda: system.write(
                "INSERT INTO result (learner_id, activity_id, status) VALUES ($1, $2, 'completed') ON CONFLICT DO NOTHING",
                person, self.asked,
            ),
            lambda: system.write("DELETE FROM result WHERE learner_id = $1 AND activity_id = $2", person, self.asked),
            lambda: self.regroup(group),
            lambda: system.write("UPDATE source SET until = muster_now() WHERE learner_id = $1 AND until IS NULL", person),
        ]  # fmt: skip
        await chance.choice(acts)()

    async def regroup(self, group: int) -> None:
        below = {row["id"] for row in await fetch(
            "WITH RECURSIVE tree(id) AS (SELECT $1::int UNION SELECT c.id FROM learner_group c JOIN tree t ON c.parent_id = t.id)"
            " SELECT id FROM tree", group,
        )}  # fmt: skip
        parent = self.chance.choice([None, *(one for one in self.groups if one not in below)])
        await self.system.write("UPDATE learner_group SET parent_id = $1 WHERE id = $2", parent, group)

    async def check(self) -> None:
        await self.system.settled()
        for method, meaning in self.meanings.items():
            wanted = await self.ids(
                f"SELECT l.id FROM learner l WHERE l.status IN ('invited', 'active') AND {meaning}"
            )
            countable = "JOIN learner l ON l.id = x.learner_id AND l.status IN ('invited', 'active')"
            held = await self.ids(
                f"SELECT l.id FROM source x {countable} WHERE x.method_id = {method} AND x.until IS NULL"
            )
            blocked = await self.ids(f"SELECT l.id FROM blocked x {countable} WHERE x.method_id = {method}")
            assert held | blocked == wanted, method
            assert not held & blocked
        assert await fetch_value(_SOURCE_WITHOUT_ENROLLMENT) == 0
        assert await fetch_value(_ENROLLMENT_WITHOUT_SOURCE) == 0
        assert await fetch_value(_BLOCKED_BY_NOBODY) == 0

    async def ids(self, sql: str) -> set[int]:
        return {row["id"] for row in await fetch(sql)}


_SOURCE_WITHOUT_ENROLLMENT = """
SELECT count(*) FROM source s JOIN learner l ON l.id = s.learner_id AND l.status IN ('invited', 'active')
WHERE s.until IS NULL AND NOT EXISTS (
    SELECT FROM enrollment e WHERE e.session_id = s.session_id AND e.learner_id = s.learner_id AND e.state <> 'expired')
"""
# psql took sources away without ending enrollments; those people may stay until a rule lets go of them again.
_ENROLLMENT_WITHOUT_SOURCE = """
SELECT count(*) FROM enrollment e JOIN learner l ON l.id = e.learner_id AND l.status IN ('invited', 'active')
WHERE e.state = 'active' AND NOT EXISTS (
    SELECT FROM source s WHERE s.session_id = e.session_id AND s.learner_id = e.learner_id)
"""
_BLOCKED_BY_NOBODY = """
SELECT count(*) FROM blocked b JOIN session s ON s.id = b.session_id
JOIN learner l ON l.id = b.learner_id AND l.status IN ('invited', 'active')
WHERE NOT EXISTS (SELECT FROM enrollment e WHERE e.learner_id = b.learner_id AND e.activity_id = s.activity_id
                  AND e.session_id <> b.session_id AND e.state <> 'expired')
"""


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_enrollments_are_what_the_rules_say(system: System, seed: int) -> None:
    world = Worlds(system, random.Random(seed))
    await world.begin()
    await world.check()
    for number in range(STEPS):
        await world.step()
        if number % LOOK_EVERY == 0:
            await world.check()
    await world.check()
