"""Builds the index from the tables, in one snapshot together with the log position it stands at."""

import array
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import asyncpg
import numpy as np
from pyroaring import BitMap

from backend.database import transaction
from backend.index.facet_index import FacetIndex
from backend.index.facts import COUNTABLE, NEVER, Enrollments, Facts, Results, instant
from backend.index.structure import STRUCTURE
from backend.index.values import Values

# Rows a round trip brings; one row may hold the ids of a group of a million.
_PREFETCH = 200
# ndim, flags, element type, length, lower bound: what PostgreSQL sends before the elements of an array.
_ARRAY_HEADER = 5

_STATUS = "SELECT status, array_send(array_agg(id)) FROM learner GROUP BY status"
_LANGUAGE = "SELECT language, array_send(array_agg(id)) FROM learner GROUP BY language"
# The bounds are those of Python's calendar.
_ADDED = """
    SELECT (least(greatest(added_at, '0001-01-02'), '9999-12-30') AT TIME ZONE $1)::date, array_send(array_agg(id))
    FROM learner GROUP BY 1"""
_MANAGER = """
    SELECT manager_id, array_send(array_agg(id)) FROM learner WHERE manager_id IS NOT NULL GROUP BY manager_id"""
_MEMBERSHIP = "SELECT group_id, array_send(array_agg(learner_id)) FROM membership GROUP BY group_id"
_FIELD = """
    SELECT field_id, text_value, number_value, date_value::text, boolean_value, array_send(array_agg(learner_id))
    FROM field_value WHERE text_value IS DISTINCT FROM ''
    GROUP BY field_id, text_value, number_value, date_value, boolean_value"""
_STANDING = """
    SELECT activity_id, status, successful, array_send(array_agg(learner_id))
    FROM standing GROUP BY activity_id, status, successful"""
_AWARD = """
    SELECT certificate_id, CASE WHEN expires_at < '9999-12-30' THEN (expires_at AT TIME ZONE $1)::date END,
           array_send(array_agg(learner_id)) FROM (
        SELECT DISTINCT ON (certificate_id, learner_id) certificate_id, learner_id, expires_at FROM award
        ORDER BY certificate_id, learner_id, issued_at DESC, id DESC
    ) latest GROUP BY 1, 2"""
_ENROLLMENT = """
    SELECT session_id, state, CASE WHEN due_at < '9999-12-30' THEN due_at END, array_send(array_agg(learner_id))
    FROM enrollment GROUP BY 1, 2, 3"""
_SOURCE = (
    "SELECT method_id, array_send(array_agg(learner_id)) FROM source WHERE until IS NULL GROUP BY method_id"
)
_BLOCKED = """
    SELECT method_id, other_session_id, array_send(array_agg(learner_id))
    FROM blocked GROUP BY method_id, other_session_id"""
_WAITING = "SELECT facet, learner_id, ref_id, old, new FROM outbox ORDER BY id DESC"


async def load_index() -> FacetIndex:
    """The index as of the log's head, from one snapshot of the tables.

    What is committed but not yet numbered is taken back, because it will come through the log.
    """
    async with transaction(isolation="repeatable_read") as connection:
        position = await connection.fetchval("SELECT seq FROM log_head")
        timezone = await connection.fetchval("SELECT timezone FROM organisation")
        index = FacetIndex(timezone)
        index.position = position
        for table in sorted(STRUCTURE):
            async for row in connection.cursor(f"SELECT id, to_jsonb(t) AS row FROM {table} t"):
                index.structure.put(table, row["id"], row["row"])
        loader = _Loader(index.facts, connection)
        await loader.people()
        await loader.learning()
        await loader.enrolling()
        await _take_back(connection, index)
    return index


class _Loader:
    def __init__(self, facts: Facts, connection: asyncpg.Connection) -> None:
        self.facts = facts
        self.connection = connection

    async def each(self, sql: str, take: Callable[..., None]) -> None:
        arguments = [self.facts.timezone] if "$1" in sql else []
        async for row in self.connection.cursor(sql, *arguments, prefetch=_PREFETCH):
            *values, learners = row
            take(*values, learners=bitmap_of(learners))

    async def people(self) -> None:
        facts = self.facts
        await self.each(_STATUS, facts.status.fill_from)
        for status in COUNTABLE:
            facts.countable |= facts.status.get(status)
        await self.each(_LANGUAGE, facts.language.fill_from)
        await self.each(_ADDED, facts.added.fill_from)
        await self.each(_MANAGER, facts.manager.fill_from)
        await self.each(_MEMBERSHIP, self._membership)
        await self.each(_FIELD, self._field)

    def _membership(self, group: int, learners: BitMap) -> None:
        self.facts.groups[group] = learners

    def _field(self, field: int, *values: Any, learners: BitMap) -> None:
        value = next(value for value in values if value is not None)
        self.facts.fields.setdefault(field, Values()).fill(value, learners)

    async def learning(self) -> None:
        await self.each(_STANDING, self._standing)
        await self.each(_AWARD, self._award)

    def _standing(self, activity: int, status: str, successful: bool, learners: BitMap) -> None:
        results = self.facts.results.setdefault(activity, Results())
        if successful:
            results.successful |= learners
        results.statuses.fill(status, learners)

    def _award(self, certificate: int, expires: date | None, learners: BitMap) -> None:
        self.facts.awards.setdefault(certificate, Values()).fill(expires or NEVER, learners)

    async def enrolling(self) -> None:
        await self.each(_ENROLLMENT, self._enrollment)
        await self.each(_SOURCE, self._source)
        await self.each(_BLOCKED, self._blocked)

    def _source(self, method: int, learners: BitMap) -> None:
        self.facts.sources[method] = learners

    def _blocked(self, method: int, other: int, learners: BitMap) -> None:
        self.facts.blocked.setdefault(method, Values()).fill(other, learners)

    def _enrollment(self, session: int, state: str, due_at: datetime | None, learners: BitMap) -> None:
        enrollments = self.facts.enrollments.setdefault(session, Enrollments())
        due = instant(due_at)
        if due is not None:
            enrollments.due.fill(due, learners.copy())
        enrollments.states.fill(state, learners)


async def _take_back(connection: asyncpg.Connection, index: FacetIndex) -> None:
    async for facet, learner_id, ref_id, old, new in connection.cursor(_WAITING, prefetch=1_000):
        if learner_id is None:
            if facet in STRUCTURE:
                index.structure.put(facet, ref_id or 0, old)
        else:
            index.facts.move(facet, learner_id, ref_id, new, old)


def bitmap_of(sent: bytes) -> BitMap:
    """The ids in an integer array as PostgreSQL sends it: each element is its length (4), then its value.

    Millions of ids arrive so without becoming Python numbers one by one.
    """
    ids = np.frombuffer(sent, dtype=">u4")[_ARRAY_HEADER + 1 :: 2].astype(np.uint32)
    ids.sort()
    return BitMap(array.array("I", ids.tobytes()))
