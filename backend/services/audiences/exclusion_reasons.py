"""Why a session leaves somebody out: by whom, because of what, until when, as far as a reader may know."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from backend.database import Row, fetch
from backend.index import FacetIndex
from backend.rules.value_words import day_in_words
from backend.runtime import clock
from backend.schemas.enrollment.reasons import Reason
from backend.schemas.people import Person
from backend.services.access.actor import Actor
from backend.services.audiences import statements
from backend.services.audiences.reason_reader import ReasonReader, reader_of
from backend.words import Message, joined, spoken_language


class ExclusionTold(Struct, frozen=True):
    """What a reader is told of one exclusion."""

    sentence: str
    reason: str
    by: Person | None
    moved_to_id: int | None


async def exclusion_reason(
    actor: Actor, index: FacetIndex, session_id: int, learner_id: int
) -> Reason | None:
    """Of somebody whom the session leaves out now; None of anybody else. The actor's right to ask has been checked."""
    rows = await fetch(statements.EXCLUSION, session_id, learner_id, clock.today(index.timezone))
    if not rows:
        return None
    (told,) = await tell_exclusions(actor, index, rows)
    return Reason(
        cause="excluded",
        sentence=told.sentence,
        note=told.reason or None,
        facet="excluded",
        text=told.reason or None,
    )


async def tell_exclusions(actor: Actor, index: FacetIndex, rows: Sequence[Row]) -> list[ExclusionTold]:
    """Of each of the rows, which have learner_id, reason, until, moved_to_id, by_id and the name of who did it."""
    reader = await reader_of(actor)
    return [_told(actor, reader, index, row) for row in rows]


def _told(actor: Actor, reader: ReasonReader, index: FacetIndex, row: Any) -> ExclusionTold:
    by = None
    if row["by_id"] is not None and reader.sees(index, row["by_id"]):
        by = Person(
            id=row["by_id"],
            email=row["by_email"],
            first_name=row["by_first_name"],
            last_name=row["by_last_name"],
        )
    # What was said of somebody is for those who look after them.
    reason = "" if row["learner_id"] == actor.id and not actor.is_admin else row["reason"]
    to = index.sessions.get(row["moved_to_id"] or 0)
    moved_to = to if to is not None and reader.sight.views(to.id, index) else None
    parts: list[str] = []
    if row["moved_to_id"] is not None:
        parts.append(
            Message("Moved to another session")
            if moved_to is None
            else Message("Moved to “{name}”", name=moved_to.name)
        )
    if by is not None:
        name = by.full_name
        parts.append(Message("by {name}", name=name) if parts else Message("Excluded by {name}", name=name))
    elif not parts:
        parts.append(Message("Excluded from the session"))
    if reason:
        parts.append(Message("because “{reason}”", reason=reason))
    if row["until"] is not None:
        parts.append(
            Message(
                "until {day}", day=day_in_words(row["until"].isoformat(), spoken_language(reader.language))
            )
        )
    sentence = joined(", ", parts).render(reader.language)
    return ExclusionTold(sentence, reason, by, None if moved_to is None else moved_to.id)
