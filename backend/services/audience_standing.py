"""How somebody stands in a session that an audience is for: enrolled, blocked by another session, let go."""

from pyroaring import BitMap

from backend.database import fetch
from backend.index import FacetIndex
from backend.schemas.audience import SessionStanding
from backend.services.actor import Actor
from backend.services.ended_reasons import ended_reasons
from backend.services.reason_reading import reader_of

_ENDED = "SELECT session_id, learner_id, state FROM enrollment WHERE session_id = $1 AND learner_id = $2"


def elsewhere(index: FacetIndex, session_id: int, learner_id: int) -> int | None:
    """The other session of the activity in which the person is enrolled."""
    session = index.structure.sessions.get(session_id)
    others = () if session is None else index.structure.sessions_of(session.activity_id) - {session_id}
    return next((other for other in sorted(others) if learner_id in index.enrolled(other)), None)


async def standing_of(actor: Actor, index: FacetIndex, session_id: int, learner_id: int) -> SessionStanding:
    """For an actor whose right to see the session and the person has been checked."""
    reader = await reader_of(actor)
    if learner_id in index.enrolled(session_id):
        return SessionStanding(state="enrolled")
    if index.blocked(session_id, BitMap([learner_id])):
        return SessionStanding(
            state="blocked", reason=reader.elsewhere(index, elsewhere(index, session_id, learner_id))
        )
    rows = await fetch(_ENDED, session_id, learner_id)
    ended = (await ended_reasons(index, reader, rows)).get((session_id, learner_id))
    return SessionStanding(state="none" if ended is None else "ended", reason=ended)
