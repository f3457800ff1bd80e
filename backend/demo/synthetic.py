"""An organisation of any size made of noise, the same for the same seed, loaded by COPY past triggers and indexes."""

import time
from collections.abc import Callable

import asyncpg
import msgspec

from backend.database import fetch_value, transaction
from backend.demo.bare_tables import bare, renew
from backend.demo.binary_copy import copy
from backend.demo.synthetic_facts import field_values, memberships, write_results
from backend.demo.synthetic_structure import write_learners, write_structure
from backend.demo.synthetic_world import LOADED, STRUCTURE, World, first_ids
from backend.index import load_index
from backend.index.following.checkpoints import write_checkpoint
from backend.services.errors import Conflict
from backend.words import Message

# People who may be here already: whoever set Muster up.
MOST_BEFORE = 20

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


async def synthesize(learners: int, seed: int, progress: Progress = lambda _: None) -> Synthetic:
    """Make it in one transaction: all of it or nothing. Raises `Conflict` when there are people already."""
    started = time.monotonic()
    async with transaction() as connection:
        if await fetch_value("SELECT count(*) FROM learner") > MOST_BEFORE:
            raise Conflict(
                Message("A synthetic organisation is only made in an empty database; use another --data-dir.")
            )
        await connection.execute("SET LOCAL synchronous_commit = off; SET LOCAL maintenance_work_mem = '1GB'")
        await connection.execute("SET LOCAL max_parallel_maintenance_workers = 2")
        world = World(learners, seed, await first_ids(connection))
        world.frozen = await renew(connection, LOADED)
        async with bare(connection, (*LOADED, "learner"), STRUCTURE, progress):
            progress(f"{learners:,} learners in {world.groups:,} groups")
            await write_structure(connection, world)
            await write_learners(connection, world)
            progress("memberships")
            columns = ["learner_id", "group_id", "role", "since"]
            await copy(connection, "membership", columns, memberships(world), frozen=world.frozen)
            progress(f"{world.rows['membership']:,} memberships; field values")
            columns = ["learner_id", "field_id", "text_value", "number_value", "date_value", "boolean_value"]
            await copy(connection, "field_value", columns, field_values(world), frozen=world.frozen)
            progress(f"{world.rows['field_value']:,} field values; results")
            await write_results(connection, world)
        await _restart_log(connection)
        progress("the index, for whoever starts next")
        await _leave_checkpoint(connection)
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


async def _restart_log(connection: asyncpg.Connection) -> None:
    """The load is in no log: followers find a gap after their position, and read everything anew."""
    await connection.execute("DELETE FROM outbox")
    await connection.execute("DELETE FROM change_log")
    await connection.execute("UPDATE log_head SET seq = seq + 1")
    await connection.execute(
        "UPDATE follower SET position = (SELECT seq FROM log_head) WHERE name = 'reconciler'"
    )
    await connection.execute("SELECT pg_notify('muster_log', seq::text) FROM log_head")


async def _leave_checkpoint(connection: asyncpg.Connection) -> None:
    """With the load itself: to read a million people from the tables takes each process that runs or starts most of a minute."""
    try:
        async with connection.transaction():
            # Whoever writes facts writes to the outbox: what is read here stands still. Who writes now may wait for us.
            await connection.execute("LOCK TABLE outbox IN SHARE MODE NOWAIT")
            await write_checkpoint(await load_index(), connection)
    except asyncpg.LockNotAvailableError:
        return


async def _analyze() -> None:
    async with transaction() as connection:
        for table in (*LOADED, "learner", *STRUCTURE):
            await connection.execute(f"ANALYZE {table}")
