"""Lists of enrollments: of a session, of a learner. A constant number of queries for a page of any size."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from asyncpg import Record
from msgspec import Struct

from backend import clock
from backend.database import fetch, fetch_row, fetch_value
from backend.index import FacetIndex, Follower
from backend.schemas.commons import Page
from backend.schemas.enrolling import enrollments as wire
from backend.schemas.enrolling.reasons import Reason
from backend.schemas.people import Person
from backend.services.actor import Actor
from backend.services.audiences import loaded
from backend.services.conditions import Conditions, chosen_sort
from backend.services.ended_reasons import ended_reasons
from backend.services.learner_lists import add_visible, visible_among
from backend.services.method_seals import sealed_methods
from backend.services.paging import decode_cursor, page_of
from backend.services.reach import instructed_sessions, led_groups
from backend.services.reason_reading import ReasonReader, reader_of
from backend.services.rights import learner_for, reports_to, session_for
from backend.services.sealing import reading_sight

_COLUMNS = """
    e.id, e.session_id, s.name AS session_name, e.activity_id, a.title AS activity_title, e.learner_id, l.email,
    l.first_name, l.last_name, e.state, e.role, e.since, e.until, e.due_at, e.mandatory, e.completed_at, e.version,
    st.score, st.status AS standing, st.steps_done,
    (SELECT count(*) FROM step WHERE step.activity_id = e.activity_id) AS steps
"""
_FROM = """
FROM enrollment e
JOIN learner l ON l.id = e.learner_id
JOIN session s ON s.id = e.session_id
JOIN activity a ON a.id = e.activity_id
LEFT JOIN standing st ON st.activity_id = e.activity_id AND st.learner_id = e.learner_id
"""
_SOURCES = """
SELECT s.session_id, s.learner_id, s.method_id, s.since, s.kept_from IS NOT NULL AS kept, m.kind, m.name, m.visible
FROM unnest($1::integer[], $2::integer[]) AS p(session_id, learner_id)
JOIN source s ON s.session_id = p.session_id AND s.learner_id = p.learner_id AND s.until IS NULL
JOIN enrollment_method m ON m.id = s.method_id
ORDER BY s.since, s.method_id
"""
_BLOCKED = """
SELECT DISTINCT ON (b.learner_id) b.learner_id, b.session_id, s.name AS session_name, s.activity_id,
       a.title AS activity_title, b.since, b.other_session_id, l.email, l.first_name, l.last_name
FROM blocked b
JOIN learner l ON l.id = b.learner_id
JOIN session s ON s.id = b.session_id
JOIN activity a ON a.id = s.activity_id
"""
# The runs of a session that unenrolled somebody by hand are few, and each names its person.
_ENDED = """
SELECT r.id, r.created_at, r.detail->>'text' AS reason, l.id AS actor_id, l.email, l.first_name, l.last_name
FROM run r
JOIN run_change c ON c.run_id = r.id AND c.learner_id = $2 AND c.change = 'left'
LEFT JOIN learner l ON l.id = r.actor_id
WHERE r.session_id = $1 AND r.cause = 'act' AND r.state = 'applied' AND r.detail->>'act' = 'unenroll'
ORDER BY r.id DESC LIMIT 1
"""
# Who has no due date or score comes last, and first the other way round.
_SORTS = {
    "id": (("e.id", "integer"),),
    "name": (("lower(l.last_name)", "text"), ("lower(l.first_name)", "text"), ("e.id", "integer")),
    "since": (("e.since", "timestamptz"), ("e.id", "integer")),
    "due": (("coalesce(e.due_at, '9999-12-31Z'::timestamptz)", "timestamptz"), ("e.id", "integer")),
    "score": (("coalesce(st.score, 'Infinity'::float8)", "float8"), ("e.id", "integer")),
}


class EnrollmentQuery(Struct, frozen=True):
    """What a list is asked for."""

    state: wire.EnrollmentFilter | None = None
    q: str | None = None
    sort: str | None = None
    limit: int = 100
    cursor: str | None = None


async def of_session(
    actor: Actor, follower: Follower, session_id: int, query: EnrollmentQuery
) -> Page[wire.Enrollment]:
    """Who is, or was, enrolled in the session; only people who count."""
    await session_for(actor, session_id, "view")
    index = await loaded(follower)
    if query.state == "blocked":
        return await _blocked(actor, index, session_id, query)
    conditions = Conditions()
    conditions.add("e.session_id = {}", session_id)
    conditions.add("l.status IN ('invited', 'active')")
    return await _page(actor, index, conditions, query)


async def of_learner(
    actor: Actor, follower: Follower, learner_id: int, query: EnrollmentQuery
) -> Page[wire.Enrollment]:
    """What somebody is, or was, enrolled in; of others than admins, oneself and one's team: in sessions one sees."""
    await learner_for(actor, learner_id)
    index = await loaded(follower)
    conditions = Conditions()
    conditions.add("e.learner_id = {}", learner_id)
    if not (actor.is_admin or actor.id == learner_id or await reports_to(actor, learner_id)):
        await _only_sessions_of(actor, conditions)
    return await _page(actor, index, conditions, query)


async def one(actor: Actor, enrollment_id: int, index: FacetIndex | None = None) -> wire.Enrollment:
    """One enrollment, for those whose right to it has been checked; with the index also why it has ended."""
    rows = await fetch(f"SELECT {_COLUMNS} {_FROM} WHERE e.id = $1", enrollment_id)
    (found,) = await _shown(actor, rows, index)
    if found.state == "expired":
        found.ended = await _ended(actor, found)
    return found


async def _ended(actor: Actor, enrollment: wire.Enrollment) -> wire.EnrollmentEnd | None:
    row = await fetch_row(_ENDED, enrollment.session_id, enrollment.learner.id)
    if row is None:
        return None
    by = None
    if row["actor_id"] is not None and row["actor_id"] in await visible_among(actor, [row["actor_id"]]):
        by = Person(
            id=row["actor_id"],
            email=row["email"],
            first_name=row["first_name"],
            last_name=row["last_name"],
        )
    return wire.EnrollmentEnd(run_id=row["id"], at=row["created_at"], by=by, reason=row["reason"] or "")


async def _only_sessions_of(actor: Actor, conditions: Conditions) -> None:
    groups, sessions = await led_groups(actor), await instructed_sessions(actor)
    conditions.add(
        "s.group_id = ANY({}::integer[]) OR s.id = ANY({}::integer[])", list(groups), list(sessions)
    )


async def _page(
    actor: Actor, index: FacetIndex, conditions: Conditions, query: EnrollmentQuery
) -> Page[wire.Enrollment]:
    _narrow(conditions, query)
    total = await fetch_value(f"SELECT count(*) {_FROM} WHERE {conditions.sql}", *conditions.values)
    order = chosen_sort(query.sort, _SORTS, "id")
    order.after(conditions, query.cursor)
    limit = conditions.value(query.limit + 1)
    rows = await fetch(
        f"SELECT {_COLUMNS}, {order.columns} {_FROM} WHERE {conditions.sql} ORDER BY {order.order} LIMIT {limit}",
        *conditions.values,
    )
    shown = {item.id: item for item in await _shown(actor, rows[: query.limit], index)}
    return page_of(rows, query.limit, total, item=lambda row: shown[row["id"]], key=order.key)


def _narrow(conditions: Conditions, query: EnrollmentQuery) -> None:
    conditions.add_search(query.q, "l.first_name", "l.last_name", "l.email")
    open_ones = "e.state IN ('active', 'suspended')"
    match query.state:
        case None:
            pass
        case "enrolled":
            conditions.add("e.state <> 'expired'")
        case "in_progress":
            conditions.add(f"{open_ones} AND st.learner_id IS NOT NULL")
        case "not_started":
            conditions.add(f"{open_ones} AND st.learner_id IS NULL")
        case "overdue":
            conditions.add(f"{open_ones} AND e.due_at < {{}}", clock.now())
        case _:
            conditions.add("e.state = {}", query.state)


async def _shown(actor: Actor, rows: Sequence[Record], index: FacetIndex | None) -> list[wire.Enrollment]:
    sources = await _sources(actor, rows)
    reasons = {} if index is None else await _reasons(actor, index, rows)
    now = clock.now()
    return [
        wire.Enrollment(
            **{name: row[name] for name in _PLAIN},
            learner=_person(row),
            overdue=is_overdue(row["state"], row["due_at"], now),
            progress=progress_of(row),
            sources=sources[row["session_id"], row["learner_id"]],
            reason=reasons.get((row["session_id"], row["learner_id"])),
        )
        for row in rows
    ]


async def _reasons(actor: Actor, index: FacetIndex, rows: Sequence[Record]) -> dict[tuple[int, int], Reason]:
    """Why those that have ended have."""
    if all(row["state"] != "expired" for row in rows):
        return {}
    reader = await reader_of(actor)
    if actor.is_admin:
        return await ended_reasons(index, reader, rows)
    own = [row for row in rows if row["learner_id"] == actor.id]
    found = await ended_reasons(index, msgspec.structs.replace(reader, own=actor.id), own)
    others = [row for row in rows if row["learner_id"] != actor.id]
    return found | await ended_reasons(index, reader, others)


_PLAIN = (
    "id", "session_id", "session_name", "activity_id", "activity_title", "state", "role", "since", "until", "due_at",
    "mandatory", "completed_at", "score", "version",
)  # fmt: skip


async def _sources(
    actor: Actor, rows: Sequence[Record]
) -> dict[tuple[int, int], list[wire.EnrollmentSource]]:
    found: dict[tuple[int, int], list[wire.EnrollmentSource]] = defaultdict(list)
    if not rows:
        return found
    sessions, learners = [row["session_id"] for row in rows], [row["learner_id"] for row in rows]
    held = await fetch(_SOURCES, sessions, learners)
    others = {row["method_id"] for row in held if row["learner_id"] != actor.id}
    sealed = await sealed_methods(await reading_sight(actor), others)
    for row in held:
        own = row["learner_id"] == actor.id and not actor.is_admin
        # One's own reasons are those that the method shows its people; others' are a matter of rights.
        unnamed = not row["visible"] if own else row["method_id"] in sealed
        found[row["session_id"], row["learner_id"]].append(
            wire.EnrollmentSource(
                method_id=None if unnamed else row["method_id"],
                kind=None if unnamed else row["kind"],
                name=None if unnamed else row["name"],
                since=row["since"],
                kept=row["kept"],
            )
        )
    return found


def progress_of(row: Any) -> float:
    """0 to 1: the share of steps done; without steps, all or nothing. `row` has state, standing, steps_done, steps."""
    if row["state"] == "completed" or row["standing"] == "completed":
        return 1.0
    if not row["steps"] or not row["steps_done"]:
        return 0.0
    return min(1.0, float(row["steps_done"] / row["steps"]))


def is_overdue(state: str, due_at: datetime | None, now: datetime) -> bool:
    """Whether it should have been completed by now."""
    return state in ("active", "suspended") and due_at is not None and due_at < now


def _person(row: Record) -> Person:
    return Person(
        id=row["learner_id"], email=row["email"], first_name=row["first_name"], last_name=row["last_name"]
    )


async def _blocked(
    actor: Actor, index: FacetIndex, session_id: int, query: EnrollmentQuery
) -> Page[wire.Enrollment]:
    conditions = Conditions()
    conditions.add("b.session_id = {}", session_id)
    conditions.add("l.status IN ('invited', 'active')")
    # Who only waits is no participant: they are listed to those who see them anyway.
    await add_visible(actor, conditions)
    reader = await reader_of(actor)
    conditions.add_search(query.q, "l.first_name", "l.last_name", "l.email")
    total = await fetch_value(
        f"SELECT count(DISTINCT b.learner_id) FROM blocked b JOIN learner l ON l.id = b.learner_id WHERE {conditions.sql}",
        *conditions.values,
    )
    key = decode_cursor(query.cursor, tuple[int])
    if key is not None:
        conditions.add("b.learner_id > {}", key[0])
    limit = conditions.value(query.limit + 1)
    rows = await fetch(
        f"{_BLOCKED} WHERE {conditions.sql} ORDER BY b.learner_id, b.since LIMIT {limit}", *conditions.values
    )
    return page_of(
        rows,
        query.limit,
        total,
        item=lambda row: _waiting(row, index, reader),
        key=lambda row: [row["learner_id"]],
    )


def _waiting(row: Record, index: FacetIndex, reader: ReasonReader) -> wire.Enrollment:
    reason = reader.elsewhere(index, row["other_session_id"])
    return wire.Enrollment(
        id=-row["learner_id"],
        session_id=row["session_id"],
        session_name=row["session_name"],
        activity_id=row["activity_id"],
        activity_title=row["activity_title"],
        learner=_person(row),
        state="blocked",
        role="learner",
        since=row["since"],
        until=None,
        due_at=None,
        mandatory=False,
        overdue=False,
        completed_at=None,
        progress=0.0,
        score=None,
        version=0,
        sources=[],
        other_session_id=reason.ref,
        reason=reason,
    )
