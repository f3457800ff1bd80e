"""Small random organisations in one database: groups, people, sessions, segments, and methods that follow changes."""

import json
from datetime import date, timedelta
from random import Random
from typing import Any

from backend.database import execute, fetch, fetch_value, transaction
from backend.runtime import clock

LANGUAGES = ("en", "fr", "de")
PLACES = ("Paris", "Rome", "Oslo")
PEOPLE = 14
GROUPS = 6
# By activity, how many sessions, and whether a person may be in several. Of the first its results are asked for.
ACTIVITIES = ((0, False), (2, False), (1, False), (2, True))


class RandomWorld:
    """Ids of what a seed made. Whatever asks who is enrolled asks of an earlier activity: rules form no circles."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = Random(seed)
        self.groups: list[int] = []
        self.people: list[int] = []
        self.activities: list[int] = []
        self.sessions: list[int] = []
        self.segments: list[int] = []
        self.methods: list[int] = []
        self.place = 0
        self.size = 0
        self.hired = 0

    async def make(self) -> "RandomWorld":
        """Written in one transaction."""
        async with transaction():
            await self._fields()
            await self._groups()
            await self._people()
            for number, (sessions, several) in enumerate(ACTIVITIES):
                await self._activity(number, sessions, several=several)
            for number in range(2):
                rule = json.dumps(self.rule(with_segments=False))
                self.segments.append(await _insert("segment", name=f"N {self.seed} {number}", rule=rule))
            for session in self.sessions:
                for _ in range(self.chance.choice([1, 1, 2])):
                    await self._method(session)
        return self

    async def _fields(self) -> None:
        # One of each for all worlds of a database.
        found = await fetch("SELECT id, key FROM field WHERE key IN ('hired', 'place', 'size') ORDER BY key")
        if found:
            self.hired, self.place, self.size = (row["id"] for row in found)
            return
        self.place = await _insert("field", key="place", name="Place", type="text", options=[])
        self.size = await _insert("field", key="size", name="Size", type="number", options=[])
        self.hired = await _insert("field", key="hired", name="Hired", type="date", options=[])

    async def _groups(self) -> None:
        for number in range(GROUPS):
            parent = self.chance.choice([None, *self.groups])
            self.groups.append(await _insert("learner_group", name=f"G{number}", parent_id=parent))

    async def _people(self) -> None:
        chance = self.chance
        for _ in range(PEOPLE):
            person = await fetch_value(
                "INSERT INTO learner (email, language, status, manager_id, added_at)"
                " VALUES (gen_random_uuid() || '@p.example', $1, $2, $3, muster_now()) RETURNING id",
                chance.choice(LANGUAGES),
                chance.choice(["active", "active", "active", "invited", "suspended"]),
                chance.choice([None, *self.people]),
            )
            self.people.append(person)
            for group in chance.sample(self.groups, chance.choice([0, 1, 2])):
                await execute(
                    "INSERT INTO membership (group_id, learner_id, role, since) VALUES ($1, $2, 'member', muster_now())",
                    group,
                    person,
                )
            if chance.random() < 0.7:
                await set_field(person, self.place, chance.choice(PLACES))
            if chance.random() < 0.7:
                await set_field(person, self.size, chance.randrange(5))
            if chance.random() < 0.7:
                await set_field(person, self.hired, self.day())

    def day(self) -> date:
        """Some day before or after today."""
        return clock.today("UTC") + timedelta(days=self.chance.randrange(-40, 40))

    async def _activity(self, number: int, sessions: int, *, several: bool) -> None:
        chance = self.chance
        activity = await _insert("activity", kind="course", title=f"A{number}", several_sessions=several)
        self.activities.append(activity)
        for person in chance.sample(self.people, 3):
            await complete(person, activity)
        for _ in range(sessions):
            starts = chance.choice([None, None, "1 day", "-1 day"])
            session = await fetch_value(
                "INSERT INTO session (activity_id, name, starts_at, fuse_count, fuse_percent, fuse_entering)"
                " VALUES ($1, 'S', muster_now() + $2::text::interval, $3, $4, $5) RETURNING id",
                activity, starts, chance.choice([50, 50, 1]), 10.0, chance.choice([None, None, 2]),
            )  # fmt: skip
            self.sessions.append(session)

    async def _method(self, session: int) -> None:
        chance = self.chance
        row = {
            "session_id": session,
            "kind": "audience",
            "state": "live",
            "created_at": clock.now(),
            "due_days": chance.choice([None, None, 3, 30]),
        }
        if row["due_days"] is None and chance.random() < 0.5:
            row |= {"due_field": self.hired, "due_field_days": chance.choice([0, 14])}
        if chance.random() < 0.2:
            method = await _insert("enrollment_method", **row)
        else:
            number = self.activities.index(
                await fetch_value("SELECT activity_id FROM session WHERE id = $1", session)
            )
            method = await _insert(
                "enrollment_method",
                **row,
                dynamic=True,
                on_leave=chance.choice(["expire", "expire", "keep"]),
                rule=json.dumps(self.rule(asking=number)),
            )
        self.methods.append(method)

    def rule(self, asking: int = 0, *, with_segments: bool = True) -> dict[str, Any]:
        """A rule of one or two blocks; it asks who is enrolled in activities before the one of that number."""
        chance = self.chance
        blocks = [
            {
                "groups": chance.sample(self.groups, chance.choice([1, 1, 2])),
                "subgroups": chance.random() < 0.8,
                "filters": [
                    self._filter(asking, with_segments=with_segments)
                    for _ in range(chance.choice([0, 1, 1, 2]))
                ],
            }
            for _ in range(chance.choice([1, 1, 2]))
        ]
        include, exclude = chance.sample(self.people, 2)
        return {
            "blocks": blocks,
            "include": [include] if chance.random() < 0.3 else [],
            "exclude": [exclude] if chance.random() < 0.3 else [],
        }

    def _filter(self, asking: int, *, with_segments: bool) -> dict[str, Any]:
        chance = self.chance
        found: list[dict[str, Any]] = [
            {"type": "language", "op": "in", "values": [chance.choice(LANGUAGES)]},
            {"type": "field", "field": self.place, "op": "in", "values": [chance.choice(PLACES)]},
            {"type": "field", "field": self.place, "op": "starts_with", "values": ["R"]},
            {"type": "field", "field": self.size, "op": "gte", "values": [chance.randrange(5)]},
            {"type": "group", "op": chance.choice(["in", "not_in"]), "groups": [chance.choice(self.groups)]},
            {"type": "manager", "op": "in", "managers": [chance.choice(self.people)],
             "indirect": chance.random() < 0.5},
            {"type": "path_result", "status": chance.choice(["completed", "not_completed", "started"]),
             "paths": [self.activities[0]]},
        ]  # fmt: skip
        if asking > 1:
            status = chance.choice(["enrolled", "not_enrolled"])
            found.append({"type": "path_result", "status": status, "paths": [self.activities[asking - 1]]})
        if with_segments and self.segments:
            found.append({"type": "segment", "op": "in", "segments": [chance.choice(self.segments)]})
        one = chance.choice(found)
        return one if chance.random() < 0.8 else {"type": "none", "of": [one]}


async def _insert(table: str, **row: object) -> int:
    marks = ", ".join(f"${i}" for i in range(1, len(row) + 1))
    found: int = await fetch_value(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks}) RETURNING id", *row.values()
    )
    return found


async def set_field(person: int, field: int, value: str | int | date | None) -> None:
    """The person's value of a field."""
    types: dict[type, str] = {str: "text_value", date: "date_value"}
    column = types.get(type(value), "number_value")
    await execute("DELETE FROM field_value WHERE learner_id = $1 AND field_id = $2", person, field)
    if value is not None:
        await execute(
            f"INSERT INTO field_value (learner_id, field_id, {column}) VALUES ($1, $2, $3)",
            person,
            field,
            value,
        )


async def complete(person: int, activity: int) -> None:
    """A report that the person has completed an activity."""
    await execute(
        "INSERT INTO result (learner_id, activity_id, status, completed_at) VALUES ($1, $2, 'completed', muster_now())"
        " ON CONFLICT (learner_id, activity_id, coalesce(step_id, 0), coalesce(session_id, 0))"
        " DO UPDATE SET completed_at = excluded.completed_at",
        person,
        activity,
    )
