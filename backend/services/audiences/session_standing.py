"""How somebody stands in a session that an audience is for: enrolled, blocked by another session, let go."""

from collections.abc import Iterator
from datetime import date, timedelta

from msgspec.structs import replace
from pyroaring import BitMap

from backend.database import fetch
from backend.index import FacetIndex
from backend.index.facts.structure_rows import Method
from backend.runtime import clock
from backend.schemas.audiences import SessionStanding
from backend.services.access.actor import Actor
from backend.services.audiences import statements
from backend.services.audiences.ended_reasons import ended_reasons
from backend.services.audiences.exclusion_reasons import exclusion_reason
from backend.services.audiences.reason_reader import ReasonReader, reader_of


def elsewhere(index: FacetIndex, session_id: int, learner_id: int) -> int | None:
    """The other session of the activity in which the person is enrolled."""
    session = index.sessions.get(session_id)
    others = () if session is None else index.sessions_of(session.activity_id) - {session_id}
    return next((other for other in sorted(others) if learner_id in index.enrolled(other)), None)


async def session_standing(
    actor: Actor, index: FacetIndex, session_id: int, learner_id: int, *, method_id: int | None = None
) -> SessionStanding:
    """For an actor whose right to see the session and the person has been checked. `method_id`: by which method of it."""
    reader = await reader_of(actor)
    found = await _standing(actor, reader, index, session_id, learner_id)
    barring = sorted(_barring(reader, index, session_id, learner_id, method_id), key=_latest)
    if not barring:
        return found
    method, returns_on = barring[-1]
    return replace(found, barred=reader.barred(method, returns_on), returns_on=returns_on)


async def _standing(
    actor: Actor, reader: ReasonReader, index: FacetIndex, session_id: int, learner_id: int
) -> SessionStanding:
    if learner_id in index.enrolled(session_id):
        return SessionStanding(state="enrolled")
    left_out = await exclusion_reason(actor, index, session_id, learner_id)
    if left_out is not None:
        return SessionStanding(state="excluded", reason=left_out)
    if index.blocked(session_id, BitMap([learner_id])):
        return SessionStanding(
            state="blocked", reason=reader.elsewhere(index, elsewhere(index, session_id, learner_id))
        )
    rows = await fetch(statements.STATE_IN_SESSION, session_id, learner_id)
    ended = (await ended_reasons(index, reader, rows)).get((session_id, learner_id))
    return SessionStanding(state="none" if ended is None else "ended", reason=ended)


def _barring(
    reader: ReasonReader, index: FacetIndex, session_id: int, learner_id: int, method_id: int | None
) -> Iterator[tuple[Method, date | None]]:
    """The methods that the person left and that do not take them back today, each with the day on which it does."""
    today = clock.today(index.timezone)
    for one in index.methods_of(session_id):
        method = index.methods[one]
        left_on = index.left_on(one, learner_id)
        if left_on is None or method_id not in (None, one) or reader.seals(index, one):
            continue
        if learner_id not in index.held_by(method, one, today).left:
            continue
        days = method.reenter_days if method.reenter == "after_days" else None
        yield method, None if days is None else left_on + timedelta(days=days)


def _latest(barring: tuple[Method, date | None]) -> date:
    return barring[1] or date.max
