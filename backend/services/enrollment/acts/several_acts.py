"""Whom an act on enrollments would be about, before it is done."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec import Struct
from pyroaring import BitMap

from backend.database import any_of
from backend.index import FacetIndex, Follower
from backend.schemas.enrollment.acts import ActKind
from backend.services.access.actor import Actor
from backend.services.audiences.index_access import current_index
from backend.services.enrollment.acts.enrollment_rows import FITTING, places_of
from backend.services.enrollment.acts.leaving_by_hand import ENDING, require_to_let_go
from backend.tables import Enrollment


class Affected(Struct, frozen=True):
    """The people whom it fits by session, and of those whose enrollment ends, by method whose source of it they hold."""

    people: dict[int, BitMap]
    sources: dict[int, BitMap]


async def check_acts(
    actor: Actor, follower: Follower, ids: Sequence[int], do: ActKind, *, erasing: bool = False
) -> Affected:
    """Whom it is about. Raises `NotFound` and `Forbidden` as doing it does; a fixed number of queries for each session."""
    places = await places_of(actor, ids)
    index = await current_index(follower)
    rows = await Enrollment.select(Enrollment.session_id, Enrollment.learner_id, Enrollment.state).where(
        any_of(Enrollment.id, list(places))
    )
    allowed = (*FITTING[do], *(("completed",) if erasing else ()))
    people: dict[int, BitMap] = defaultdict(BitMap)
    ending: dict[int, BitMap] = defaultdict(BitMap)
    for row in rows:
        if row["state"] in allowed:
            people[row["session_id"]].add(row["learner_id"])
            if row["state"] in ENDING or erasing:
                ending[row["session_id"]].add(row["learner_id"])
    if do in {"suspend", "resume"}:
        return Affected(people, {})
    for session_id, some in people.items():
        await require_to_let_go(actor, index, session_id, list(some))
    return Affected(people, _held(index, ending))


def _held(index: FacetIndex, people: Mapping[int, BitMap]) -> dict[int, BitMap]:
    return {
        method_id: held
        for session_id, some in people.items()
        for method_id in index.methods_of(session_id)
        if (held := index.source_holders(method_id) & some)
    }
