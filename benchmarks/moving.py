"""Many people whose field changes at once, under many dynamic audiences: until every enrollment is right.

Half of the enrollments move: people who are known in the sessions they leave, and new in those they enter. An organisation of its
own beside the data of the instance: each person is in six of 200 groups; each audience has two groups and one or two choice
fields, the first of which is the one that changes.
"""

import asyncio
import secrets
import time
from random import Random
from typing import Any

import httpx

from backend.database import execute, fetch, fetch_value, transaction
from benchmarks.figures import Figure
from benchmarks.watching import settled
from tests.harness.instance import Muster

PEOPLE = 10_000
# Beside a smaller organisation it is a smoke check, whose time is not judged.
LEAST_PEOPLE = 300
GROUPS = 200
GROUPS_EACH = 6
FIELDS = 5
OPTIONS = 9
AUDIENCES = 100
# Values that an audience takes of a field: of the one that changes, and of another one.
TAKEN, TAKEN_OF_ANOTHER = 7, 8
SECONDS = 6.0
POLL_SECONDS = 0.1
PATIENCE_SECONDS = 600.0

_FUSE = {"count": 1_000_000, "percent": 100, "most": 1_000_000, "entering": 1_000_000}
_DIFFERENCE = """
SELECT count(*) FROM (
    SELECT method_id, learner_id, true AS held FROM source WHERE method_id = ANY($1::integer[]) AND until IS NULL
) AS source FULL JOIN (
    SELECT method_id, learner_id, true AS wanted FROM unnest($2::integer[], $3::integer[]) AS w(method_id, learner_id)
) AS audience USING (method_id, learner_id)
WHERE held IS NULL OR wanted IS NULL
"""
_LIVE = """
SELECT count(*) FROM enrollment e JOIN enrollment_method m ON m.session_id = e.session_id
WHERE m.id = ANY($1::integer[]) AND e.state <> 'expired'
"""


class _Audience:
    """Whom it holds, told from the plain facts."""

    def __init__(self, random: Random, fields: list[int], groups: list[int]) -> None:
        self.groups = random.sample(groups, 2)
        self.values = {0: set(random.sample(range(OPTIONS), TAKEN))}
        if random.random() < 0.5:
            self.values[random.randrange(1, FIELDS)] = set(random.sample(range(OPTIONS), TAKEN_OF_ANOTHER))
        self._fields = fields

    def rule(self) -> dict[str, Any]:
        filters = [
            {
                "type": "field",
                "field": self._fields[number],
                "op": "in",
                "values": sorted(map(_option, values)),
            }
            for number, values in self.values.items()
        ]
        return {"blocks": [{"groups": self.groups, "filters": filters}]}

    def holds(self, groups: set[int], values: list[int]) -> bool:
        return not groups.isdisjoint(self.groups) and all(
            values[number] in taken for number, taken in self.values.items()
        )


def _option(number: int) -> str:
    return f"Option {number}"


class _World:
    """The people, and what they are."""

    def __init__(self, people: int) -> None:
        self.random = Random(7)
        self.tag = secrets.token_hex(4)
        self.people = people
        self.values: dict[int, list[int]] = {}
        self.groups: dict[int, set[int]] = {}

    async def make(self) -> list[_Audience]:
        """Write them to the tables; the audiences."""
        options = [_option(number) for number in range(OPTIONS)]
        async with transaction():
            fields = [
                await fetch_value(
                    "INSERT INTO field (key, name, type, options) VALUES ($1, $1, 'choice', $2) RETURNING id",
                    f"moving_{self.tag}_{number}",
                    options,
                )
                for number in range(FIELDS)
            ]
            groups = [
                row["id"]
                for row in await fetch(
                    "INSERT INTO learner_group (name) SELECT format('Moving %s', i) FROM generate_series(1, $1) i RETURNING id",
                    GROUPS,
                )
            ]
            rows = await fetch(
                "INSERT INTO learner (email, first_name, last_name, added_at)"
                " SELECT format('moving%s.%s@example.org', i, $2::text), 'Mo', format('Ving %s', i), now()"
                " FROM generate_series(1, $1) i RETURNING id",
                self.people,
                self.tag,
            )
            for row in rows:
                self.values[row["id"]] = [self.random.randrange(OPTIONS) for _ in range(FIELDS)]
                self.groups[row["id"]] = set(self.random.sample(groups, GROUPS_EACH))
            pairs = [(person, group) for person, some in self.groups.items() for group in some]
            await execute(
                "INSERT INTO membership (learner_id, group_id, role, since)"
                " SELECT w.l, w.g, 'member', now() FROM unnest($1::integer[], $2::integer[]) AS w(l, g)",
                *map(list, zip(*pairs, strict=True)),
            )
            for number, field in enumerate(fields):
                await self._write_values(field, number, "INSERT")
        self.field = fields[0]
        return [_Audience(self.random, fields, groups) for _ in range(AUDIENCES)]

    async def _write_values(self, field: int, number: int, how: str) -> None:
        sql = (
            "INSERT INTO field_value (learner_id, field_id, text_value)"
            " SELECT w.l, $1, w.v FROM unnest($2::integer[], $3::text[]) AS w(l, v)"
            if how == "INSERT"
            else "UPDATE field_value f SET text_value = w.v FROM unnest($2::integer[], $3::text[]) AS w(l, v)"
            " WHERE f.field_id = $1 AND f.learner_id = w.l"
        )
        await execute(sql, field, list(self.values), [_option(v[number]) for v in self.values.values()])

    async def move(self) -> None:
        """Everybody gets another value of the field that every audience asks about, in one transaction."""
        for values in self.values.values():
            values[0] = (values[0] + self.random.randrange(1, OPTIONS)) % OPTIONS
        async with transaction():
            await self._write_values(self.field, 0, "UPDATE")

    def wanted(self, audiences: dict[int, _Audience]) -> set[tuple[int, int]]:
        """Pairs of method and person."""
        return {
            (method, person)
            for person, values in self.values.items()
            for method, audience in audiences.items()
            if audience.holds(self.groups[person], values)
        }


async def moving_figures(muster: Muster, token: str) -> list[Figure]:
    """All figures of this part."""
    learners = await fetch_value("SELECT count(*) FROM learner")
    people = PEOPLE if learners >= PEOPLE else LEAST_PEOPLE
    world = _World(people)
    audiences = await world.make()
    await settled(muster)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"{muster.address}/api/v1", headers=headers, timeout=60) as client:
        methods = {await _confirmed(client, audience.rule()): audience for audience in audiences}
    before = world.wanted(methods)
    await _until_right(methods, before)
    await settled(muster)
    started = time.monotonic()
    await world.move()
    wanted = world.wanted(methods)
    await _until_right(methods, wanted)
    seconds = time.monotonic() - started
    assert await fetch_value(_LIVE, list(methods)) == len(wanted)
    moved = len(before ^ wanted)
    await settled(muster)
    return [
        Figure(
            f"{people:,} people whose field changes, {AUDIENCES} audiences, until every enrollment is right",
            "s",
            seconds,
            SECONDS if people == PEOPLE else None,
        ),
        Figure("each enrollment that began or ended then", "µs", 1e6 * seconds / max(moved, 1)),
    ]


async def _confirmed(client: httpx.AsyncClient, rule: dict[str, Any]) -> int:
    course = (await client.post("/activities", json={"kind": "course", "title": "Moving"})).json()
    body = {"activity_id": course["id"], "name": "Moving", "fuse": _FUSE}
    session = (await client.post("/sessions", json=body)).json()["id"]
    method = {"kind": "audience", "dynamic": True, "rule": rule}
    plan = await client.post(f"/sessions/{session}/plan", json=method)
    applied = await client.post(f"/sessions/{session}/apply", json=method | {"hash": plan.json()["hash"]})
    assert applied.is_success, applied.text
    found: int = applied.json()["method_id"]
    return found


async def _until_right(methods: dict[int, _Audience], wanted: set[tuple[int, int]]) -> None:
    pairs = [list(some) for some in zip(*sorted(wanted), strict=True)] or [[], []]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await fetch_value(_DIFFERENCE, list(methods), *pairs):  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(POLL_SECONDS)
