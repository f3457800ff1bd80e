"""Does the index hold what the tables say? Compared by digests, in slices, while both go on changing.

The digest of a slot is how many learners are in it, the sum of their ids, and their ids put together by exclusive or. A
snapshot of the tables stands at one position of the log; the index has gone on by the time it is looked at. So the digests
that differ are looked at once more, with what the log tells between the two positions.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator

import asyncpg
import msgspec
import numpy as np
from pyroaring import BitMap

from backend.database import fetch, transaction
from backend.index.facet_index import FacetIndex
from backend.index.facts.arrays import bitmap_sent
from backend.index.facts.slots import FACETS, SCALARS, Slot, bitmap_at, references, slots_of, slots_of_fact
from backend.index.facts.structure import STRUCTURE, Structure
from backend.index.following.load_tables import value_of
from backend.index.following.table_sources import SPREAD, sources
from backend.index.time_slices import TimeSlice

# About so many learners are looked at in one query: a second or so of PostgreSQL, in one snapshot.
LEARNERS_AT_ONCE = 1_000_000
# Ids are PostgreSQL integers.
_LARGEST = 2**31 - 1
# Facts that have no facet of their own in the log.
_LOGGED = {
    **dict.fromkeys(("successful", "completed_on", "succeeded_on"), "result"),
    "due": "enrollment",
}

_WAITING = "SELECT facet, learner_id, ref_id, old, new, array_send(learners) AS many FROM outbox WHERE facet = $1 ORDER BY id DESC"
_BETWEEN = """
    SELECT seq, learner_id, ref_id, old, new, array_send(learners) AS many FROM change_log
    WHERE seq > $1 AND seq <= $2 AND facet = $3 AND ($4::bigint[] IS NULL OR ref_id = ANY($4)) ORDER BY seq"""

# Waits until the index has applied a position.
Reached = Callable[[int], Awaitable[None]]


class TableDifference(msgspec.Struct, frozen=True):
    """So many slots of the facet (or rows of the table of structure) are not what the tables say; one of them is named."""

    facet: str
    slots: int
    example: str


class Digest:
    """Of one slot. Learners can be put in and taken out."""

    __slots__ = ("count", "mixed", "total")

    def __init__(self, count: int = 0, total: int = 0, mixed: int = 0) -> None:
        self.count, self.total, self.mixed = count, total, mixed

    @classmethod
    def of(cls, learners: BitMap) -> "Digest":
        """Of a bitmap."""
        ids = np.frombuffer(learners.to_array(), dtype=np.uint32).astype(np.int64)
        return cls(len(ids), int(ids.sum()), int(np.bitwise_xor.reduce(ids * SPREAD)))

    def move(self, learner_id: int, times: int) -> None:
        """Put a learner in (1) or take them out (-1)."""
        self.count += times
        self.total += times * learner_id
        self.mixed ^= learner_id * SPREAD

    def take(self, row: asyncpg.Record, times: int) -> None:
        """Likewise with whoever a row of the log is about."""
        if row["many"] is None:
            self.move(row["learner_id"], times)
            return
        those = Digest.of(bitmap_sent(row["many"]))
        self.count += times * those.count
        self.total += times * those.total
        self.mixed ^= those.mixed

    def told(self) -> tuple[int, int, int]:
        """Comparable."""
        return self.count, self.total, self.mixed


async def differences(index: FacetIndex, reached: Reached) -> list[TableDifference]:
    """Where the index differs from the tables; nothing when it was loaded anew meanwhile."""
    facts = index.facts
    found = []
    for table in sorted(STRUCTURE):
        wrong = await _structure_differs(index, table, reached)
        if wrong:
            found.append(TableDifference(table, len(wrong), str(wrong[0])))
    for facet in FACETS:
        slots: list[Slot] = []
        for first, last in _ranges(index, facet):
            slots += await _Comparison(index, facet, first, last).run(reached)
            if index.facts is not facts:
                return []
        if slots:
            found.append(TableDifference(facet, len(slots), str(tuple(slots[0]))))
    return found


def _ranges(index: FacetIndex, facet: str) -> Iterator[tuple[int, int]]:
    """Ranges of references that cover all there can be, about so many learners in each."""
    if facet in SCALARS:
        yield 0, 0
        return
    first = size = 0
    for ref, learners in references(index.facts, facet):
        size += learners
        if size >= LEARNERS_AT_ONCE:
            yield first, ref
            first, size = ref + 1, 0
    yield first, _LARGEST


class _Comparison:
    """Of the slots of a facet with references from `first` to `last`."""

    def __init__(self, index: FacetIndex, facet: str, first: int, last: int) -> None:
        self.index = index
        self.facts = index.facts
        self.facet = facet
        self.first, self.last = first, last
        self.logged = _LOGGED.get(facet, facet)
        self.expected: dict[Slot, Digest] = defaultdict(Digest)
        self.position = 0

    async def run(self, reached: Reached) -> list[Slot]:
        """The slots that differ, whatever changes meanwhile."""
        await self._read_tables()
        await reached(self.position)
        suspects = await self._suspects()
        if self.index.facts is not self.facts or not suspects:
            return []
        await self._bring_up(suspects)
        return [slot for slot, (found, _) in suspects.items() if self.expected[slot].told() != found.told()]

    async def _read_tables(self) -> None:
        time_slice = TimeSlice()
        async with transaction(isolation="repeatable_read") as connection:
            self.position = await connection.fetchval("SELECT seq FROM log_head")
            for source in sources(self.facts.timezone):
                if source.facet == self.facet:
                    async for row in connection.cursor(
                        source.digesting(), self.first, self.last, prefetch=1_000
                    ):
                        ref, value, count, total, mixed = row
                        slot = Slot(self.facet, ref, value_of(self.facet, value))
                        self.expected[slot] = Digest(count, total, mixed)
                        if time_slice.used_up():
                            await asyncio.sleep(0)
            # What is not numbered yet is not in the log up to the position.
            for row in await connection.fetch(_WAITING, self.logged):
                self._move(row, ("new", -1), ("old", 1))

    def _move(self, row: asyncpg.Record, *sides: tuple[str, int]) -> None:
        for side, times in sides:
            for slot in slots_of_fact(self.facts, self.logged, row["ref_id"], row[side]):
                if slot.facet == self.facet and self.first <= slot.ref <= self.last:
                    self.expected[slot].take(row, times)

    async def _suspects(self) -> dict[Slot, tuple[Digest, int]]:
        """Slots whose digest is another now, each with it and the index's position when it was taken."""
        found: dict[Slot, tuple[Digest, int]] = {}
        nobody = BitMap()
        time_slice = TimeSlice()
        for slot in {**dict.fromkeys(self.expected), **dict.fromkeys(self._held())}:
            digest = Digest.of(bitmap_at(self.facts, slot) or nobody)
            if digest.told() != self.expected[slot].told():
                found[slot] = digest, self.index.position
            if time_slice.used_up():
                await asyncio.sleep(0)
        return found

    def _held(self) -> Iterable[Slot]:
        return (slot for slot in slots_of(self.facts, self.facet) if self.first <= slot.ref <= self.last)

    async def _bring_up(self, suspects: dict[Slot, tuple[Digest, int]]) -> None:
        """Apply to what is expected of the suspects what the log tells up to when each was looked at."""
        until = max(position for _, position in suspects.values())
        refs = None if self.facet in SCALARS else sorted({slot.ref for slot in suspects})
        time_slice = TimeSlice()
        for row in await fetch(_BETWEEN, self.position, until, self.logged, refs):
            for side, times in (("old", -1), ("new", 1)):
                for slot in slots_of_fact(self.facts, self.logged, row["ref_id"], row[side]):
                    if slot in suspects and row["seq"] <= suspects[slot][1]:
                        self.expected[slot].take(row, times)
            if time_slice.used_up():
                await asyncio.sleep(0)


async def _structure_differs(index: FacetIndex, table: str, reached: Reached) -> list[int]:
    """Ids of the rows of a table of structure that the index holds otherwise."""
    structure, expected = index.structure, Structure()
    time_slice = TimeSlice()
    async with transaction(isolation="repeatable_read") as connection:
        position = await connection.fetchval("SELECT seq FROM log_head")
        async for row in connection.cursor(f"SELECT id, to_jsonb(t) AS row FROM {table} t", prefetch=200):
            expected.put(table, row["id"], row["row"])
            if time_slice.used_up():
                await asyncio.sleep(0)
        # A field's row and its values are logged under one name: values name a learner.
        for row in await connection.fetch(_WAITING, table):
            if row["learner_id"] is None:
                expected.put(table, row["ref_id"] or 0, row["old"])
    await reached(position)
    held, until = index.structure.table(table), index.position
    for row in await fetch(_BETWEEN, position, until, table, None):
        if row["learner_id"] is None:
            expected.put(table, row["ref_id"] or 0, row["new"])
    if index.structure is not structure:
        return []
    wanted = expected.table(table)
    return sorted(row for row in {**held, **wanted} if held.get(row) != wanted.get(row))
