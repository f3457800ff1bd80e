"""What every request asks about the actor reads their own rows, however many groups and people there are."""

import json
from typing import Any

import pytest

from backend.database import execute, fetch_value
from backend.services.access import statements

GROUPS, PEOPLE, GROUPS_EACH = 2_000, 3_000, 10
# Five levels of ten groups and less, and an index's page or two.
MOST_ROWS = 250
MANAGER, REPORT = 1, 2


@pytest.fixture
async def organisation(database: str) -> None:
    """Groups five levels deep, everybody in ten of them; one person manages one other."""
    await execute(
        "INSERT INTO learner_group (name) SELECT 'G' || i FROM generate_series(1, $1::integer) i", GROUPS
    )
    await execute("UPDATE learner_group SET parent_id = id / 5 WHERE id >= 5")
    await execute(
        "INSERT INTO learner (email, added_at) SELECT 'p' || i || '@people.example', muster_now()"
        " FROM generate_series(1, $1::integer) i",
        PEOPLE,
    )
    await execute(
        "INSERT INTO membership (group_id, learner_id, role, since)"
        " SELECT 1 + (l * 7 + i * 193) % $1::integer, l, 'member', muster_now()"
        " FROM generate_series(1, $2::integer) l, generate_series(1, $3::integer) i ON CONFLICT DO NOTHING",
        GROUPS,
        PEOPLE,
        GROUPS_EACH,
    )
    await execute("UPDATE learner SET manager_id = $1 WHERE id = $2", MANAGER, REPORT)
    await execute("UPDATE organisation SET managers_enroll = true")
    await execute("ANALYZE")


def rows_read(node: dict[str, Any]) -> float:
    """Rows that the scans of tables looked at."""
    own = 0.0
    if "Relation Name" in node:
        own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return own + sum(rows_read(below) for below in node.get("Plans", ()))


@pytest.mark.usefixtures("organisation")
@pytest.mark.parametrize(
    ("sql", "arguments", "found"),
    [
        (statements.COVERED, (MANAGER, ["admin", "coach"]), False),
        # The leaves of the tree: who coaches the topmost group covers all of them.
        (f"{statements.COVERED} WHERE id > {GROUPS // 2}", (MANAGER, ["member"]), True),
        (statements.CONTAINING, (MANAGER,), True),
        (statements.ENROLLS_A_TEAM, (MANAGER,), True),
        (statements.ENROLLS_A_TEAM, (REPORT,), False),
        (statements.TEAM, (MANAGER,), True),
        (statements.GROUPS_OF_TEAM, ([REPORT],), True),
    ],
)
async def test_few_rows_are_read(sql: str, arguments: tuple[object, ...], *, found: bool) -> None:
    plan = await fetch_value(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
    (told,) = json.loads(plan) if isinstance(plan, str) else plan
    assert rows_read(told["Plan"]) < MOST_ROWS
    assert bool(told["Plan"]["Actual Rows"]) is found
