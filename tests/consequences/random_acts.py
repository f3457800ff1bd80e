"""Random acts, each said twice: as it is supposed, and as it is written to the tables."""

import json
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, NamedTuple

from pyroaring import BitMap

from backend.database import execute, fetch, fetch_value
from backend.enrollment.outcomes import Leave
from backend.services.consequences.world import SupposedWorld
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, write
from backend.services.enrollment.writing.writes import Write
from tests.consequences.random_world import LANGUAGES, PLACES, RandomWorld, complete, set_field


class Act(NamedTuple):
    """What is supposed of it, and what is done."""

    suppose: Callable[[SupposedWorld], None]
    do: Callable[[], Awaitable[Any]]
    name: str = ""


class RandomActs:
    """Acts of one world."""

    def __init__(self, world: RandomWorld) -> None:
        self.world = world
        self.chance = world.chance

    async def some(self) -> Act:
        """One of them."""
        makers = [
            self.language, self.status, self.manager, self.place, self.size, self.hired, self.joins, self.leaves, self.moves,
            self.regroups, self.segment, self.completes, self.withdraws, self.rule, self.switch, self.ends, self.lets_go,
            self.brings, self.suspends, self.excludes, self.lifts,
        ]  # fmt: skip
        maker = self.chance.choice(makers)
        return (await maker())._replace(name=maker.__name__)

    def _some_people(self) -> list[int]:
        return self.chance.sample(self.world.people, self.chance.choice([1, 1, 2, 5]))

    async def _of_all(self, facet: str, ref: int | None, new: Any, sql: str, *arguments: object) -> Act:
        people = self._some_people()

        def suppose(world: SupposedWorld) -> None:
            if len(people) > 1:
                world.change_facts(facet, BitMap(people), ref, new)
            else:
                world.change_fact(facet, people[0], ref, new)

        return Act(suppose, lambda: execute(sql, people, *arguments))

    async def language(self) -> Act:
        new = self.chance.choice(LANGUAGES)
        sql = "UPDATE learner SET language = $2 WHERE id = ANY($1::int[])"
        return await self._of_all("language", None, new, sql, new)

    async def status(self) -> Act:
        new = self.chance.choice(["active", "active", "invited", "suspended", "deactivated"])
        return await self._of_all(
            "status", None, new, "UPDATE learner SET status = $2 WHERE id = ANY($1::int[])", new
        )

    async def manager(self) -> Act:
        new = self.chance.choice([None, *self.world.people])
        people = [one for one in self._some_people() if one != new]

        async def do() -> None:
            await execute("UPDATE learner SET manager_id = $2 WHERE id = ANY($1::int[])", people, new)

        return Act(lambda world: world.change_facts("manager", BitMap(people), None, new), do)

    async def place(self) -> Act:
        # Some of which nobody has had.
        return self._field(self.world.place, self.chance.choice([None, *PLACES, "Riga", "Bonn"]))

    async def size(self) -> Act:
        return self._field(self.world.size, self.chance.choice([None, 1, 3, 5, 77]))

    async def hired(self) -> Act:
        return self._field(
            self.world.hired, self.chance.choice([None, *(self.world.day() for _ in range(4))])
        )

    def _field(self, field: int, new: str | int | date | None) -> Act:
        people = self._some_people()

        async def do() -> None:
            for person in people:
                await set_field(person, field, new)

        logged = new.isoformat() if isinstance(new, date) else new
        return Act(lambda world: world.change_facts("field", BitMap(people), field, logged), do)

    async def joins(self) -> Act:
        group = self.chance.choice(self.world.groups)
        sql = "INSERT INTO membership (group_id, learner_id, role, since) SELECT $2, l, 'member', muster_now() FROM unnest($1::int[]) l ON CONFLICT DO NOTHING"
        return await self._of_all("membership", group, "member", sql, group)

    async def leaves(self) -> Act:
        group = self.chance.choice(self.world.groups)
        sql = "DELETE FROM membership WHERE learner_id = ANY($1::int[]) AND group_id = $2"
        return await self._of_all("membership", group, None, sql, group)

    async def moves(self) -> Act:
        first, second = self.chance.sample(self.world.groups, 2)
        rows = await fetch("SELECT learner_id FROM membership WHERE group_id = $1", first)
        people = [row["learner_id"] for row in rows]

        def suppose(world: SupposedWorld) -> None:
            world.change_facts("membership", BitMap(people), first, None)
            world.change_facts("membership", BitMap(people), second, "member")

        async def do() -> None:
            await execute(
                "DELETE FROM membership WHERE group_id = $1 AND learner_id = ANY($2::int[])", first, people
            )
            await execute(
                "INSERT INTO membership (group_id, learner_id, role, since) SELECT $2, l, 'member', muster_now() FROM unnest($1::int[]) l ON CONFLICT DO NOTHING",
                people,
                second,
            )

        return Act(suppose, do)

    async def regroups(self) -> Act:
        group = self.chance.choice(self.world.groups)
        below = await fetch(
            "WITH RECURSIVE tree(id) AS (SELECT $1::int UNION SELECT c.id FROM learner_group c JOIN tree t ON c.parent_id = t.id)"
            " SELECT id FROM tree",
            group,
        )
        inside = {row["id"] for row in below}
        parent = self.chance.choice([None, *(one for one in self.world.groups if one not in inside)])
        return await self._row("learner_group", group, {"parent_id": parent})

    async def _row(self, table: str, row_id: int, new: dict[str, Any]) -> Act:
        row = json.loads(await fetch_value(f"SELECT to_jsonb(t)::text FROM {table} t WHERE id = $1", row_id))
        sets = ", ".join(f"{name} = ${i}" for i, name in enumerate(new, 2))
        values = [json.dumps(value) if isinstance(value, dict) else value for value in new.values()]
        return Act(
            lambda world: world.change_row(table, row_id, row | new),
            lambda: execute(f"UPDATE {table} SET {sets} WHERE id = $1", row_id, *values),
        )

    async def segment(self) -> Act:
        rule = self.world.rule(with_segments=False)
        return await self._row("segment", self.chance.choice(self.world.segments), {"rule": rule})

    async def completes(self) -> Act:
        people, activity = self._some_people(), self.chance.choice(self.world.activities)

        async def do() -> None:
            for person in people:
                await complete(person, activity)

        return Act(
            lambda world: world.change_facts("result", BitMap(people), activity, ["completed", True, 0]), do
        )

    async def withdraws(self) -> Act:
        person, activity = self.chance.choice(self.world.people), self.chance.choice(self.world.activities)
        return Act(
            lambda world: world.change_fact("result", person, activity, None),
            lambda: execute(
                "DELETE FROM result WHERE learner_id = $1 AND activity_id = $2", person, activity
            ),
        )

    async def _method(self) -> Any:
        method = self.chance.choice(self.world.methods)
        return (
            await fetch(
                "SELECT m.*, s.activity_id FROM enrollment_method m JOIN session s ON s.id = m.session_id WHERE m.id = $1",
                method,
            )
        )[0]

    async def rule(self) -> Act:
        method = await self._method()
        new: dict[str, Any] = {"version": method["version"] + 1}
        if method["dynamic"]:
            new["rule"] = self.world.rule(asking=self.world.activities.index(method["activity_id"]))
        return await self._row("enrollment_method", method["id"], new)

    async def switch(self) -> Act:
        method = await self._method()
        new = {"active": not method["active"], "version": method["version"] + 1}
        return await self._row("enrollment_method", method["id"], new)

    async def ends(self) -> Act:
        session = self.chance.choice(self.world.sessions)
        ends = await fetch_value(
            "SELECT muster_now() + $1::text::interval", self.chance.choice(["-1 hour", "1 day"])
        )
        return await self._row("session", session, {"starts_at": None, "ends_at": ends})

    async def lets_go(self) -> Act:
        method = await self._method()
        choices: list[Leave | None] = [None, "keep", "expire"]
        on_leave = self.chance.choice(choices)
        people = self._some_people()
        one = Write(
            method_id=method["id"],
            session_id=method["session_id"],
            cause="act",
            leaving=people,
            on_leave=on_leave,
            confirmed=True,
        )
        return Act(lambda world: world.leave(method["id"], BitMap(people), on_leave), lambda: _written(one))

    async def brings(self) -> Act:
        method, people = await self._method(), self._some_people()
        one = Write(method_id=method["id"], session_id=method["session_id"], cause="act", entering=people)
        return Act(lambda world: world.enter(method["id"], BitMap(people)), lambda: _written(one))

    async def excludes(self) -> Act:
        session = self.chance.choice(self.world.sessions)
        until = self.chance.choice([None, "2020-01-01", "2199-01-01"])
        sql = (
            "INSERT INTO exclusion (session_id, learner_id, until, at)"
            " SELECT $2, l, $3::text::date, muster_now() FROM unnest($1::int[]) l"
            " ON CONFLICT (session_id, learner_id) DO UPDATE SET until = excluded.until"
        )
        return await self._of_all("exclusion", session, until or "9999-12-31", sql, session, until)

    async def lifts(self) -> Act:
        session = self.chance.choice(self.world.sessions)
        sql = "DELETE FROM exclusion WHERE learner_id = ANY($1::int[]) AND session_id = $2"
        return await self._of_all("exclusion", session, None, sql, session)

    async def suspends(self) -> Act:
        session, person = self.chance.choice(self.world.sessions), self.chance.choice(self.world.people)
        state = await fetch_value(
            "SELECT state FROM enrollment WHERE session_id = $1 AND learner_id = $2", session, person
        )
        new = {"active": "suspended", "suspended": "active"}.get(state or "")

        def suppose(world: SupposedWorld) -> None:
            if new is not None:
                world.set_state(session, BitMap([person]), new)

        async def do() -> None:
            if new is not None:
                await execute(
                    "UPDATE enrollment SET state = $3, version = version + 1 WHERE session_id = $1 AND learner_id = $2",
                    session, person, new,
                )  # fmt: skip

        return Act(suppose, do)


async def _written(one: Write) -> None:
    await lock_sessions([one.session_id])
    await write([one])
