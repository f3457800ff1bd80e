"""An organisation of any size made of noise, the same for the same seed, loaded by COPY past triggers and indexes."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import asyncpg
import msgspec
import numpy as np

from backend import clock
from backend.database import fetch_value, transaction
from backend.demo.bare_tables import bare, renew
from backend.demo.binary_copy import (
    BOOL,
    EPOCH,
    FLOAT8,
    INT4,
    NULL,
    Array,
    constant,
    copy,
    instants,
    packed,
)
from backend.services.errors import Conflict

MEMBERSHIPS_EACH = 40
MOST_GROUPS, FEWEST_GROUPS, LEARNERS_A_GROUP = 5_000, 200, 200
CHOICE_FIELDS = 20
FEWEST_VALUES, MOST_VALUES = 4, 5_000
ACTIVITIES, CERTIFICATES = 200, 50
RESULTS_EACH = 5
REPORTS_EACH = 10
LANGUAGES = ("en", "fr", "de", "es", "ja")
# A group holds at most this part of all people.
LARGEST_PART = 0.6
# Below this part it is cheaper to draw members than to ask everybody.
SPARSE = 0.05
# People who may be here already: whoever set Muster up.
MOST_BEFORE = 20
DAYS = 3650
LOADED = ("membership", "field_value", "result", "standing", "award")
STRUCTURE = ("learner_group", "field", "activity", "certificate", "session")

Progress = Callable[[str], None]


class Synthetic(msgspec.Struct, frozen=True):
    """What was made."""

    learners: int
    groups: int
    memberships: int
    field_values: int
    results: int
    awards: int
    seconds: float


class _World:
    """The numbers everything is drawn from."""

    def __init__(self, learners: int, seed: int, first: dict[str, int]) -> None:
        self.n = learners
        self.random = np.random.default_rng(seed)
        self.first = first
        self.learners = np.arange(first["learner"], first["learner"] + learners, dtype=np.int64).astype(INT4)
        self.groups = int(np.clip(learners // LEARNERS_A_GROUP, FEWEST_GROUPS, MOST_GROUPS))
        self.today = (clock.now() - EPOCH).days
        self.rows = dict.fromkeys(LOADED, 0)
        # Whether the tables that are loaded are new, so that rows can be written for good at once.
        self.frozen = False

    def members(self, part: float) -> Array:
        """Positions of about this part of all people, in order."""
        if part >= SPARSE:
            return np.flatnonzero(self.random.random(self.n, dtype=np.float32) < part)
        drawn = self.random.integers(0, self.n, int(self.random.poisson(part * self.n)))
        return np.unique(drawn)

    def skewed(self, values: int, size: int) -> Array:
        """Values 0 … values-1, the first ones often, the last ones rarely."""
        return np.minimum((self.random.pareto(0.9, size) * values / 12).astype(np.int64), values - 1)


async def synthesize(learners: int, seed: int, progress: Progress = lambda _: None) -> Synthetic:
    """Make it in one transaction: all of it or nothing. Raises `Conflict` when there are people already."""
    started = time.monotonic()
    async with transaction() as connection:
        if await fetch_value("SELECT count(*) FROM learner") > MOST_BEFORE:
            raise Conflict(
                "A synthetic organisation is only made in an empty database; use another --data-dir."
            )
        await connection.execute("SET LOCAL synchronous_commit = off; SET LOCAL maintenance_work_mem = '1GB'")
        await connection.execute("SET LOCAL max_parallel_maintenance_workers = 2")
        world = _World(learners, seed, await _first_ids(connection))
        world.frozen = await renew(connection, LOADED)
        async with bare(connection, (*LOADED, "learner"), STRUCTURE, progress):
            progress(f"{learners:,} learners in {world.groups:,} groups")
            await _structure(connection, world)
            await _learners(connection, world)
            progress("memberships")
            columns = ["learner_id", "group_id", "role", "since"]
            await copy(connection, "membership", columns, _memberships(world), frozen=world.frozen)
            progress(f"{world.rows['membership']:,} memberships; field values")
            columns = ["learner_id", "field_id", "text_value", "number_value", "date_value", "boolean_value"]
            await copy(connection, "field_value", columns, _field_values(world), frozen=world.frozen)
            progress(f"{world.rows['field_value']:,} field values; results")
            await _results(connection, world)
        await _restart_log(connection)
    progress("statistics for the planner")
    await _analyze()
    return Synthetic(
        learners,
        world.groups,
        world.rows["membership"],
        world.rows["field_value"],
        world.rows["result"],
        world.rows["award"],
        time.monotonic() - started,
    )


async def _first_ids(connection: asyncpg.Connection) -> dict[str, int]:
    tables = ("learner", "learner_group", "field", "activity", "certificate", "session")
    return {
        table: 1 + await connection.fetchval(f"SELECT coalesce(max(id), 0) FROM {table}") for table in tables
    }


async def _structure(connection: asyncpg.Connection, world: _World) -> None:
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
            for i, (kind, options) in enumerate(_fields(world.n))
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


def _fields(learners: int) -> Iterator[tuple[str, list[str]]]:
    """Choice fields with ever more values, then two numbers and two dates."""
    most = min(MOST_VALUES, max(FEWEST_VALUES, learners // 20))
    for i, count in enumerate(np.geomspace(FEWEST_VALUES, most, CHOICE_FIELDS).round().astype(int)):
        yield "choice", [f"v{i:02}-{value:04}" for value in range(count)]
    yield from (("number", []), ("number", []), ("date", []), ("date", []))


async def _learners(connection: asyncpg.Connection, world: _World) -> None:
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


def _memberships(world: _World) -> Iterator[bytes]:
    """Group by group, a few with most of the people, most with few; in the order of the primary key."""
    parts = 1 / np.arange(1, world.groups + 1) ** 0.7
    # What the cap takes from the largest goes to all the others, until it fits.
    for _ in range(30):
        parts = np.minimum(parts * MEMBERSHIPS_EACH / parts.sum(), LARGEST_PART)
    for group, part in enumerate(world.random.permutation(parts)):
        members = world.learners[world.members(part)]
        if len(members):
            world.rows["membership"] += len(members)
            since = instants(world.today - world.random.integers(0, DAYS, len(members)))
            group_id = constant(world.first["learner_group"] + group, len(members), INT4)
            yield packed([members, group_id, constant(b"member", len(members)), since])


def _field_values(world: _World) -> Iterator[bytes]:
    """Field by field; one in twenty people has no value."""
    for i, (kind, options) in enumerate(_fields(world.n)):
        learners = world.learners[world.members(0.95)]
        size = len(learners)
        world.rows["field_value"] += size
        field_id = constant(world.first["field"] + i, size, INT4)
        text: Array | None = None
        number: Array | None = None
        day: Array | None = None
        if kind == "choice":
            text = np.array(options, dtype="S")[world.skewed(len(options), size)]
        elif kind == "number":
            number = world.random.integers(0, 1_000, size).astype(FLOAT8)
        else:
            day = (world.today - world.random.integers(-DAYS // 2, DAYS, size)).astype(INT4)
        yield packed(
            [
                learners,
                field_id,
                NULL if text is None else text,
                NULL if number is None else number,
                NULL if day is None else day,
                NULL,
            ]
        )


async def _results(connection: asyncpg.Connection, world: _World) -> None:
    """Reports on activities, where people stand by them (what the triggers would derive), and awards."""
    weights = 1 / np.arange(1, ACTIVITIES + 1) ** 0.5
    parts = np.minimum(weights / weights.sum() * RESULTS_EACH, LARGEST_PART)
    drawn = [_result(world, activity, part) for activity, part in enumerate(parts)]
    columns = ["learner_id", "activity_id", "status", "score", "started_at", "completed_at"]
    await copy(
        connection, "result", columns, (block for one in drawn for block in one.results), frozen=world.frozen
    )
    columns = ["learner_id", "activity_id", "status", "successful", "score", "steps_done", "started_at", "completed_at"]  # fmt: skip
    await copy(
        connection,
        "standing",
        columns,
        (block for one in drawn for block in one.standings),
        frozen=world.frozen,
    )
    columns = ["learner_id", "certificate_id", "issued_at", "expires_at"]
    await copy(
        connection, "award", columns, (block for one in drawn for block in one.awards), frozen=world.frozen
    )


class _Drawn(msgspec.Struct):
    results: list[bytes] = []
    standings: list[bytes] = []
    awards: list[bytes] = []


def _result(world: _World, activity: int, part: float) -> _Drawn:
    learners = world.learners[world.members(part)]
    outcome = world.random.random(len(learners))
    drawn = _Drawn()
    for status, chosen in (
        (b"completed", outcome < 0.6),
        (b"started", (outcome >= 0.6) & (outcome < 0.9)),
        (b"failed", outcome >= 0.9),
    ):
        people = learners[chosen]
        size = len(people)
        if not size:
            continue
        activity_id = constant(world.first["activity"] + activity, size, INT4)
        started = world.today - world.random.integers(30, 1200, size)
        completed = NULL if status == b"started" else instants(started + world.random.integers(0, 30, size))
        score = world.random.integers(0, 101, size).astype(FLOAT8)
        said = constant(status, size)
        passed = constant(int(status == b"completed"), size, BOOL)
        begun = instants(started)
        drawn.results.append(packed([people, activity_id, said, score, begun, completed]))
        steps = constant(0, size, INT4)
        drawn.standings.append(packed([people, activity_id, said, passed, score, steps, begun, completed]))
        world.rows["result"] += size
        if status == b"completed" and activity < CERTIFICATES:
            certificate_id = constant(world.first["certificate"] + activity, size, INT4)
            expires = instants(started + 365 * (1 + activity % 3))
            drawn.awards.append(packed([people, certificate_id, begun, expires]))
            world.rows["award"] += size
    return drawn


async def _restart_log(connection: asyncpg.Connection) -> None:
    """The load is in no log: followers find a gap after their position, and read everything anew."""
    await connection.execute("DELETE FROM outbox")
    await connection.execute("DELETE FROM change_log")
    await connection.execute("UPDATE log_head SET seq = seq + 1")
    await connection.execute(
        "UPDATE follower SET position = (SELECT seq FROM log_head) WHERE name = 'reconciler'"
    )
    await connection.execute("SELECT pg_notify('muster_log', seq::text) FROM log_head")


async def _analyze() -> None:
    async with transaction() as connection:
        for table in (*LOADED, "learner", *STRUCTURE):
            await connection.execute(f"ANALYZE {table}")
