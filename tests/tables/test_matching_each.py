"""The migration of negated filters over several paths: nobody moves."""

from datetime import date
from importlib import import_module
from itertools import combinations
from typing import Any

import pytest

import backend.database
from backend.database import execute, fetch_value
from backend.rules import convert
from tests import naive
from tests.harness.servers import Servers

MIGRATION: Any = import_module("backend.migrations.muster_2026_11_28_matching_each")
DAY = date(2026, 3, 29)
PATHS = (7, 8, 9)
STANDINGS = {
    "completed": ["completed", True, 1],
    "started": ["started", False, 0],
}


def filter_of(status: str, match: str | None, paths: list[int]) -> dict[str, Any]:
    more = {} if match is None else {"match": match}
    return {"type": "path_result", "status": status, "paths": paths, **more}


def rule_of(found: dict[str, Any]) -> dict[str, Any]:
    return {"blocks": [{"everyone": True, "filters": [{"type": "any", "of": [found]}]}]}


def world() -> naive.World:
    """People with every combination of standings on three paths."""
    made = naive.World()
    learner = 0
    for count in range(len(PATHS) + 1):
        for chosen in combinations(PATHS, count):
            for standing in STANDINGS.values():
                learner += 1
                made.set("status", learner, None, "active")
                for path in chosen:
                    made.set("result", learner, path, standing)
    for path in PATHS:
        made.put("activity", path, {"kind": "path", "title": f"P{path}"})
        made.put("session", path, {"activity_id": path, "name": f"S{path}"})
        for learner in made.learners():
            if made.fact("result", learner, path) is not None:
                made.set("enrollment", learner, path, ["active", None])
    return made


def before(world: naive.World, found: dict[str, Any]) -> set[int]:
    """The people of a filter as it was understood: a negation turned the whole filter round."""
    positive = rule_of({**found, "status": found["status"].removeprefix("not_")})
    people = naive.audience(world, convert(positive), DAY)
    return set(world.learners()) - people if found["status"].startswith("not_") else people


@pytest.mark.parametrize("match", [None, "any", "all"])
@pytest.mark.parametrize("paths", [[7], [7, 8], [7, 8, 9]])
@pytest.mark.parametrize("what", ["completed", "successful", "started", "enrolled"])
@pytest.mark.parametrize("negation", ["", "not_"])
def test_a_swapped_rule_has_the_people_it_had(
    negation: str, what: str, paths: list[int], match: str | None
) -> None:
    people = world()
    stored = filter_of(negation + what, match, paths)
    made = MIGRATION.swapped(rule_of(stored))
    assert naive.audience(people, convert(made), DAY) == before(people, stored)
    assert set(people.index().evaluate(convert(made), DAY)) == before(people, stored)
    if not negation or len(paths) == 1:
        assert made == rule_of(stored)


async def test_it_swaps_wherever_rules_are_stored(servers: Servers) -> None:
    """Methods, drafts, segments, and the methods that runs keep; not where somebody leads who reads rules as before."""
    url = servers.new_database()
    await backend.database.connect(url, max_size=2)
    rule = '{"blocks": [{"groups": [1], "filters": [%s]}]}'
    asked = '{"type": "path_result", "status": "not_started", "paths": [1, 2]}'
    try:
        await execute("INSERT INTO activity (kind, title) VALUES ('path', 'A')")
        await execute("INSERT INTO session (activity_id, name) SELECT id, 'S' FROM activity")
        for state in ("live", "draft"):
            await execute(
                "INSERT INTO enrollment_method (session_id, kind, rule, state, created_at) SELECT id, 'audience', $1::text::jsonb, $2, now()"
                " FROM session",
                rule % asked,
                state,
            )
        await execute("INSERT INTO segment (name, rule) VALUES ('N', $1::text::jsonb)", rule % asked)
        await execute(
            "INSERT INTO run (cause, state, detail, created_at) VALUES ('act', 'applied', $1::text::jsonb, now())",
            '{"method": {"rule": %s}, "method_after": {"rule": null}}' % (rule % asked),
        )
        leader = await backend.database.open_connection()
        await leader.fetchval("SELECT pg_advisory_lock(hashtext('muster.reconciler'))")
        with pytest.raises(RuntimeError, match="stop these first"):
            await (await MIGRATION.forwards()).run()
        await leader.close()
        await (await MIGRATION.forwards()).run()
        swapped = '"match": "all"'
        for table, column, expected in (
            ("enrollment_method", "rule", 2),
            ("segment", "rule", 1),
            ("run", "detail", 1),
        ):
            told = f"SELECT count(*) FROM {table} WHERE {column}::text LIKE '%{swapped}%'"
            assert await fetch_value(told) == expected, table
    finally:
        await backend.database.disconnect()
        servers.drop_database(url)
