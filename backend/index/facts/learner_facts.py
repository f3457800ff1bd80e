"""All facts about learners as bitmaps, and how one logged change moves them."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from pyroaring import BitMap

from backend.database.codecs import FIRST, LAST, UnreadableJson
from backend.enrollment.events import LIVE
from backend.index.facts.field_values import field_value
from backend.index.facts.logged_values import (
    NEVER,
    day_in,
    due_instant,
    exclusion_end,
    instant,
    standing_days,
)
from backend.index.facts.set_aside import AllSetAside, Unreadable, why_unreadable
from backend.index.facts.values import EMPTY, Values, union
from backend.rules import Facet
from backend.words import Message

COUNTABLE = frozenset({"invited", "active"})


class Results:
    """Standing on one activity, and the days on which people completed it, or succeeded in it."""

    __slots__ = ("completed_on", "statuses", "succeeded_on", "successful")

    def __init__(self) -> None:
        self.statuses: Values[str] = Values()
        self.successful = BitMap()
        self.completed_on: Values[date] = Values()
        self.succeeded_on: Values[date] = Values()

    def move(self, learner_id: int, old: list[Any] | None, new: list[Any] | None, zone: ZoneInfo) -> None:
        self.statuses.move(learner_id, None if old is None else old[0], None if new is None else new[0])
        (self.successful.add if new is not None and new[1] else self.successful.discard)(learner_id)
        for days, before, after in zip(
            (self.completed_on, self.succeeded_on),
            standing_days(old, zone),
            standing_days(new, zone),
            strict=True,
        ):
            days.move(learner_id, before, after)

    def copy(self) -> "Results":
        made = Results()
        made.statuses = self.statuses.copy()
        made.successful = self.successful.copy()
        made.completed_on = self.completed_on.copy()
        made.succeeded_on = self.succeeded_on.copy()
        return made


class Enrollments:
    """Enrollments in one session: state, and due instant of those who have one."""

    __slots__ = ("due", "states")

    def __init__(self) -> None:
        self.states: Values[str] = Values()
        self.due: Values[datetime] = Values()

    def move(self, learner_id: int, old: list[Any] | None, new: list[Any] | None) -> None:
        was, due_was = (None, None) if old is None else (old[0], due_instant(old[1]))
        state, due = (None, None) if new is None else (new[0], due_instant(new[1]))
        self.states.move(learner_id, was, state)
        self.due.move(learner_id, due_was, due)

    def move_many(self, learners: BitMap, old: list[Any] | None, new: list[Any] | None) -> None:
        was, due_was = (None, None) if old is None else (old[0], due_instant(old[1]))
        state, due = (None, None) if new is None else (new[0], due_instant(new[1]))
        self.states.move_many(learners, was, state)
        self.due.move_many(learners, due_was, due)

    def live(self) -> BitMap:
        """Everybody whose enrollment is live; not to be changed by the caller."""
        return union(self.states.having(LIVE))

    def copy(self) -> "Enrollments":
        made = Enrollments()
        made.states = self.states.copy()
        made.due = self.due.copy()
        return made


class Facts:
    """Everything known about learners, by facet. Days are those of `timezone`: in another one, load again."""

    def __init__(self, timezone: str = "UTC") -> None:
        self.timezone = timezone
        self.zone = ZoneInfo(timezone)
        self.status: Values[str] = Values()
        self.countable = BitMap()
        self.language: Values[str] = Values()
        self.added: Values[date] = Values()
        self.manager: Values[int] = Values()
        self.groups: dict[int, BitMap] = {}
        self.fields: dict[int, Values[Any]] = {}
        self.results: dict[int, Results] = {}
        self.awards: dict[int, Values[date]] = {}
        self.enrollments: dict[int, Enrollments] = {}
        self.sources: dict[int, BitMap] = {}
        self.blocked: dict[int, Values[int]] = {}
        # By session: the day on which each person who is left out of it is no longer.
        self.exclusions: dict[int, Values[date]] = {}
        # By method that does not take everybody back: the day on which each person left it.
        self.departures: dict[int, Values[date]] = {}
        # What is stored of learners and cannot be read. Whoever knows the fields' types says them (`kinds`, by id).
        self.set_aside = AllSetAside()
        self.kinds: dict[int, str] = {}

    def move(self, facet: str, learner_id: int, ref: int | None, old: Any, new: Any) -> None:
        """Apply one change of a fact: what was `old` (None: nothing) is `new` now."""
        self._MOVERS[facet](self, learner_id, 0 if ref is None else ref, old, new)

    def take(self, facet: str, learner_id: int, ref: int | None, old: Any, new: Any) -> tuple[Any, Any]:
        """`move`, with a new value that cannot be read set aside: there is none then. What it was taken for, old and new."""
        old = self.readable(facet, ref, old)
        try:
            new = self.understood(facet, ref, new)
            self.move(facet, learner_id, ref, old, new)
        except Exception as why:  # noqa: BLE001 - whatever was stored, the rest goes on
            self.set_aside.put_fact(Facet(facet, ref), [learner_id], why_unreadable(why))
            with suppress(Exception):
                self.move(facet, learner_id, ref, old, None)
            return old, None
        if self.set_aside.facts:
            self.set_aside.lift_fact(Facet(facet, ref), learner_id)
        return old, new

    def take_many(self, facet: str, learners: BitMap, ref: int | None, old: Any, new: Any) -> None:
        """`take` of one change that all these learners share."""
        try:
            self.move_many(
                facet, learners, ref, self.readable(facet, ref, old), self.understood(facet, ref, new)
            )
        except Exception as why:  # noqa: BLE001 - likewise
            self.set_aside.put_fact(Facet(facet, ref), learners, why_unreadable(why))

    def understood(self, facet: str, ref: int | None, stored: Any) -> Any:
        """What a stored value means here. Raises `Unreadable`."""
        if isinstance(stored, UnreadableJson):
            raise Unreadable(Message("it is no JSON that can be read"))
        return field_value(self.kinds.get(ref or 0), stored) if facet == "field" else stored

    def readable(self, facet: str, ref: int | None, stored: Any) -> Any:
        """Likewise; None for what cannot be read."""
        try:
            return self.understood(facet, ref, stored)
        except Unreadable:
            return None

    def move_many(self, facet: str, learners: BitMap, ref: int | None, old: Any, new: Any) -> None:
        """Apply one change that all these learners share."""
        match facet:
            case "enrollment":
                self._enrollments(learners, ref or 0, old, new)
            case "source":
                _mark_many(self.sources, ref or 0, learners, new)
            case _:
                for learner_id in learners:
                    self.move(facet, learner_id, ref, old, new)

    def set(self, facet: str, learner_id: int, ref: int | None, value: Any) -> None:
        """Make the fact `value`, whatever it was."""
        self.take(facet, learner_id, ref, None, value)

    def added_day(self, value: Any) -> date | None:
        """The calendar day of an instant, within the calendar as the loader bounds it too."""
        at = instant(value)
        return None if at is None else day_in(min(max(at, FIRST), LAST), self.zone)

    def _status(self, learner_id: int, _ref: int, old: Any, new: Any) -> None:
        self.status.move(learner_id, old, new)
        (self.countable.add if new in COUNTABLE else self.countable.discard)(learner_id)

    def _field(self, learner_id: int, field: int, old: Any, new: Any) -> None:
        _of(self.fields, field, Values).move(learner_id, old, new)
        if not self.fields[field].present:
            del self.fields[field]

    def _result(self, learner_id: int, activity: int, old: Any, new: Any) -> None:
        results = _of(self.results, activity, Results)
        results.move(learner_id, old, new, self.zone)
        if not results.statuses.present:
            del self.results[activity]

    def _award(self, learner_id: int, certificate: int, old: Any, new: Any) -> None:
        expiries: Values[date] = _of(self.awards, certificate, Values)
        expiries.move(learner_id, self.expiry_day(old), self.expiry_day(new))
        if not expiries.present:
            del self.awards[certificate]

    def expiry_day(self, award: Any) -> date | None:
        """The day on which an award [issued, expires] is no longer valid."""
        if award is None:
            return None
        expires = instant(award[1])
        return NEVER if expires is None or expires >= LAST else day_in(expires, self.zone)

    def _enrollment(self, learner_id: int, session: int, old: Any, new: Any) -> None:
        enrollments = _of(self.enrollments, session, Enrollments)
        enrollments.move(learner_id, old, new)
        if not enrollments.states.present:
            del self.enrollments[session]

    def _enrollments(self, learners: BitMap, session: int, old: Any, new: Any) -> None:
        enrollments = _of(self.enrollments, session, Enrollments)
        enrollments.move_many(learners, old, new)
        if not enrollments.states.present:
            del self.enrollments[session]

    def _blocked(self, learner_id: int, method: int, old: Any, new: Any) -> None:
        others: Values[int] = _of(self.blocked, method, Values)
        others.move(learner_id, old, new)
        if not others.present:
            del self.blocked[method]

    def _exclusion(self, learner_id: int, session: int, old: Any, new: Any) -> None:
        ends: Values[date] = _of(self.exclusions, session, Values)
        ends.move(learner_id, exclusion_end(old), exclusion_end(new))
        if not ends.present:
            del self.exclusions[session]

    def _departure(self, learner_id: int, method: int, old: Any, new: Any) -> None:
        days: Values[date] = _of(self.departures, method, Values)
        days.move(learner_id, exclusion_end(old), exclusion_end(new))
        if not days.present:
            del self.departures[method]

    def departed(self, method: int, after: date) -> BitMap:
        """Who left a method after a day; not to be changed by the caller."""
        days = self.departures.get(method)
        return EMPTY if days is None else union(days.between(low=after, above=True))

    def excluded(self, session: int, day: date) -> BitMap:
        """Who is left out of a session on a day; not to be changed by the caller."""
        ends = self.exclusions.get(session)
        return EMPTY if ends is None else union(ends.between(low=day, above=True))

    def members(self, group: int) -> BitMap:
        """Direct members of a group; not to be changed by the caller."""
        return self.groups.get(group, EMPTY)

    # Not of each `Facts`: a circle through them would keep a whole index until somebody looks for garbage.
    _MOVERS: ClassVar[dict[str, Callable[["Facts", int, int, Any, Any], None]]] = {
        "status": _status,
        "language": lambda facts, learner, _ref, old, new: facts.language.move(learner, old, new),
        "added": lambda facts, learner, _ref, old, new: facts.added.move(
            learner, facts.added_day(old), facts.added_day(new)
        ),
        "manager": lambda facts, learner, _ref, old, new: facts.manager.move(learner, old, new),
        "membership": lambda facts, learner, group, _old, new: _mark(facts.groups, group, learner, new),
        "field": _field,
        "result": _result,
        "award": _award,
        "enrollment": _enrollment,
        "source": lambda facts, learner, method, _old, new: _mark(facts.sources, method, learner, new),
        "blocked": _blocked,
        "exclusion": _exclusion,
        "departure": _departure,
        "profile": lambda *_: None,
    }


def _of(table: dict[int, Any], ref: int, kind: Callable[[], Any]) -> Any:
    found = table.get(ref)
    if found is None:
        found = table[ref] = kind()
    return found


def _mark(table: dict[int, BitMap], ref: int, learner_id: int, new: Any) -> None:
    found = table.get(ref)
    if new is not None:
        if found is None:
            found = table[ref] = BitMap()
        found.add(learner_id)
    elif found is not None:
        found.discard(learner_id)
        if not found:
            del table[ref]


def _mark_many(table: dict[int, BitMap], ref: int, learners: BitMap, new: Any) -> None:
    found = table.get(ref)
    if new is not None:
        if found is None:
            table[ref] = learners.copy()
        else:
            found |= learners
    elif found is not None:
        found -= learners
        if not found:
            del table[ref]
