"""Questions to the change log: since when something is so, and how things stood at the end of a day."""

from collections.abc import AsyncIterator, Collection
from datetime import date, datetime, timedelta
from typing import Any

from backend.database import connection, fetch
from backend.rules import Facet
from backend.runtime.clock import start_of_day

# What one row of the log may say of many people.
_SHARED = "enrollment"
# Rows a round trip brings while the past is put together.
_PREFETCH = 1_000

_LATEST = f"""
    SELECT DISTINCT ON (facet, ref_id) facet, ref_id, at FROM (
        SELECT facet, ref_id, at, seq FROM change_log
        WHERE learner_id = $1 AND facet = ANY($2) AND seq <= $3 AND at < $4
        UNION ALL
        SELECT facet, ref_id, at, seq FROM change_log
        WHERE learners IS NOT NULL AND facet = '{_SHARED}' AND ref_id = ANY($5) AND seq <= $3 AND at < $4 AND $1 = ANY(learners)
    ) log
    ORDER BY facet, ref_id, seq DESC"""
# The oldest change after the instant tells what was so at it.
_UNDO = """
    SELECT DISTINCT ON (facet, ref_id, learner_id) facet, learner_id, ref_id, old FROM (
        SELECT facet, learner_id, ref_id, old, seq FROM change_log
        WHERE facet = ANY($1) AND learner_id IS NOT NULL AND at >= $2 AND seq <= $3
          AND (ref_id IS NULL OR ref_id = ANY($4))
        UNION ALL
        SELECT facet, l.id, ref_id, old, seq FROM change_log CROSS JOIN LATERAL unnest(learners) AS l(id)
        WHERE facet = ANY($1) AND learners IS NOT NULL AND at >= $2 AND seq <= $3 AND ref_id = ANY($4)
    ) log
    ORDER BY facet, ref_id, learner_id, seq"""
_UNDO_STRUCTURE = """
    SELECT DISTINCT ON (facet, ref_id) facet, ref_id, old FROM change_log
    WHERE facet = ANY($1) AND learner_id IS NULL AND at >= $2 ORDER BY facet, ref_id, seq"""


def end_of_day(day: date, timezone: str) -> datetime:
    """The first instant after `day`."""
    return start_of_day(day + timedelta(days=1), timezone)


async def latest_changes(
    learner_id: int, facets: Collection[Facet], position: int, before: datetime
) -> dict[Facet, datetime]:
    """When facts of the learner last changed before an instant, these among them.

    One query, bounded by the person's own history and what was done to many at once in the sessions asked about.
    """
    names = sorted({facet.name for facet in facets})
    sessions = sorted({facet.ref for facet in facets if facet.name == _SHARED and facet.ref is not None})
    rows = await fetch(_LATEST, learner_id, names, position, before, sessions)
    return {Facet(row["facet"], row["ref_id"]): row["at"] for row in rows}


async def structure_then(facets: Collection[str], end: datetime) -> list[tuple[str, int, Any]]:
    """Rows of structure that changed since `end`, as they were then (None: not there yet)."""
    return [tuple(row) for row in await fetch(_UNDO_STRUCTURE, sorted(facets), end)]


async def facts_then(
    facets: Collection[Facet], end: datetime, position: int
) -> AsyncIterator[tuple[str, int, int | None, Any]]:
    """Facts of these facets that changed since `end` and up to `position`, as they were then: facet, learner, ref, value."""
    names = sorted({facet.name for facet in facets})
    references = sorted({facet.ref for facet in facets if facet.ref is not None})
    async with connection() as used, used.transaction():
        async for row in used.cursor(_UNDO, names, end, position, references, prefetch=_PREFETCH):
            if row["ref_id"] is None or Facet(row["facet"], row["ref_id"]) in facets:
                yield row["facet"], row["learner_id"], row["ref_id"], row["old"]
