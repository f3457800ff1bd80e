"""Why enrollments are as they are, where that is not why their people are in them: they have ended, or are paused."""

from collections.abc import Sequence

import msgspec
from asyncpg import Record

from backend.database import fetch
from backend.index import FacetIndex
from backend.schemas.enrollment.reasons import Reason
from backend.services.access.actor import Actor
from backend.services.audiences.ended_reasons import ended_reasons
from backend.services.audiences.reason_reader import ReasonReader, reader_of
from backend.services.enrollment.lists import list_statements

Key = tuple[int, int]


async def state_reasons(actor: Actor, index: FacetIndex, rows: Sequence[Record]) -> dict[Key, Reason]:
    """By session and learner, as far as the actor may know them."""
    if all(row["state"] not in ("expired", "suspended") for row in rows):
        return {}
    reader = await reader_of(actor)
    if actor.is_admin:
        return await _told(index, reader, rows)
    own = [row for row in rows if row["learner_id"] == actor.id]
    others = [row for row in rows if row["learner_id"] != actor.id]
    found = await _told(index, msgspec.structs.replace(reader, own=actor.id), own)
    return found | await _told(index, reader, others)


async def _told(index: FacetIndex, reader: ReasonReader, rows: Sequence[Record]) -> dict[Key, Reason]:
    found = await ended_reasons(index, reader, rows)
    paused = [(row["session_id"], row["learner_id"]) for row in rows if row["state"] == "suspended"]
    if not paused:
        return found
    sessions, learners = zip(*paused, strict=True)
    noted = {
        (row["session_id"], row["learner_id"]): (row["note"], row["by_name"])
        for row in await fetch(list_statements.PAUSED, list(sessions), list(learners))
    }
    # What was said of somebody is for those who look after them.
    told = {key: (None, None) if reader.own == key[1] else noted.get(key, (None, None)) for key in paused}
    return found | {key: reader.of_act("paused", note, by) for key, (note, by) in told.items()}
