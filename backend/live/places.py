"""Places of sessions, and who waits for one: which sessions a batch touches, and whose catalog shows them."""

from collections.abc import Collection, Iterator

from pyroaring import BitMap

from backend.database import fetch
from backend.index import WAITING_PLACE, Batch, FacetIndex

# Who waits goes on seeing a session that is in nobody's catalog any more.
_WHO_WAITS = (
    "SELECT session_id, learner_id FROM waiting_place WHERE session_id = ANY($1) AND learner_id = ANY($2)"
)


def touched_sessions(index: FacetIndex, batch: Batch) -> set[int]:
    """Sessions with limited places in which the batch, already applied, has taken a place, freed one, or moved who waits."""
    return {session for session in _touched(index, batch) if session in index.sessions}


def _touched(index: FacetIndex, batch: Batch) -> Iterator[int]:
    for facet in (*batch.facets, *batch.structure):
        if facet.ref is None:
            continue
        if facet.name == WAITING_PLACE:
            yield facet.ref
        elif facet.name == "enrollment":
            session = index.sessions.get(facet.ref)
            if session is not None and session.capacity is not None:
                yield session.id
        elif facet.name == "source":
            method = index.methods.get(facet.ref)
            # Methods of self enrollment may have places of their own.
            if method is not None and method.kind == "self":
                yield method.session_id


async def who_sees(index: FacetIndex, sessions: Collection[int], among: Collection[int]) -> dict[int, BitMap]:
    """Those of `among` whose catalog has the session, by session: it is offered to them, or they are in it, or wait."""
    people = BitMap(among)
    rows = await fetch(_WHO_WAITS, list(sessions), list(people))
    found = {session: people & _to_whom(index, session, people) for session in sessions}
    for row in rows:
        found[row["session_id"]].add(row["learner_id"])
    return found


def _to_whom(index: FacetIndex, session_id: int, everybody: BitMap) -> BitMap:
    session = index.sessions.get(session_id)
    if session is None:
        return BitMap()
    inside = index.live_enrollments(session_id)
    if session.catalog == "everyone":
        return everybody
    if session.catalog == "group" and session.group_id is not None:
        return BitMap.union(inside, *map(index.members, index.descendants(session.group_id)))
    if session.catalog == "audience":
        offers = [one for one in index.methods_of(session_id) if index.methods[one].kind == "catalog"]
        return BitMap.union(inside, *map(index.source_holders, offers))
    return inside
