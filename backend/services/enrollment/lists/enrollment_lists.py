"""Lists of enrollments: of a session, of a learner. A constant number of queries for a page of any size."""

from msgspec import Struct

from backend.database import fetch, fetch_row, fetch_value
from backend.index import FacetIndex, Follower
from backend.runtime import clock
from backend.schemas.base import Page
from backend.schemas.enrollment import enrollments as wire
from backend.schemas.people import Person
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import instructed_course_groups, instructed_sessions, led_groups
from backend.services.access.rights import (
    course_groups_in,
    is_session_staff,
    learner_for,
    reports_to,
    session_for,
)
from backend.services.access.statements import IS_REPORT
from backend.services.audiences.index_access import loaded_index
from backend.services.audiences.reason_reader import reader_of
from backend.services.enrollment.lists import list_statements
from backend.services.enrollment.lists.enrollment_answers import blocked_answer, enrollment_answers
from backend.services.paging import decode_cursor, page_of
from backend.services.people.learner_lists import add_visible, visible_among
from backend.services.sorted_rows import sorted_rows
from backend.services.where_clauses import Conditions, chosen_sort

# Who has no due date or score comes last, and first the other way round.
_SORTS = {
    "id": (("e.id", "integer"),),
    "name": (("lower(l.last_name)", "text"), ("lower(l.first_name)", "text"), ("e.id", "integer")),
    "since": (("e.since", "timestamptz"), ("e.id", "integer")),
    "due": (("coalesce(e.due_at, '9999-12-31Z'::timestamptz)", "timestamptz"), ("e.id", "integer")),
    "session": (("lower(s.name)", "text"), ("e.id", "integer")),
    "score": (("coalesce(st.score, 'Infinity'::float8)", "float8"), ("e.id", "integer")),
}


class EnrollmentQuery(Struct, frozen=True):
    """What a list is asked for."""

    state: wire.EnrollmentFilter | None = None
    q: str | None = None
    sort: str | None = None
    limit: int = 100
    cursor: str | None = None
    # Of one session: who is in this class; 0 stands for who is in none.
    course_group: int | None = None


async def of_session(
    actor: Actor, follower: Follower, session_id: int, query: EnrollmentQuery
) -> Page[wire.Enrollment]:
    """Who is, or was, enrolled in the session; only people who count. To managers their own team, to who instructs a class its people."""
    session = await session_for(actor, session_id, "see")
    conditions = Conditions()
    if not await is_session_staff(actor, session):
        await _only_own_people(actor, session_id, conditions)
    if query.course_group is not None:
        _only_course_group(session_id, query, conditions)
    index = await loaded_index(follower)
    if query.state == "blocked":
        conditions.add("b.session_id = {}", session_id)
        return await page_of_waiting(actor, index, conditions, query)
    conditions.add("e.session_id = {}", session_id)
    conditions.add("l.status IN ('invited', 'active')")
    return await page_of_enrollments(actor, index, conditions, query)


async def _only_own_people(actor: Actor, session_id: int, conditions: Conditions) -> None:
    """Of who neither is staff of the session: their classes there, or else, where managers enroll, their team."""
    classes = await course_groups_in(actor, session_id)
    if not classes:
        await session_for(actor, session_id, "enroll")
        conditions.add(IS_REPORT, actor.id)
        return
    own = list_statements.IN_COURSE_GROUPS.format(conditions.value(session_id), conditions.value(classes))
    conditions.parts.append(f"{own} OR {IS_REPORT.format(conditions.value(actor.id))}")


def _only_course_group(session_id: int, query: EnrollmentQuery, conditions: Conditions) -> None:
    if query.course_group:
        conditions.add(list_statements.IN_COURSE_GROUPS, session_id, [query.course_group])
        return
    conditions.add(list_statements.IN_NO_COURSE_GROUP, session_id)
    if query.state != "blocked":
        conditions.add("e.state <> 'expired'")


async def of_learner(
    actor: Actor, follower: Follower, learner_id: int, query: EnrollmentQuery
) -> Page[wire.Enrollment]:
    """What somebody is, or was, enrolled in; of others than admins, oneself and one's team: in sessions one sees."""
    await learner_for(actor, learner_id)
    index = await loaded_index(follower)
    conditions = Conditions()
    conditions.add("e.learner_id = {}", learner_id)
    if not (actor.is_admin or actor.id == learner_id or await reports_to(actor, learner_id)):
        await _only_sessions_of(actor, conditions)
    return await page_of_enrollments(actor, index, conditions, query)


async def one(actor: Actor, enrollment_id: int, index: FacetIndex | None = None) -> wire.Enrollment:
    """One enrollment, for those whose right to it has been checked; with the index also why it has ended."""
    rows = await fetch(list_statements.ENROLLMENT, enrollment_id)
    (found,) = await enrollment_answers(actor, rows, index)
    if found.state == "expired":
        found.ended = await _ended(actor, found)
    return found


async def _ended(actor: Actor, enrollment: wire.Enrollment) -> wire.EnrollmentEnd | None:
    row = await fetch_row(list_statements.ENDED, enrollment.session_id, enrollment.learner.id)
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
    classes = await instructed_course_groups(actor)
    conditions.add(
        "s.group_id = ANY({}::integer[]) OR s.id = ANY({}::integer[])", list(groups), list(sessions)
    )
    if classes:
        own = list_statements.IN_OWN_COURSE_GROUPS.format(conditions.value(list(classes)))
        conditions.parts[-1] += f" OR {own}"


async def page_of_enrollments(
    actor: Actor, index: FacetIndex, conditions: Conditions, query: EnrollmentQuery
) -> Page[wire.Enrollment]:
    """What the query asks for of those that meet the conditions on `e`, `s` and `l`, which are the caller's rights."""
    _narrow(conditions, query)
    order = chosen_sort(query.sort, _SORTS, "id")
    rows, total = await sorted_rows(
        list_statements.COLUMNS,
        list_statements.ENROLLMENTS,
        conditions,
        order,
        limit=query.limit,
        cursor=query.cursor,
    )
    shown = {item.id: item for item in await enrollment_answers(actor, rows[: query.limit], index)}
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


async def page_of_waiting(
    actor: Actor, index: FacetIndex, conditions: Conditions, query: EnrollmentQuery
) -> Page[wire.Enrollment]:
    """Who waits for another session to end, by the conditions on `b`, `s` and `l`; each person once."""
    conditions.add("l.status IN ('invited', 'active')")
    # Who only waits is no participant: they are listed to those who see them anyway.
    await add_visible(actor, conditions)
    reader = await reader_of(actor)
    conditions.add_search(query.q, "l.first_name", "l.last_name", "l.email")
    total = await fetch_value(list_statements.count_blocked(conditions.sql), *conditions.values)
    key = decode_cursor(query.cursor, tuple[int])
    if key is not None:
        conditions.add("b.learner_id > {}", key[0])
    rows = await fetch(list_statements.page_of_blocked(conditions.sql, query.limit), *conditions.values)
    return page_of(
        rows,
        query.limit,
        total,
        item=lambda row: blocked_answer(row, index, reader),
        key=lambda row: [row["learner_id"]],
    )
