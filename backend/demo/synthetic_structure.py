"""What a synthetic organisation is made of, and its people."""

from collections.abc import Iterator
from datetime import timedelta

import asyncpg
import numpy as np

from backend.demo.synthetic_world import ACTIVITIES, CERTIFICATES, DAYS, World
from backend.runtime import clock

CHOICE_FIELDS = 20
FEWEST_VALUES, MOST_VALUES = 4, 5_000
REPORTS_EACH = 10
LANGUAGES = ("en", "fr", "de", "es", "ja")


async def write_structure(connection: asyncpg.Connection, world: World) -> None:
    """Groups in a tree, fields, activities with a session each, certificates."""
    first = world.first["learner_group"]
    # Most groups hang under one of the first few hundred, so that the tree is about six deep.
    reach = np.maximum(np.arange(world.groups) // 8, 1)
    parents = (world.random.random(world.groups) * reach).astype(np.int64)
    await connection.copy_records_to_table(
        "learner_group",
        columns=["id", "name", "kind", "parent_id", "external_id"],
        records=[
            (
                first + i,
                f"Group {i:05}",
                "company" if i == 0 else "group",
                None if i == 0 else first + int(parents[i]),
                f"G{i:05}",
            )
            for i in range(world.groups)
        ],
    )
    await connection.copy_records_to_table(
        "field",
        columns=["id", "key", "name", "type", "options"],
        records=[
            (world.first["field"] + i, f"field_{i:02}", f"Field {i:02}", kind, options)
            for i, (kind, options) in enumerate(fields(world.n))
        ],
    )
    activities = range(world.first["activity"], world.first["activity"] + ACTIVITIES)
    await connection.copy_records_to_table(
        "activity",
        columns=["id", "kind", "title", "external_id"],
        records=[(a, "course", f"Course {i:03}", f"C{i:03}") for i, a in enumerate(activities)],
    )
    await connection.copy_records_to_table(
        "session",
        columns=["id", "activity_id", "name", "external_id"],
        records=[
            (world.first["session"] + i, a, f"Course {i:03}, open", f"C{i:03}-open")
            for i, a in enumerate(activities)
        ],
    )
    await connection.copy_records_to_table(
        "certificate",
        columns=["id", "activity_id", "title", "valid_months"],
        records=[
            (world.first["certificate"] + i, a, f"Certificate {i:02}", 12 * (1 + i % 3))
            for i, a in enumerate(activities[:CERTIFICATES])
        ],
    )
    for table, used in (
        ("learner_group", world.groups),
        ("field", CHOICE_FIELDS + 4),
        ("activity", ACTIVITIES),
        ("session", ACTIVITIES),
        ("certificate", CERTIFICATES),
        ("learner", world.n),
    ):
        await connection.execute(
            "SELECT setval(pg_get_serial_sequence($1, 'id'), $2)", table, world.first[table] + used
        )


def fields(learners: int) -> Iterator[tuple[str, list[str]]]:
    """Choice fields with ever more values, then two numbers and two dates."""
    most = min(MOST_VALUES, max(FEWEST_VALUES, learners // 20))
    for i, count in enumerate(np.geomspace(FEWEST_VALUES, most, CHOICE_FIELDS).round().astype(int)):
        yield "choice", [f"v{i:02}-{value:04}" for value in range(count)]
    yield from (("number", []), ("number", []), ("date", []), ("date", []))


async def write_learners(connection: asyncpg.Connection, world: World) -> None:
    """Everybody, each with a manager but the first."""
    first = world.first["learner"]
    languages = np.minimum(world.random.geometric(0.5, world.n) - 1, len(LANGUAGES) - 1)
    absent = world.random.random(world.n) < 0.03
    now = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    added = world.random.integers(0, DAYS, world.n)
    days = [now - timedelta(days=d) for d in range(DAYS)]

    def rows() -> Iterator[tuple[object, ...]]:
        for i in range(world.n):
            yield (
                first + i,
                f"p{i:07}@synthetic.example",
                f"First{i % 997:03}",
                f"Last{i % 9973:04}",
                LANGUAGES[languages[i]],
                "suspended" if absent[i] else "active",
                days[added[i]],
                f"P{i:07}",
                None if i == 0 else first + (i - 1) // REPORTS_EACH,
            )

    await connection.copy_records_to_table(
        "learner",
        columns=[
            "id",
            "email",
            "first_name",
            "last_name",
            "language",
            "status",
            "added_at",
            "external_id",
            "manager_id",
        ],
        records=rows(),
    )
