"""What lately happened to people in a session, read from the change log, with the fact behind it.

What many share is one happening with their number, as the socket tells it: a fill of thousands is not a list of whoever comes
first in it, and does not push out what happened before.
"""

from itertools import islice
from typing import Any

from asyncpg import Record

from backend.database import fetch
from backend.enrollment.events import event_of, event_of_waiting
from backend.index import FacetIndex, Follower
from backend.live.event_reasons import Happened, reason_of, who_and_why
from backend.schemas.live.boards import Happening, HappeningLearner, Happenings
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.audiences.index_access import loaded_index
from backend.services.audiences.reason_reader import ReasonReader, reader_of
from backend.services.enrollment.lists import list_statements

# A ticker is for what is happening; the runs keep the rest.
MOST = 100
# An enrollment's due date may change without anything happening; so a few more rows are read than are shown.
READ_AHEAD = 3


def _event(row: Record) -> str | None:
    if row["facet"] == "blocked":
        return event_of_waiting(waits=row["new"] is not None)
    return event_of(_state(row["old"]), _state(row["new"]))


def _state(fact: Any) -> str | None:
    """The state of an enrollment, which is the first of what is told of it; None of anything else."""
    state = fact[0] if isinstance(fact, list) and fact else None
    return state if isinstance(state, str) else None


def _happening(
    row: Record, event: str, who: Record, index: FacetIndex, reader: ReasonReader
) -> Happening | None:
    """None of somebody who was deleted since."""
    learner_id = row["learner_id"]
    if who["first_name"] is None:
        return None
    learner = None
    # Who only waits is no participant: they are named to those who see them anyway.
    if row["people"] == 1 and (row["facet"] != "blocked" or reader.sees(index, learner_id)):
        learner = HappeningLearner(id=learner_id, first_name=who["first_name"], last_name=who["last_name"])
    reason = reason_of(
        index,
        reader,
        event,
        learner_id=learner_id,
        recorded=who["reason"],
        method_id=who["method_id"],
        other_session_id=row["new"],
        by=who["by_name"],
    )
    return Happening(
        event=event, learner=learner, count=row["people"], reason=reason, at=row["at"], position=row["seq"]
    )


async def latest_events(actor: Actor, follower: Follower, session_id: int, limit: int) -> Happenings:
    """Up to `limit` happenings, the latest first. Raises `NotFound` or `Forbidden` as the board itself."""
    await session_for(actor, session_id)
    index, reader = await loaded_index(follower), await reader_of(actor)
    rows = await fetch(list_statements.LATEST_ENTRIES, session_id, limit * READ_AHEAD)
    told = [(row, event) for row in rows if (event := _event(row)) is not None]
    who = await who_and_why(_happened(row, event) for row, event in told)
    found = (_happening(row, event, who[_happened(row, event)], index, reader) for row, event in told)
    return Happenings(items=list(islice((one for one in found if one is not None), limit)))


def _happened(row: Record, event: str) -> Happened:
    return row["learner_id"], event, row["run_id"]
