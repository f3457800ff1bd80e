"""Builds the index from the tables, in one snapshot together with the log position it stands at."""

import asyncio
from typing import Any

import asyncpg

from backend.database import transaction
from backend.index.facet_index import FacetIndex
from backend.index.facts.arrays import bitmap_sent
from backend.index.facts.logged_values import due_instant
from backend.index.facts.set_aside import shown
from backend.index.facts.slots import Slot, put
from backend.index.facts.structure import STRUCTURE
from backend.index.facts.structure_rows import known_timezone
from backend.index.following.table_sources import UNREADABLE_VALUES, FactSource, sources
from backend.index.time_slices import TimeSlice
from backend.rules import Facet
from backend.words import Message

# Rows a round trip brings; one row may hold the ids of a group of a million.
_PREFETCH = 200
# What the ids of a million people take while they are grouped by a field; beyond it PostgreSQL goes to disk.
_WORK_MEMORY = "256MB"

_WAITING = "SELECT facet, learner_id, ref_id, old, new, array_send(learners) FROM outbox ORDER BY id DESC"


async def load_index() -> FacetIndex:
    """The index as of the log's head, from one snapshot of the tables.

    What is committed but not yet numbered is taken back, because it will come through the log.
    """
    async with transaction(isolation="repeatable_read") as connection:
        await connection.execute(f"SET LOCAL work_mem = '{_WORK_MEMORY}'")
        position = await connection.fetchval("SELECT seq FROM log_head")
        index = FacetIndex(known_timezone(await connection.fetchval("SELECT muster_timezone()")))
        index.position = position
        for table in sorted(STRUCTURE):
            async for row in connection.cursor(f"SELECT id, to_jsonb(t) AS row FROM {table} t"):
                index.structure.put(table, row["id"], row["row"])
        time_slice = TimeSlice()
        for source in sources(index.facts.timezone):
            await _load(index, source, connection, time_slice)
        await _set_aside(connection, index)
        await _take_back(connection, index)
    return index


async def _load(
    index: FacetIndex, source: FactSource, connection: asyncpg.Connection, time_slice: TimeSlice
) -> None:
    async for ref, value, learners in connection.cursor(source.loading(), prefetch=_PREFETCH):
        found = bitmap_sent(learners)
        found.run_optimize()
        found.shrink_to_fit()
        put(index.facts, Slot(source.facet, ref, value_of(source.facet, value)), found)
        if time_slice.used_up():
            await asyncio.sleep(0)


async def _set_aside(connection: asyncpg.Connection, index: FacetIndex) -> None:
    for field, example, learners in await connection.fetch(UNREADABLE_VALUES):
        index.facts.set_aside.put_fact(
            Facet("field", field),
            bitmap_sent(learners),
            Message("{value} is no value of this field", value=shown(example)),
        )


def value_of(facet: str, sent: Any) -> Any:
    """The value of a slot as the index holds it, from what PostgreSQL sent."""
    return due_instant(sent) if facet == "due" else sent


async def _take_back(connection: asyncpg.Connection, index: FacetIndex) -> None:
    async for facet, learner_id, ref_id, old, new, many in connection.cursor(_WAITING, prefetch=1_000):
        if many is not None:
            index.facts.take_many(facet, bitmap_sent(many), ref_id, new, old)
        elif learner_id is None:
            if facet in STRUCTURE:
                index.structure.put(facet, ref_id or 0, old)
        else:
            index.facts.take(facet, learner_id, ref_id, new, old)
