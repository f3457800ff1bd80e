"""Who would be due at another instant because a date of their own is another, in a field that methods are due by."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from pyroaring import BitMap

from backend.database import fetch
from backend.index import FacetIndex
from backend.index.facts.structure_rows import Method
from backend.index.supposing import SupposedIndex
from backend.index.time_slices import TimeSlice
from backend.rules.field_types import parse_day
from backend.runtime import clock
from backend.services.consequences import statements
from backend.services.consequences.outcome import DueChange

# Dates beyond these make nobody due: see `muster_due_by_field`.
FIRST_DAY, LAST_DAY = date(20, 1, 1), date(8000, 12, 31)
# Of whom a value of which field is another.
Touched = Mapping[int, BitMap]
# By session and learner.
DueChanges = dict[int, dict[int, DueChange]]

_Pair = tuple[int, int]


async def due_changes(
    index: SupposedIndex, touched: Touched, now: datetime, time_slice: TimeSlice
) -> DueChanges:
    """Of those who are enrolled and stay so: due as their live sources say, the earliest first, unless a person said when by hand."""
    if not touched:
        return {}
    methods = {
        method.id: method
        for method in index.methods.values()
        if method.due_field in touched and method.due_field in index.fields and is_due_by_field(method)
    }
    pairs = sorted(set(_pairs(index, touched, methods.values())))
    if not pairs:
        return {}
    rows = await fetch(statements.DUE_BY_SOURCES, *([*column] for column in zip(*pairs, strict=True)))
    before: dict[_Pair, datetime | None] = {}
    due: dict[_Pair, list[datetime | None]] = defaultdict(list)
    for row in rows:
        pair = row["session_id"], row["learner_id"]
        before[pair] = row["due_at"]
        if pair[1] in index.source_holders(row["method_id"]):
            by_field = methods.get(row["method_id"])
            due[pair].append(row["due_by"] if by_field is None else due_by_field(index, by_field, pair[1]))
        if time_slice.used_up():
            await asyncio.sleep(0)
    found: DueChanges = defaultdict(dict)
    for (session_id, learner_id), was in before.items():
        opened = (_due_by(index, one, learner_id, now) for one in _opened(index, session_id, learner_id))
        after = min((at for at in (*due[session_id, learner_id], *opened) if at is not None), default=None)
        if after != was:
            method_id = _by_whom(index, methods.values(), session_id, learner_id)
            found[session_id][learner_id] = DueChange(was, after, method_id)
        if time_slice.used_up():
            await asyncio.sleep(0)
    return found


def _pairs(index: SupposedIndex, touched: Touched, methods: Iterable[Method]) -> Iterator[_Pair]:
    for method in methods:
        session_id = method.session_id
        people = touched[method.due_field or 0] & index.source_holders(method.id)
        people = people & index.live_enrollments(session_id) & index.real.live_enrollments(session_id)
        for learner_id in people - index.completed(session_id):
            yield session_id, learner_id


def _opened(index: SupposedIndex, session_id: int, learner_id: int) -> Iterator[Method]:
    """Methods that would enroll them, too, and do not yet."""
    for method_id in index.enrolling_methods_of(session_id):
        if learner_id in index.source_holders(method_id) and learner_id not in index.real.source_holders(
            method_id
        ):
            yield index.methods[method_id]


def _by_whom(index: FacetIndex, methods: Iterable[Method], session_id: int, learner_id: int) -> int:
    return next(
        one.id
        for one in methods
        if one.session_id == session_id and learner_id in index.source_holders(one.id)
    )


def _due_by(index: SupposedIndex, method: Method, learner_id: int, now: datetime) -> datetime | None:
    if is_due_by_field(method):
        return due_by_field(index, method, learner_id)
    return due_of_all(index, method, now)


def due_of_all(index: FacetIndex, method: Method, now: datetime) -> datetime | None:
    """When whoever comes by the method now is due, all alike: on its day, or so many days from now."""
    if method.due_at is not None or method.due_days is None:
        return method.due_at
    return _end_of(index, clock.day_of(now, index.timezone) + timedelta(days=method.due_days))


def is_due_by_field(method: Method) -> bool:
    """Whether a field decides when its people are due: a day of its own goes before, and so many days after they came."""
    return method.due_field is not None and method.due_at is None and method.due_days is None


def due_by_field(index: SupposedIndex, method: Method, learner_id: int) -> datetime | None:
    """As `muster_due_by_field` tells it: the end of the day so many days after the date; None without one."""
    stored = index.fact("field", learner_id, method.due_field)
    day = parse_day(stored) if isinstance(stored, str) else None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        return None
    return _end_of(index, day + timedelta(days=method.due_field_days or 0))


def _end_of(index: FacetIndex, day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), clock.zone(index.timezone)).astimezone(UTC)
