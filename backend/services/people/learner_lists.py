"""Learners as the asker may see them: one, several, or a page of a list. A fixed number of queries each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from asyncpg import Record

from backend.database import any_of, fetch, fetch_row, fetch_value
from backend.rules.calendar import SAID, in_calendar
from backend.runtime import clock
from backend.schemas.base import LARGEST_ID, Page
from backend.schemas.groups import Member
from backend.schemas.people import Learner, LearnerGroupRole, ListedLearner
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import (
    instructed_course_groups,
    instructed_sessions,
    joined_groups,
    led_groups,
)
from backend.services.access.rights import group_for, learner_for, session_for
from backend.services.access.statements import IS_REPORT
from backend.services.errors import Invalid, NotFound
from backend.services.paging import page_of
from backend.services.people import statements
from backend.services.people.field_values import WrongValueError, from_text
from backend.services.people.open_enrollments import open_enrollments
from backend.services.people.session_standings import session_standings
from backend.services.statements import TIME_ZONE, count_rows, some_rows
from backend.services.where_clauses import Conditions, Sort, chosen_sort
from backend.tables import Field
from backend.words import Message
from backend.words.nouns import there_is_no

SORTS = {
    "name": (("lower(l.last_name)", "text"), ("lower(l.first_name)", "text"), ("l.id", "integer")),
    "email": (("lower(l.email)", "text"), ("l.id", "integer")),
    "added": (("l.added_at", "timestamptz"), ("l.id", "integer")),
    "id": (("l.id", "integer"),),
}
_SEARCHED = ("l.first_name", "l.last_name", "l.email", "coalesce(l.external_id, '')")


@dataclass(slots=True)
class LearnerQuery:
    """What a list of learners is asked for. Days are those of the organisation; several values of one field: any."""

    q: str | None = None
    group: int | None = None
    group_tree: int | None = None
    statuses: Sequence[str] = ()
    manager: int | None = None
    # With the reports of this manager's reports, and theirs.
    indirect: bool = False
    # Only those who are the manager of somebody whom the asker leads.
    manages: bool = False
    fields: Sequence[tuple[str, str]] = ()
    added_from: str | None = None
    added_to: str | None = None
    sort: str | None = None
    limit: int = 100
    cursor: str | None = None
    ids: Sequence[int] | None = field(default=None)
    enrollments: bool = False
    # The session about which is told where they stand in it.
    session: int | None = None


async def _columns(actor: Actor, conditions: Conditions) -> str:
    """The select list of a `Learner`; memberships of private groups are shown to insiders only."""
    shown = "true"
    if not actor.is_admin:
        inside = conditions.value(list(await joined_groups(actor) | await led_groups(actor)))
        shown = f"(NOT g.private OR g.id = ANY({inside}::integer[]))"
    return statements.learner_columns(shown)


def _values(row: Record) -> dict[str, Any]:
    values = {name: row[name] for name in Learner.__struct_fields__}
    values["groups"] = [LearnerGroupRole(**group) for group in row["groups"]]
    return values


def learner_of(row: Record) -> Learner:
    """The wire form of a row with the columns of `Learner`."""
    return Learner(**_values(row))


def _member_of(row: Record) -> Member:
    return Member(**_values(row), role=row["role"], since=row["since"])


async def add_visible(actor: Actor, conditions: Conditions) -> None:
    """Only people the actor may see: the same as `rights.learner_for` allows one by one."""
    if actor.is_admin:
        return
    sql, values = await visible_condition(actor)
    conditions.add(sql, *values)


async def visible_condition(actor: Actor) -> tuple[str, tuple[object, ...]]:
    """The condition on the learner `l` that the actor, who is no admin, sees them; `{0}`, `{1}` and so on in it are the values."""
    sql = f"{statements.ONESELF_AND_TEAM} OR {statements.IN_GROUPS} OR {statements.IN_SESSIONS}"
    values: tuple[object, ...] = (
        actor.id,
        list(await led_groups(actor)),
        list(await instructed_sessions(actor)),
    )
    if classes := await instructed_course_groups(actor):
        return f"{sql} OR {statements.IN_COURSE_GROUPS}", (*values, list(classes))
    return sql, values


async def add_own_people(actor: Actor, conditions: Conditions) -> None:
    """Only people whom the actor may name in what they write: members of groups they lead, their reports, themselves.

    Whom they see only because they instruct a session they do not bring into groups or other sessions.
    """
    if actor.is_admin:
        return
    conditions.add(
        f"{statements.ONESELF_AND_TEAM} OR {statements.IN_GROUPS}",
        actor.id,
        list(await led_groups(actor)),
    )


async def visible_among(actor: Actor, ids: Sequence[int]) -> frozenset[int]:
    """Those of `ids` whom the actor may see."""
    if actor.is_admin or not ids:
        return frozenset(ids)
    conditions = Conditions()
    await add_visible(actor, conditions)
    conditions.add("l.id = ANY({}::integer[])", list(ids))
    rows = await fetch(some_rows("l.id", "learner l", conditions.sql), *conditions.values)
    return frozenset(row["id"] for row in rows)


async def _instant(text: str, path: str, *, end: bool) -> datetime:
    """A day's beginning (or, as an end, its last instant) where the organisation is, or the instant given."""
    try:
        if len(text) == len("2026-11-23"):
            named = date.fromisoformat(text)
            if not in_calendar(named):
                raise Invalid.at(path, "out_of_range", SAID)
            day = named + timedelta(days=1 if end else 0)
            start = clock.start_of_day(day, await fetch_value(TIME_ZONE))
            return start - timedelta(microseconds=1) if end else start
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Invalid.at(path, "date", Message("This is a date such as 2026-11-23, or an instant.")) from None
    if found.tzinfo is None:
        raise Invalid.at(path, "date", Message("An instant has a time zone, such as 2026-11-23T14:03:00Z."))
    if not in_calendar(found):
        raise Invalid.at(path, "out_of_range", SAID)
    return found


async def _add_fields(conditions: Conditions, asked: Sequence[tuple[str, str]]) -> None:
    if not asked:
        return
    known = {
        row["key"]: row
        for row in await Field.select(Field.id, Field.key, Field.type).where(
            any_of(Field.key, [key for key, _ in asked])
        )
    }
    for key in dict.fromkeys(key for key, _ in asked):
        if key not in known:
            raise Invalid.at(f"field.{key}", "unknown", Message("There is no such field."))
        either = []
        for text in (text for other, text in asked if other == key):
            try:
                columns = from_text(text, known[key]["type"])
            except WrongValueError as error:
                raise Invalid.at(f"field.{key}", "type", error.message) from None
            if columns is None:
                either.append(statements.without_value(known[key]["id"]))
                continue
            value = next(value for value in columns if value is not None)
            name = ("text", "number", "date", "boolean")[columns.index(value)]
            either.append(statements.with_value(known[key]["id"], name, conditions.value(value)))
        conditions.parts.append(" OR ".join(either))


async def _add_manages(actor: Actor, conditions: Conditions) -> None:
    if actor.is_admin:
        conditions.add(statements.MANAGES)
    else:
        conditions.add(statements.MANAGES_IN_GROUPS, list(await led_groups(actor)))


async def _conditions(actor: Actor, query: LearnerQuery) -> Conditions:
    conditions = Conditions()
    await add_visible(actor, conditions)
    conditions.add_search(query.q, *_SEARCHED)
    if query.group is not None:
        await group_for(actor, query.group, "members")
        conditions.add(statements.IN_GROUP, query.group)
    if query.group_tree is not None:
        await group_for(actor, query.group_tree, "members")
        conditions.add(statements.IN_TREE, query.group_tree)
    if query.statuses:
        conditions.add("l.status = ANY({})", list(query.statuses))
    if query.manager is not None:
        await learner_for(actor, query.manager)
        conditions.add(IS_REPORT if query.indirect else "l.manager_id = {}", query.manager)
    if query.manages:
        await _add_manages(actor, conditions)
    if query.added_from:
        conditions.add("l.added_at >= {}", await _instant(query.added_from, "added_from", end=False))
    if query.added_to:
        conditions.add("l.added_at <= {}", await _instant(query.added_to, "added_to", end=True))
    if query.ids is not None:
        conditions.add("l.id = ANY({}::integer[])", list(query.ids))
    await _add_fields(conditions, query.fields)
    return conditions


async def _page_rows(
    actor: Actor, conditions: Conditions, order: Sort, query: LearnerQuery, *, member_of: int | None = None
) -> tuple[list[Record], int]:
    source = "learner l" if member_of is None else statements.members(conditions.value(member_of))
    total: int = await fetch_value(count_rows(source, conditions.sql), *conditions.values)
    order.after(conditions, query.cursor)
    columns = await _columns(actor, conditions)
    sql = statements.page_of_learners(
        columns, source, conditions.sql, order, query.limit, members=member_of is not None
    )
    rows = await fetch(sql, *conditions.values)
    return rows, total


async def list_learners(actor: Actor, query: LearnerQuery) -> Page[ListedLearner]:
    """A page of the learners the actor may see, if asked with how many enrollments of theirs are open, or where they stand in a session."""
    session = None if query.session is None else await session_for(actor, query.session, "enroll")
    conditions = await _conditions(actor, query)
    order = chosen_sort(query.sort, SORTS, "name")
    rows, total = await _page_rows(actor, conditions, order, query)
    shown = [row["id"] for row in rows[: query.limit]]
    before_them = await open_enrollments(actor, shown) if query.enrollments else {}
    standings = {} if session is None else await session_standings(actor, session, shown)

    def listed(row: Record) -> ListedLearner:
        return ListedLearner(
            **_values(row), enrollments=before_them.get(row["id"]), standing=standings.get(row["id"])
        )

    return page_of(rows, query.limit, total, item=listed, key=order.key)


async def list_members(actor: Actor, group_id: int, query: LearnerQuery) -> Page[Member]:
    """A page of a group's direct members; for its admins and coaches."""
    await group_for(actor, group_id, "members")
    conditions = Conditions()
    conditions.add_search(query.q, *_SEARCHED)
    order = chosen_sort(query.sort, SORTS, "name")
    rows, total = await _page_rows(actor, conditions, order, query, member_of=group_id)
    return page_of(rows, query.limit, total, item=_member_of, key=order.key)


async def get_learner(actor: Actor, learner_id: int) -> Learner:
    """One learner, or `NotFound`."""
    if not actor.is_admin:
        # Admins see everybody there is.
        await learner_for(actor, learner_id)
    conditions = Conditions()
    columns = await _columns(actor, conditions)
    sql = some_rows(columns, "learner l", f"l.id = {conditions.value(learner_id)}")
    row = await fetch_row(sql, *conditions.values) if 0 < learner_id <= LARGEST_ID else None
    if row is None:
        raise NotFound(there_is_no("learner", learner_id))
    return learner_of(row)
