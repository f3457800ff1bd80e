"""From transitions to event frames: who and why, asked in one query a batch, encoded once for all."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from backend.database import fetch
from backend.index import FacetIndex
from backend.live.transitions import Transition
from backend.schemas.live import EventData, EventPerson, EventReason, encode

# More than this of one kind in one session at once are told as a number: nobody reads more from a ticker.
NAMED_MOST = 100

_WHO_AND_WHY = """
SELECT w.learner_id, w.session_id, l.first_name, l.last_name, why.reason, w.change
FROM unnest($1::integer[], $2::integer[], $3::text[], $4::timestamptz[]) AS w(learner_id, session_id, change, at)
JOIN learner l ON l.id = w.learner_id
LEFT JOIN LATERAL (
    SELECT rc.reason FROM run_change rc JOIN run r ON r.id = rc.run_id
    WHERE rc.learner_id = w.learner_id AND r.session_id = w.session_id AND rc.change = w.change
      AND rc.reason IS NOT NULL AND coalesce(r.finished_at, w.at) >= w.at - interval '10 seconds'
    ORDER BY rc.run_id DESC LIMIT 1
) why ON true
"""


class Told(NamedTuple):
    """The part of an event frame after the id: as admins read it, and as everybody else does."""

    for_admins: str
    for_others: str


async def tell(
    index: FacetIndex, position: int, found: Mapping[int, Sequence[Transition]]
) -> dict[int, list[Told]]:
    """The frames of one batch by session."""
    alike: dict[tuple[int, str, str | None, str | None], list[Transition]] = {}
    for session, made in found.items():
        for one in made:
            alike.setdefault((session, one.event, one.before, one.after), []).append(one)
    few = [one for same in alike.values() if _are_named(same) for one in same]
    who = await _who_and_why(few) if few else {}
    told: dict[int, list[Told]] = {session: [] for session in found}
    for (session, *_), same in alike.items():
        if not _are_named(same):
            people = sum(one.count for one in same)
            told[session].append(_told(position, same[-1], _data(same[-1], people, None, None)))
            continue
        for one in same:
            row = who.get((one.learner_id, one.session_id, one.recorded_as))
            told[session].append(_told_of_person(index, position, one, row))
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


def _told_of_person(index: FacetIndex, position: int, one: Transition, row: Any) -> Told:
    person = EventPerson(
        id=one.learner_id,
        first_name="" if row is None else row["first_name"],
        last_name="" if row is None else row["last_name"],
    )
    recorded = None if row is None else row["reason"]
    reason = None if not recorded else _reason(index, recorded)
    if recorded and reason is not None and _is_private(index, recorded):
        sealed = EventReason(facet=reason.facet, name=None, old=reason.old, new=reason.new, text=None)
        return _told(position, one, _data(one, 1, person, reason), _data(one, 1, person, sealed))
    return _told(position, one, _data(one, 1, person, reason))


def _told(position: int, one: Transition, data: EventData, for_others: EventData | None = None) -> Told:
    def body(shown: EventData) -> str:
        return f'"position":{position},"event":"{one.event}","data":{encode(shown).decode()}}}'

    return Told(body(data), body(for_others or data))


def _data(one: Transition, count: int, person: EventPerson | None, reason: EventReason | None) -> EventData:
    return EventData(
        at=one.at,
        count=count,
        session_id=one.session_id,
        learner=person,
        reason=reason,
        before=one.before,
        after=one.after,
    )


def catalog_changed(position: int, at: Any) -> str:
    """The frame that tells a learner to look at their catalog again."""
    data = EventData(at=at, count=1, session_id=None, learner=None, reason=None, before=None, after=None)
    return f'"position":{position},"event":"catalog","data":{encode(data).decode()}}}'


def _reason(index: FacetIndex, recorded: dict[str, Any]) -> EventReason:
    facet, ref = str(recorded.get("facet", "")), recorded.get("ref")
    named: Any = None
    if isinstance(ref, int):
        match facet:
            case "membership":
                named = index.find_group(ref)
            case "field":
                named = index.find_field(ref)
            case "result":
                named = index.find_activity(ref)
            case "award":
                named = index.find_certificate(ref)
    name = getattr(named, "name", None) or getattr(named, "title", None)
    return EventReason(
        facet=facet, name=name, old=recorded.get("old"), new=recorded.get("new"), text=recorded.get("text")
    )


def _is_private(index: FacetIndex, recorded: dict[str, Any]) -> bool:
    ref = recorded.get("ref")
    if recorded.get("facet") != "membership" or not isinstance(ref, int):
        return False
    group = index.find_group(ref)
    return group is None or group.private
