"""Consequences as somebody may see them: their people and sessions alone, and no name of what is sealed to them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from pyroaring import BitMap

from backend.index import FacetIndex
from backend.schemas import consequences as wire
from backend.schemas.base import Page
from backend.schemas.enrollment.reasons import Reason
from backend.services.access.actor import Actor
from backend.services.audiences.reason_reader import ReasonReader, reader_of
from backend.services.audiences.visibility import AudienceScope
from backend.services.consequences.outcome import DueChange, MethodOutcome, Outcome, SessionOutcome
from backend.services.paging import decode_cursor, encode_cursor
from backend.services.people.person_names import people as people_named
from backend.text import full_name

NAMES = wire.Figures.__struct_fields__
# Likewise of dates alone.
DATES = ("due_changes", "ending")
# Who is named by these is enrolled now; the others are not in the session yet, and no participants to be seen.
_OF_PARTICIPANTS = frozenset({"leaving", "gaining", "losing", "completed_stay"})


class ConsequenceReader(msgspec.Struct, frozen=True):
    """One reader, with what there is now (`real`), by which it is judged whom they may see, and what would be (`supposed`)."""

    actor: Actor
    reader: ReasonReader
    real: FacetIndex
    supposed: FacetIndex
    outcome: Outcome

    @property
    def sight(self) -> AudienceScope:
        """Which groups and sessions are theirs."""
        return self.reader.sight

    def visible(self) -> "Visible":
        """Whom they see anywhere, found once an answer."""
        return Visible(
            everything=self.sight.groups is None,
            people=self.sight.people(self.real) | BitMap([self.actor.id]),
            # Of their team they see every enrollment, and so do people of themselves.
            anywhere=self.sight.team(self.real) | BitMap([self.actor.id]),
        )


class Visible(msgspec.Struct, frozen=True):
    """Whom a reader sees: `people` in sessions whose participants they see, `anywhere` in every session."""

    everything: bool
    people: BitMap
    anywhere: BitMap


async def consequence_reader(
    actor: Actor, real: FacetIndex, supposed: FacetIndex, outcome: Outcome
) -> ConsequenceReader:
    """The outcome as this person is told it."""
    return ConsequenceReader(actor, await reader_of(actor), real, supposed, outcome)


def to_wire(told: ConsequenceReader, visible: Visible, hash_: str, messages: int) -> wire.Consequences:
    """All of it in figures."""
    everybody = BitMap()
    sessions = []
    methods: dict[int, list[MethodOutcome]] = {}
    for method in told.outcome.methods:
        methods.setdefault(method.session_id, []).append(method)
    outcome = told.outcome
    days: set[date] = set()
    for session_id in sorted(outcome.sessions.keys() | outcome.due_changes.keys() | outcome.ends.keys()):
        shown = {name: _seen_in(told, visible, session_id, name) for name in (*NAMES, *DATES)}
        if not any(shown.values()):
            continue
        everybody |= BitMap.union(*shown.values())
        sessions.append(_session(told, visible, session_id, shown, methods.get(session_id, ())))
        days |= _days(told, session_id, shown["ending"])
    totals = {name: sum(getattr(one, name) for one in sessions) for name in (*NAMES, *DATES)}
    return wire.Consequences(
        hash=hash_,
        position=told.outcome.position,
        people=len(everybody),
        messages=messages,
        partial=not visible.everything,
        sessions=sessions,
        frozen=_frozen(told),
        ending_on=next(iter(days)) if len(days) == 1 else None,
        **totals,
    )


def _shown(
    told: ConsequenceReader, visible: Visible, outcome: SessionOutcome | MethodOutcome
) -> dict[str, BitMap]:
    """By the words of plans those whom the reader sees there."""
    return {name: _seen(told, visible, outcome, name) for name in NAMES}


def _seen(
    told: ConsequenceReader, visible: Visible, outcome: SessionOutcome | MethodOutcome, name: str
) -> BitMap:
    people: BitMap = getattr(outcome, name)
    if visible.everything or not people:
        return people
    if not told.sight.views(outcome.session_id, told.real):
        return people & visible.anywhere
    if name in _OF_PARTICIPANTS:
        return people & (visible.people | told.real.live_enrollments(outcome.session_id))
    return people & (visible.people | visible.anywhere)


def _seen_in(told: ConsequenceReader, visible: Visible, session_id: int, name: str) -> BitMap:
    """Those of one session behind one number, as far as the reader sees them."""
    if name not in DATES:
        found = told.outcome.sessions.get(session_id)
        return BitMap() if found is None else _seen(told, visible, found, name)
    if name == "due_changes":
        people = BitMap(told.outcome.due_changes.get(session_id, ()))
    else:
        people = BitMap.union(BitMap(), *told.outcome.ends.get(session_id, {}).values())
    if visible.everything or not people:
        return people
    if not told.sight.views(session_id, told.real):
        return people & visible.anywhere
    return people & (visible.people | visible.anywhere | told.real.live_enrollments(session_id))


def _days(told: ConsequenceReader, session_id: int, people: BitMap) -> set[date]:
    """On which days the access of these people ends."""
    return {day for day, some in told.outcome.ends.get(session_id, {}).items() if some & people}


def _session(
    told: ConsequenceReader,
    visible: Visible,
    session_id: int,
    shown: Mapping[str, BitMap],
    methods: Sequence[MethodOutcome],
) -> wire.SessionConsequences:
    session = told.real.sessions[session_id]
    listed = []
    for method in methods:
        people = _shown(told, visible, method)
        if any(people.values()):
            listed.append(_method(told, method, people))
    return wire.SessionConsequences(
        session_id=session_id,
        session_name=session.name,
        activity_title=told.real.activities[session.activity_id].title,
        methods=listed,
        ending_on=next(iter(days)) if len(days := _days(told, session_id, shown["ending"])) == 1 else None,
        **_beyond_places(told, session_id),
        **_counted(shown),
    )


def _beyond_places(told: ConsequenceReader, session_id: int) -> dict[str, int]:
    """Where more people would come than there are places: nobody is left out, but whoever confirms it knows."""
    session = told.supposed.sessions.get(session_id)
    if session is None or session.capacity is None or not told.sight.views(session_id, told.real):
        return {}
    enrolled = len(told.supposed.live_enrollments(session_id))
    if enrolled <= max(session.capacity, len(told.real.live_enrollments(session_id))):
        return {}
    return {"capacity": session.capacity, "enrolled": enrolled}


def _method(
    told: ConsequenceReader, outcome: MethodOutcome, shown: Mapping[str, BitMap]
) -> wire.MethodConsequences:
    is_new = outcome.method_id not in told.real.methods
    method = told.supposed.methods.get(outcome.method_id)
    sealed = _is_sealed(told, outcome)
    return wire.MethodConsequences(
        method_id=None if is_new else outcome.method_id,
        name=None if sealed or method is None else method.name,
        sealed=sealed,
        **_counted(shown),
    )


def _is_sealed(told: ConsequenceReader, outcome: MethodOutcome) -> bool:
    """Of a new method one knows what one asked about; of others what one may read."""
    if told.sight.groups is None:
        return False
    method = told.real.methods.get(outcome.method_id)
    if method is None:
        return False
    # How others come to be enrolled is not the managers' to know.
    hidden = not told.sight.views(outcome.session_id, told.real)
    return hidden or told.sight.seals_index_method(method, told.real)


def _counted(shown: Mapping[str, BitMap]) -> dict[str, int]:
    return {name: len(people) for name, people in shown.items()}


def _frozen(told: ConsequenceReader) -> list[wire.FrozenMethod]:
    found = []
    for method_id in sorted(told.outcome.frozen):
        method = told.real.methods.get(method_id)
        if method is None or not told.sight.views(method.session_id, told.real):
            continue
        sealed = told.sight.seals_index_method(method, told.real)
        found.append(
            wire.FrozenMethod(
                method_id=method_id,
                name=None if sealed else method.name,
                session_id=method.session_id,
                session_name=told.real.sessions[method.session_id].name,
            )
        )
    return found


async def people_page(
    told: ConsequenceReader, request: wire.ConsequencesPeopleRequest
) -> Page[wire.ChangedPerson]:
    """Those behind one number, in the order of their ids."""
    visible = told.visible()
    found = {session_id: people for session_id, people in _behind(told, visible, request) if people}
    everybody = BitMap.union(BitMap(), *found.values())
    (after,) = decode_cursor(request.cursor, tuple[int]) or (0,)
    ids = _after(everybody, after, request.limit + 1)
    shown = ids[: request.limit]
    named = {person.id: person for person in await people_named([one for one in shown if one > 0])}
    items = [
        _person(
            told,
            named[one],
            [session_id for session_id, people in found.items() if one in people],
            request.change,
        )
        for one in shown
        if one in named
    ]
    return Page(
        items=items,
        next=encode_cursor([shown[-1]]) if len(ids) > request.limit else None,
        total=len(everybody),
    )


def _behind(
    told: ConsequenceReader, visible: Visible, request: wire.ConsequencesPeopleRequest
) -> Iterator[tuple[int, BitMap]]:
    if request.method_id is not None:
        for method in told.outcome.methods:
            if (
                method.method_id == request.method_id
                and request.change not in DATES
                and not _is_sealed(told, method)
            ):
                yield method.session_id, _seen(told, visible, method, request.change)
        return
    outcome = told.outcome
    for session_id in sorted(outcome.sessions.keys() | outcome.due_changes.keys() | outcome.ends.keys()):
        if request.session_id in (None, session_id):
            yield session_id, _seen_in(told, visible, session_id, request.change)


def _after(people: BitMap, after: int, limit: int) -> list[int]:
    first = people.rank(after)
    return list(people[first : first + limit])


def _person(told: ConsequenceReader, person: Any, sessions: Sequence[int], change: str) -> wire.ChangedPerson:
    places = [_place(told, session_id, person.id, change) for session_id in sessions]
    return wire.ChangedPerson(learner=person, why=places[0].why, sessions=places)


def _place(told: ConsequenceReader, session_id: int, learner_id: int, change: str) -> wire.PlaceOfChange:
    due = told.outcome.due_changes.get(session_id, {}).get(learner_id) if change == "due_changes" else None
    ends = told.outcome.ends.get(session_id, {}) if change == "ending" else {}
    return wire.PlaceOfChange(
        session_id=session_id,
        session_name=told.real.sessions[session_id].name,
        why=_why(told, session_id, learner_id) if due is None else _why_due(told, due, learner_id),
        due=None if due is None else wire.DueDates(before=due.before, after=due.after),
        ends_on=next((day for day, people in ends.items() if learner_id in people), None),
    )


def _why_due(told: ConsequenceReader, due: DueChange, learner_id: int) -> Reason:
    field_id = told.supposed.methods[due.method_id].due_field
    recorded = {"facet": "field", "ref": field_id, "name": None, "old": None, "new": None}
    found = told.reader.tell(told.real, recorded, method_id=due.method_id, learner_id=learner_id)
    return found or told.reader.of_act("unknown")


def _why(told: ConsequenceReader, session_id: int, learner_id: int) -> Reason:
    """What would be recorded as the reason, as far as the reader may know it."""
    recorded = told.outcome.reasons.get((session_id, learner_id))
    method_id = next(
        (
            method.method_id
            for method in told.outcome.methods
            if method.session_id == session_id
            and method.method_id in told.real.methods
            and any(learner_id in getattr(method, name) for name in NAMES)
        ),
        None,
    )
    found = told.reader.tell(told.real, recorded, method_id=method_id, learner_id=learner_id)
    actor = told.actor
    return found or told.reader.of_act(
        "by_hand", by=full_name(actor.first_name, actor.last_name, actor.email)
    )
