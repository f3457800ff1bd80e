"""Random writes to real tables, and the plain world that a row-by-row reading of the tables gives."""

import json
from datetime import UTC, date, datetime, timedelta
from random import Random

import asyncpg

from backend.database import execute, fetch, fetch_value, transaction
from backend.runtime import clock
from tests.naive.making import (
    ACTIVITIES,
    CERTIFICATES,
    FIELDS,
    GROUPS,
    METHODS,
    SEGMENTS,
    SESSIONS,
    STATUSES,
    Sizes,
    learner_ids,
    some_instant,
    some_segment,
)
from tests.naive.world import World

_FIELD_COLUMN = {
    "choice": "text_value",
    "text": "text_value",
    "number": "number_value",
    "date": "date_value",
    "boolean": "boolean_value",
}


async def share_every_change() -> None:
    """Have this database tell of one person, too, as it tells of a hundred people alike."""
    definition: str = await fetch_value("SELECT pg_get_functiondef('together'::regproc)")
    await execute(definition.replace("100", "1"))


async def make_tables(random: Random, timezone: str, offset: timedelta = timedelta(0)) -> None:
    """The structure of `make_world`, written to the tables at a moved clock."""
    async with transaction():
        await move_clock(offset)
        await execute("UPDATE organisation SET timezone = $1", timezone)
        for group in GROUPS:
            parent = random.choice([None, *range(1, group)])
            await execute(
                "INSERT INTO learner_group (id, name, parent_id) VALUES ($1, $2, $3)",
                group,
                f"G{group}",
                parent,
            )
        for field, (kind, options) in FIELDS.items():
            given = [str(option) for option in options] if kind == "choice" else []
            await execute(
                "INSERT INTO field VALUES ($1, $2, $3, $4, $5)", field, f"f{field}", f"F{field}", kind, given
            )
        for activity in ACTIVITIES:
            await execute(
                "INSERT INTO activity (id, kind, title) VALUES ($1, 'course', $2)", activity, f"A{activity}"
            )
        # The last path is completed by completing the first two courses.
        last = max(ACTIVITIES)
        for position, child in enumerate((1, 2)):
            await execute(
                "INSERT INTO step (activity_id, position, kind, child_activity_id, title, mandatory) VALUES ($1, $2, 'course', $3, 'x', $4)",
                last, position, child, position == 0,
            )  # fmt: skip
        for session in SESSIONS:
            await execute(
                "INSERT INTO session (id, activity_id, name) VALUES ($1, $2, $3)",
                session,
                random.choice(ACTIVITIES),
                f"S{session}",
            )
        for certificate in CERTIFICATES:
            await execute("INSERT INTO certificate VALUES ($1, $1, $2, NULL)", certificate, f"C{certificate}")
        for segment in SEGMENTS:
            await execute(
                "INSERT INTO segment (id, name, rule) VALUES ($1, $2, $3)",
                segment,
                f"N{segment}",
                json.dumps(some_segment(random, segment)),
            )
        for method in METHODS:
            await execute(
                "INSERT INTO enrollment_method (id, session_id, kind, created_at) VALUES ($1, $2, 'manual', muster_now())",
                method,
                method,
            )


async def write_something(random: Random, offset: timedelta) -> None:
    """One random write at a moved clock; what the schema refuses does not happen."""
    try:
        async with transaction():
            await execute(
                "SELECT set_config('muster.clock_offset', $1, true)",
                f"{(clock.offset() + offset).total_seconds()} seconds",
            )
            await random.choice(_WRITES)(random, random.choice(learner_ids(Sizes(14))))
    except asyncpg.IntegrityConstraintViolationError:
        pass


async def move_clock(offset: timedelta) -> None:
    """The database's clock, for the rest of the transaction."""
    await execute(
        "SELECT set_config('muster.clock_offset', $1, true)",
        f"{(clock.offset() + offset).total_seconds()} seconds",
    )


def at(random: Random) -> datetime:
    return datetime.fromisoformat(some_instant(random)).astimezone(UTC)


async def people(random: Random, learner: int) -> None:
    await execute(
        "INSERT INTO learner (id, email, language, status, added_at) SELECT i, i || '@x.y', $2, $3, $4 FROM unnest($1::int[]) i "
        "ON CONFLICT (id) DO UPDATE SET status = excluded.status, language = excluded.language, added_at = excluded.added_at",
        [learner, learner + 1], random.choice(["en", "fr", "de"]), random.choice(STATUSES), at(random),
    )  # fmt: skip


async def person_goes(random: Random, learner: int) -> None:
    if random.random() < 0.4:
        await execute("DELETE FROM learner WHERE id = $1", learner)


async def manager(random: Random, learner: int) -> None:
    boss = await fetch_value(
        "SELECT id FROM learner WHERE id <> $1 ORDER BY (id * $2) % 7 LIMIT 1", learner, random.randrange(7)
    )
    await execute("UPDATE learner SET manager_id = $2 WHERE id = $1", learner, boss)


async def membership(random: Random, learner: int) -> None:
    await execute(
        "INSERT INTO membership SELECT id, $2, $3, muster_now() FROM learner WHERE id >= $1 LIMIT 4 "
        "ON CONFLICT (group_id, learner_id) DO UPDATE SET role = excluded.role",
        learner, random.choice(GROUPS), random.choice(["member", "coach"]),
    )  # fmt: skip


async def membership_ends(random: Random, learner: int) -> None:
    await execute(
        "DELETE FROM membership WHERE group_id = $1 AND learner_id >= $2", random.choice(GROUPS), learner
    )


async def field(random: Random, learner: int) -> None:
    field_id = random.choice(list(FIELDS))
    kind, values = FIELDS[field_id]
    column = _FIELD_COLUMN[kind]
    value = random.choice(values)
    if kind == "date":
        value = datetime.fromisoformat(value).date()
    await execute(
        f"INSERT INTO field_value (learner_id, field_id, {column}) SELECT id, $2, $3 FROM learner WHERE id = $1 "
        f"ON CONFLICT (learner_id, field_id) DO UPDATE SET {column} = excluded.{column}",
        learner, field_id, value,
    )  # fmt: skip


async def field_goes(random: Random, learner: int) -> None:
    await execute(
        "DELETE FROM field_value WHERE learner_id <= $1 AND field_id = $2",
        learner,
        random.choice(list(FIELDS)),
    )


async def result(random: Random, learner: int) -> None:
    await execute(
        "INSERT INTO result (learner_id, activity_id, session_id, status, completed_at) "
        "SELECT id, $2, $3, $4, muster_now() FROM learner WHERE id >= $1 LIMIT 3 "
        "ON CONFLICT (learner_id, activity_id, coalesce(step_id, 0), coalesce(session_id, 0)) DO UPDATE SET status = excluded.status",
        learner, random.choice(ACTIVITIES), random.choice([None, *SESSIONS]), random.choice(["started", "completed", "failed"]),
    )  # fmt: skip


async def result_goes(random: Random, learner: int) -> None:
    await execute(
        "DELETE FROM result WHERE learner_id >= $1 AND activity_id = $2", learner, random.choice(ACTIVITIES)
    )


async def award(random: Random, learner: int) -> None:
    issued = at(random) - timedelta(days=800)
    expires = None if random.random() < 0.3 else max(at(random), issued)
    await execute(
        "INSERT INTO award (learner_id, certificate_id, issued_at, expires_at) SELECT id, $2, $3, $4 FROM learner WHERE id >= $1 LIMIT 3",
        learner, random.choice(CERTIFICATES), issued, expires,
    )  # fmt: skip


async def award_changes(random: Random, learner: int) -> None:
    if random.random() < 0.5:
        await execute("UPDATE award SET expires_at = NULL WHERE learner_id = $1", learner)
    else:
        await execute(
            "DELETE FROM award WHERE learner_id = $1 AND certificate_id = $2",
            learner,
            random.choice(CERTIFICATES),
        )


async def enrollment(random: Random, learner: int) -> None:
    state = random.choice(["active", "active", "completed", "suspended", "expired"])
    await execute(
        "INSERT INTO enrollment (session_id, activity_id, learner_id, state, exclusive, since, until, due_at) "
        "SELECT s.id, s.activity_id, l.id, $3, true, muster_now(), CASE WHEN $3 = 'expired' THEN muster_now() END, $4 "
        "FROM session s, learner l WHERE s.id = $2 AND l.id = $1 "
        "ON CONFLICT (session_id, learner_id) DO UPDATE SET state = excluded.state, until = excluded.until, due_at = excluded.due_at",
        learner, random.choice(SESSIONS), state, random.choice([None, at(random)]),
    )  # fmt: skip


async def source(random: Random, learner: int) -> None:
    method = random.choice(METHODS)
    if random.random() < 0.4:
        await execute(
            "UPDATE source SET until = muster_now() WHERE learner_id = $1 AND until IS NULL", learner
        )
        await execute("DELETE FROM blocked WHERE learner_id = $1 AND method_id = $2", learner, method)
    else:
        await execute(
            "INSERT INTO source (method_id, learner_id, session_id, since) SELECT $2, id, $2, muster_now() FROM learner WHERE id = $1",
            learner,
            method,
        )
        await execute(
            "INSERT INTO blocked SELECT $2, id, $2, $3, muster_now() FROM learner WHERE id = $1",
            learner,
            method,
            random.choice(SESSIONS),
        )


async def exclusion(random: Random, learner: int) -> None:
    session = random.choice(SESSIONS)
    if random.random() < 0.4:
        await execute("DELETE FROM exclusion WHERE learner_id >= $1 AND session_id = $2", learner, session)
    else:
        await execute(
            "INSERT INTO exclusion (session_id, learner_id, until, at) SELECT $2, id, $3, muster_now() FROM learner WHERE id >= $1"
            " ON CONFLICT (session_id, learner_id) DO UPDATE SET until = excluded.until",
            learner, session, random.choice([None, date.min, date.max, at(random).date()]),
        )  # fmt: skip


async def group_moves(random: Random, learner: int) -> None:
    group = random.choice(GROUPS)
    parent = random.choice([None, *range(1, group)])
    await execute("UPDATE learner_group SET parent_id = $2 WHERE id = $1", group, parent)


_WRITES = [
    people, people, person_goes, manager, membership, membership, membership_ends, field, field, field_goes, result,
    result, result_goes, award, award, award_changes, enrollment, enrollment, source, exclusion, group_moves,
]  # fmt: skip


async def read_world() -> World:  # noqa: C901 - one loop a table
    """The tables as they are, row by row."""
    world = World(await fetch_value("SELECT timezone FROM organisation"))
    for table in (
        "learner_group",
        "field",
        "activity",
        "session",
        "certificate",
        "segment",
        "enrollment_method",
    ):
        for row in await fetch(f"SELECT id, to_jsonb(t) AS row FROM {table} t"):
            world.put(table, row["id"], {key: value for key, value in row["row"].items() if key != "id"})
    for row in await fetch("SELECT * FROM learner"):
        world.set("status", row["id"], None, row["status"])
        world.set("language", row["id"], None, row["language"])
        world.set("added", row["id"], None, row["added_at"].isoformat())
        world.set("manager", row["id"], None, row["manager_id"])
    for row in await fetch("SELECT * FROM membership"):
        world.set("membership", row["learner_id"], row["group_id"], row["role"])
    for row in await fetch("SELECT * FROM field_value"):
        day = row["date_value"]
        values = [row["text_value"], row["number_value"], day and day.isoformat(), row["boolean_value"]]
        world.set(
            "field", row["learner_id"], row["field_id"], next(value for value in values if value is not None)
        )
    for row in await fetch("SELECT * FROM standing"):
        at, succeeded = row["completed_at"], row["succeeded_at"] or row["completed_at"]
        value = [
            row["status"],
            row["successful"],
            row["steps_done"],
            at.isoformat() if at and row["status"] == "completed" else None,
            succeeded.isoformat() if succeeded and row["successful"] else None,
        ]
        world.set("result", row["learner_id"], row["activity_id"], value)
    for row in await fetch("SELECT * FROM award ORDER BY issued_at, id"):
        expires = row["expires_at"]
        value = [row["issued_at"].isoformat(), expires and expires.isoformat()]
        world.set("award", row["learner_id"], row["certificate_id"], value)
    for row in await fetch("SELECT * FROM enrollment"):
        due = row["due_at"]
        world.set("enrollment", row["learner_id"], row["session_id"], [row["state"], due and due.isoformat()])
    for row in await fetch("SELECT * FROM source WHERE until IS NULL"):
        world.set("source", row["learner_id"], row["method_id"], [row["run_id"]])
    for row in await fetch("SELECT * FROM blocked"):
        world.set("blocked", row["learner_id"], row["method_id"], row["other_session_id"])
    for row in await fetch("SELECT * FROM exclusion"):
        world.set("exclusion", row["learner_id"], row["session_id"], str(row["until"] or date.max))
    return world
