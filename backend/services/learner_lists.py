"""Learners as the asker may see them: one, several, or a page of a list. A fixed number of queries each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from asyncpg import Record

from backend import clock
from backend.database import fetch, fetch_row, fetch_value
from backend.rules.calendar import SAID, in_calendar
from backend.schemas.commons import LARGEST_ID, Page
from backend.schemas.people import Learner, LearnerGroupRole, ListedLearner, Member, OpenEnrollments
from backend.services.actor import Actor
from backend.services.conditions import Conditions, Sort, chosen_sort
from backend.services.errors import Invalid, NotFound
from backend.services.field_values import WrongValueError, from_text
from backend.services.open_enrollments import open_enrollments
from backend.services.paging import page_of
from backend.services.reach import IS_REPORT, instructed_sessions, joined_groups, led_groups
from backend.services.rights import group_for, learner_for

SORTS = {
    "name": (("lower(l.last_name)", "text"), ("lower(l.first_name)", "text"), ("l.id", "integer")),
    "email": (("lower(l.email)", "text"), ("l.id", "integer")),
    "added": (("l.added_at", "timestamptz"), ("l.id", "integer")),
    "id": (("l.id", "integer"),),
}
_SEARCHED = ("l.first_name", "l.last_name", "l.email", "coalesce(l.external_id, '')")
_TREE = """
l.id IN (
    WITH RECURSIVE tree(id) AS (
        SELECT {}::integer UNION SELECT g.id FROM learner_group g JOIN tree ON g.parent_id = tree.id
    )
    SELECT m.learner_id FROM membership m JOIN tree ON m.group_id = tree.id
) AND l.status <> 'pending'
"""


@dataclass(slots=True)
class LearnerQuery:
    """What a list of learners is asked for. Days are those of the organisation; several values of one field: any."""

    q: str | None = None
    group: int | None = None
    group_tree: int | None = None
    statuses: Sequence[str] = ()
    manager: int | None = None
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


async def _columns(actor: Actor, conditions: Conditions) -> str:
    """The select list of a `Learner`; memberships of private groups are shown to insiders only."""
    shown = "true"
    if not actor.is_admin:
        inside = conditions.value(list(await joined_groups(actor) | await led_groups(actor)))
        shown = f"(NOT g.private OR g.id = ANY({inside}::integer[]))"
    return f"""
    l.id, l.email, l.first_name, l.last_name, l.language, l.status, l.added_at, l.external_id, l.manager_id,
    l.is_admin, l.version,
    (SELECT coalesce(jsonb_object_agg(f.key, field_json(v)), '{{}}')
     FROM field_value v JOIN field f ON f.id = v.field_id WHERE v.learner_id = l.id) AS fields,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'role', o.role, 'name', g.name,
                                                       'waiting', l.status = 'pending') ORDER BY g.id), '[]')
     FROM membership o JOIN learner_group g ON g.id = o.group_id WHERE o.learner_id = l.id AND {shown}) AS groups
    """


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
    """The condition on the learner `l` that the actor, who is no admin, sees them; `{0}` to `{2}` in it are the values."""
    sql = (
        f"l.id = {{0}} OR {IS_REPORT}"
        " OR EXISTS (SELECT FROM membership x WHERE x.learner_id = l.id AND x.group_id = ANY({1}::integer[]))"
        " OR EXISTS (SELECT FROM enrollment e WHERE e.learner_id = l.id AND e.session_id = ANY({2}::integer[]))"
    )
    return sql, (actor.id, list(await led_groups(actor)), list(await instructed_sessions(actor)))


async def add_own_people(actor: Actor, conditions: Conditions) -> None:
    """Only people whom the actor may name in what they write: members of groups they lead, their reports, themselves.

    Whom they see only because they instruct a session they do not bring into groups or other sessions.
    """
    if actor.is_admin:
        return
    conditions.add(
        f"l.id = {{0}} OR {IS_REPORT}"
        " OR EXISTS (SELECT FROM membership x WHERE x.learner_id = l.id AND x.group_id = ANY({1}::integer[]))",
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
    rows = await fetch(f"SELECT l.id FROM learner l WHERE {conditions.sql}", *conditions.values)
    return frozenset(row["id"] for row in rows)


async def _instant(text: str, path: str, *, end: bool) -> datetime:
    """A day's beginning (or, as an end, its last instant) where the organisation is, or the instant given."""
    try:
        if len(text) == len("2026-11-23"):
            named = date.fromisoformat(text)
            if not in_calendar(named):
                raise Invalid.at(path, "out_of_range", SAID)
            day = named + timedelta(days=1 if end else 0)
            timezone: str = await fetch_value("SELECT timezone FROM organisation")
            start = clock.start_of_day(day, timezone)
            return start - timedelta(microseconds=1) if end else start
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Invalid.at(path, "date", "This is a date such as 2026-11-23, or an instant.") from None
    if found.tzinfo is None:
        raise Invalid.at(path, "date", "An instant has a time zone, such as 2026-11-23T14:03:00Z.")
    if not in_calendar(found):
        raise Invalid.at(path, "out_of_range", SAID)
    return found


async def _add_fields(conditions: Conditions, asked: Sequence[tuple[str, str]]) -> None:
    if not asked:
        return
    known = {
        row["key"]: row
        for row in await fetch(
            "SELECT id, key, type FROM field WHERE key = ANY($1)", [key for key, _ in asked]
        )
    }
    for key in dict.fromkeys(key for key, _ in asked):
        if key not in known:
            raise Invalid.at(f"field.{key}", "unknown", "There is no such field.")
        any_of = []
        for text in (text for other, text in asked if other == key):
            try:
                columns = from_text(text, known[key]["type"])
            except WrongValueError as error:
                raise Invalid.at(f"field.{key}", "type", str(error)) from None
            of_field = (
                f"SELECT FROM field_value v WHERE v.learner_id = l.id AND v.field_id = {known[key]['id']}"
            )
            if columns is None:
                any_of.append(f"NOT EXISTS ({of_field})")
                continue
            value = next(value for value in columns if value is not None)
            name = ("text", "number", "date", "boolean")[columns.index(value)]
            any_of.append(f"EXISTS ({of_field} AND v.{name}_value = {conditions.value(value)})")
        conditions.parts.append(" OR ".join(any_of))


async def _add_manages(actor: Actor, conditions: Conditions) -> None:
    reports = "SELECT FROM learner r WHERE r.manager_id = l.id"
    if actor.is_admin:
        conditions.parts.append(f"EXISTS ({reports})")
        return
    conditions.add(
        f"EXISTS ({reports} AND EXISTS (SELECT FROM membership x WHERE x.learner_id = r.id"
        " AND x.group_id = ANY({}::integer[])))",
        list(await led_groups(actor)),
    )


async def _conditions(actor: Actor, query: LearnerQuery) -> Conditions:
    conditions = Conditions()
    await add_visible(actor, conditions)
    conditions.add_search(query.q, *_SEARCHED)
    if query.group is not None:
        await group_for(actor, query.group, "members")
        conditions.add(
            # Who is not approved waits to be in it.
            "l.status <> 'pending' AND EXISTS (SELECT FROM membership m WHERE m.learner_id = l.id AND m.group_id = {})",
            query.group,
        )
    if query.group_tree is not None:
        await group_for(actor, query.group_tree, "members")
        conditions.add(_TREE, query.group_tree)
    if query.statuses:
        conditions.add("l.status = ANY({})", list(query.statuses))
    if query.manager is not None:
        await learner_for(actor, query.manager)
        conditions.add("l.manager_id = {}", query.manager)
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
    source = "learner l"
    role = ""
    if member_of is not None:
        source += (
            f" JOIN membership mm ON mm.learner_id = l.id AND mm.group_id = {conditions.value(member_of)}"
            " AND l.status <> 'pending'"
        )
        role = ", mm.role, mm.since"
    total: int = await fetch_value(
        f"SELECT count(*) FROM {source} WHERE {conditions.sql}", *conditions.values
    )
    order.after(conditions, query.cursor)
    columns = await _columns(actor, conditions)
    # The page is chosen before fields and groups are gathered, so that they are for the page alone.
    rows = await fetch(
        f"WITH page AS MATERIALIZED (SELECT l.*, {order.columns}{role} FROM {source} WHERE {conditions.sql}"
        f" ORDER BY {order.order} LIMIT {query.limit + 1})"
        f" SELECT {columns}, {', '.join(f'l.key_{i}' for i in range(len(order.keys)))}"
        f"{', l.role, l.since' if role else ''} FROM page l"
        f" ORDER BY {', '.join(f'l.key_{i}' + (' DESC' if order.descending else '') for i in range(len(order.keys)))}",
        *conditions.values,
    )
    return rows, total


async def list_learners(actor: Actor, query: LearnerQuery) -> Page[ListedLearner]:
    """A page of the learners the actor may see, if asked with how many enrollments of theirs are open."""
    conditions = await _conditions(actor, query)
    order = chosen_sort(query.sort, SORTS, "name")
    rows, total = await _page_rows(actor, conditions, order, query)
    before_them: dict[int, OpenEnrollments] = {}
    if query.enrollments:
        before_them = await open_enrollments(actor, [row["id"] for row in rows[: query.limit]])

    def listed(row: Record) -> ListedLearner:
        return ListedLearner(**_values(row), enrollments=before_them.get(row["id"]))

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
    sql = f"SELECT {columns} FROM learner l WHERE l.id = {conditions.value(learner_id)}"
    row = await fetch_row(sql, *conditions.values) if 0 < learner_id <= LARGEST_ID else None
    if row is None:
        raise NotFound(f"There is no learner {learner_id}.")
    return learner_of(row)


async def learners_by_ids(actor: Actor, ids: Sequence[int]) -> dict[int, Learner]:
    """Those of `ids` the actor may see, by id; for samples and lists that the index answers."""
    conditions = Conditions()
    await add_visible(actor, conditions)
    conditions.add("l.id = ANY({}::integer[])", list(ids))
    columns = await _columns(actor, conditions)
    rows = await fetch(f"SELECT {columns} FROM learner l WHERE {conditions.sql}", *conditions.values)
    return {row["id"]: learner_of(row) for row in rows}
