"""From transitions to event frames: who and why, asked in one query a batch, encoded once for all."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.index import FacetIndex
from backend.live.connection import ReasonSource
from backend.live.event_reasons import Happened, reason_of, who_and_why
from backend.live.transitions import Transition
from backend.schemas.live.frames import EventData, EventName, EventPerson, encode

# More than this of one kind in one session at once are told as a number: nobody reads more from a ticker.
NAMED_MOST = 100


class Told:
    """One event, told to each reader as far as they may know; equal readers get the same bytes."""

    def __init__(self, position: int, one: Transition, count: int, row: Any | None) -> None:
        self._position = position
        self._one = one
        self._count = count
        # Who it is and what the run recorded; of many together neither is asked.
        self._row = row
        self._bodies: dict[ReasonSource, str] = {}

    def body(self, index: FacetIndex, reader: ReasonSource) -> str:
        """The part of the frame after the id."""
        found = self._bodies.get(reader)
        if found is None:
            data = encode(self._data(index, reader)).decode()
            found = f'"position":{self._position},"event":"{self._one.event}","data":{data}}}'
            self._bodies[reader] = found
        return found

    def _data(self, index: FacetIndex, reader: ReasonSource) -> EventData:
        one, row = self._one, self._row
        person, reason = None, None
        if row is not None:
            waits = one.event in {"blocked", "unblocked"}
            if not waits or reader.sees(index, one.learner_id):
                # Somebody who was deleted meanwhile has no name any more.
                person = EventPerson(
                    id=one.learner_id, first_name=row["first_name"] or "", last_name=row["last_name"] or ""
                )
            reason = reason_of(
                index,
                reader,
                one.event,
                learner_id=one.learner_id,
                recorded=row["reason"],
                method_id=row["method_id"],
                other_session_id=one.other_session_id,
                by=row["by_name"],
            )
        return EventData(
            at=one.at,
            count=self._count,
            session_id=one.session_id,
            learner=person,
            reason=reason,
            before=one.before,
            after=one.after,
        )


async def tell(position: int, found: Mapping[int, Sequence[Transition]]) -> dict[int, list[Told]]:
    """The events of one batch by session."""
    alike: dict[tuple[int, str, str | None, str | None], list[Transition]] = {}
    for session, made in found.items():
        for one in made:
            alike.setdefault((session, one.event, one.before, one.after), []).append(one)
    few = [one for same in alike.values() if _are_named(same) for one in same]
    who = await who_and_why(map(_happened, few))
    told: dict[int, list[Told]] = {session: [] for session in found}
    for (session, *_), same in alike.items():
        if not _are_named(same):
            told[session].append(Told(position, same[-1], sum(one.count for one in same), None))
            continue
        for one in same:
            told[session].append(Told(position, one, 1, who[_happened(one)]))
    return told


def _happened(one: Transition) -> Happened:
    return one.learner_id, one.event, one.run_id


def _are_named(same: Sequence[Transition]) -> bool:
    return len(same) <= NAMED_MOST and all(one.count == 1 for one in same)


def something_changed(event: EventName, position: int, at: Any, session_id: int | None = None) -> str:
    """The frame that tells to look again: a learner at their catalog, or at one session in it, others at somebody's page."""
    data = EventData(
        at=at, count=1, session_id=session_id, learner=None, reason=None, before=None, after=None
    )
    return f'"position":{position},"event":"{event}","data":{encode(data).decode()}}}'
