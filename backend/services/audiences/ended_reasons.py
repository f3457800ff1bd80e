"""Why enrollments are without a method: they ended, or stay by policy."""

from collections.abc import Sequence
from typing import Any

from asyncpg import Record

from backend.database import fetch
from backend.database.stored_json import stored_object
from backend.enrollment.causes import OF_RUNS, Cause
from backend.index import FacetIndex
from backend.schemas.enrollment.reasons import Reason
from backend.services.audiences import statements
from backend.services.audiences.reason_reader import ReasonReader

Key = tuple[int, int]
# What runs record of acts by hand, and what those acts are called.
BY_HAND = frozenset({"by_hand", "excluded", "moved"})
_ACTS: dict[str | None, Cause] = {"exclude": "excluded", "move": "moved"}


async def ended_reasons(index: FacetIndex, reader: ReasonReader, rows: Sequence[Record]) -> dict[Key, Reason]:
    """By session and learner, of enrollments that have ended; one query."""
    ended = [row for row in rows if row["state"] == "expired"]
    if not ended:
        return {}
    found = await fetch(
        statements.ENDED_SOURCES, [row["session_id"] for row in ended], [row["learner_id"] for row in ended]
    )
    return {(row["session_id"], row["learner_id"]): _reason(index, reader, row) for row in found}


def _reason(index: FacetIndex, reader: ReasonReader, row: Any) -> Reason:
    learner_id = row["learner_id"]
    # What was said of somebody is for those who look after them.
    note = None if reader.own == learner_id else row["note"]
    if row["act"] is not None or (stored_object(row["reason"]) or {}).get("facet") in BY_HAND:
        by = None if reader.own == learner_id else row["by_name"]
        return reader.of_act(_ACTS.get(row["act"], "by_hand"), note, by)
    told = reader.tell(index, row["reason"], method_id=row["method_id"], learner_id=learner_id)
    if told is not None:
        return told
    return reader.of_act("method_removed" if row["method_removed"] else OF_RUNS.get(row["cause"], "unknown"))
