"""What is so of the people of a synthetic organisation, table by table as blocks for COPY."""

from collections.abc import Iterator

import asyncpg
import msgspec
import numpy as np

from backend.demo.binary_copy import BOOL, FLOAT8, INT4, NULL, Array, constant, copy, instants, packed
from backend.demo.synthetic_structure import fields
from backend.demo.synthetic_world import ACTIVITIES, CERTIFICATES, DAYS, LARGEST_PART, World

MEMBERSHIPS_EACH = 40
RESULTS_EACH = 5
RESULT = ["learner_id", "activity_id", "status", "score", "started_at", "completed_at"]
STANDING = ["learner_id", "activity_id", "status", "successful", "score", "steps_done", "started_at", "completed_at"]  # fmt: skip
AWARD = ["learner_id", "certificate_id", "issued_at", "expires_at"]


def memberships(world: World) -> Iterator[bytes]:
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


def field_values(world: World) -> Iterator[bytes]:
    """Field by field; one in twenty people has no value."""
    for i, (kind, options) in enumerate(fields(world.n)):
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


async def write_results(connection: asyncpg.Connection, world: World) -> None:
    """Reports on activities, where people stand by them (what the triggers would derive), and awards."""
    weights = 1 / np.arange(1, ACTIVITIES + 1) ** 0.5
    parts = np.minimum(weights / weights.sum() * RESULTS_EACH, LARGEST_PART)
    drawn = [_result(world, activity, part) for activity, part in enumerate(parts)]
    for table, columns, blocks in (
        ("result", RESULT, [block for one in drawn for block in one.results]),
        ("standing", STANDING, [block for one in drawn for block in one.standings]),
        ("award", AWARD, [block for one in drawn for block in one.awards]),
    ):
        await copy(connection, table, columns, blocks, frozen=world.frozen)


class _Drawn(msgspec.Struct):
    results: list[bytes] = []
    standings: list[bytes] = []
    awards: list[bytes] = []


def _result(world: World, activity: int, part: float) -> _Drawn:
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
