"""From transitions to event frames: who and why, asked in one query a batch, encoded once for all."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.database import fetch
from backend.index import FacetIndex
from backend.live.seat import Reader
from backend.live.transitions import Transition
from backend.schemas.live import EventData, EventPerson, encode

# More than this of one kind in one session at once are told as a number: nobody reads more from a ticker.
NAMED_MOST = 100

_WHO_AND_WHY = """
SELECT w.learner_id, w.session_id, l.first_name, l.last_name, why.reason, why.method_id, w.change,
       (SELECT b.other_session_id FROM blocked b WHERE b.learner_id = w.learner_id AND b.session_id = w.session_id
        ORDER BY b.since LIMIT 1) AS other_session_id
FROM unnest($1::integer[], $2::integer[], $3::text[], $4::timestamptz[]) AS w(learner_id, session_id, change, at)
JOIN learner l ON l.id = w.learner_id
LEFT JOIN LATERAL (
    SELECT rc.reason, r.method_id FROM run_change rc JOIN run r ON r.id = rc.run_id
    WHERE rc.learner_id = w.learner_id AND r.session_id = w.session_id AND rc.change = w.change
      AND rc.reason IS NOT NULL AND coalesce(r.finished_at, w.at) >= w.at - interval '10 seconds'
    ORDER BY rc.run_id DESC LIMIT 1
) why ON true
"""


# Somebody who was deleted meanwhile.
_NOBODY = dict.fromkeys(("reason", "method_id", "other_session_id")) | {"first_name": "", "last_name": ""}


class Told:
    """One event, told to each reader as far as they may know; equal readers get the same bytes."""

    def __init__(self, position: int, one: Transition, count: int, row: Any | None) -> None:
        self._position = position
        self._one = one
        self._count = count
        # Who it is and what the run recorded; of many together neither is asked.
        self._row = row
        self._bodies: dict[Reader, str] = {}

    def body(self, index: FacetIndex, reader: Reader) -> str:
        """The part of the frame after the id."""
        found = self._bodies.get(reader)
        if found is None:
            data = encode(self._data(index, reader)).decode()
            found = f'"position":{self._position},"event":"{self._one.event}","data":{data}}}'
            self._bodies[reader] = found
        return found

    def _data(self, index: FacetIndex, reader: Reader) -> EventData:
        one, row = self._one, self._row
        person, reason = None, None
        if row is not None:
            waits = one.event in {"blocked", "unblocked"}
            if not waits or reader.sees(index, one.learner_id):
                person = EventPerson(
                    id=one.learner_id, first_name=row["first_name"], last_name=row["last_name"]
                )
            reason = reader.tell(index, row["reason"], method_id=row["method_id"], learner_id=one.learner_id)
            if one.event == "blocked":
                reason = reader.elsewhere(index, row["other_session_id"])
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
    who = await _who_and_why(few) if few else {}
    told: dict[int, list[Told]] = {session: [] for session in found}
    for (session, *_), same in alike.items():
        if not _are_named(same):
            told[session].append(Told(position, same[-1], sum(one.count for one in same), None))
            continue
        for one in same:
            row = who.get((one.learner_id, one.session_id, one.recorded_as)) or _NOBODY
            told[session].append(Told(position, one, 1, row))
    return told


def _are_named(same: Sequence[Transition]) -> bool:
    return len(same) <= NAMED_MOST and all(one.count == 1 for one in same)


async def _who_and_why(found: Sequence[Transition]) -> dict[tuple[int, int, str], Any]:
    rows = await fetch(
        _WHO_AND_WHY,
        [one.learner_id for one in found],
        [one.session_id for one in found],
        [one.recorded_as for one in found],
        [one.at for one in found],
    )
    return {(row["learner_id"], row["session_id"], row["change"]): row for row in rows}


def catalog_changed(position: int, at: Any) -> str:
    """The frame that tells a learner to look at their catalog again."""
    data = EventData(at=at, count=1, session_id=None, learner=None, reason=None, before=None, after=None)
    return f'"position":{position},"event":"catalog","data":{encode(data).decode()}}}'
