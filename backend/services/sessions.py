"""Sessions: the instances of activities that people are enrolled in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asyncpg import Record
from msgspec import UNSET
from msgspec.structs import replace

from backend.database import execute, fetch, fetch_row, fetch_value, transaction
from backend.schemas.commons import Page
from backend.schemas.learning import Fuse, FuseInput, Session, SessionChange, SessionInput, SessionMay
from backend.schemas.problem import Mistake
from backend.services import audit, dependents
from backend.services.actor import Actor
from backend.services.conditions import Conditions, chosen_sort
from backend.services.errors import Conflict, Forbidden, Invalid, NotFound
from backend.services.learner_lists import add_own_people
from backend.services.notices import session_moved
from backend.services.paging import page_of
from backend.services.reach import containing_groups, instructed_sessions, led_groups, team_groups
from backend.services.rights import activity_for, group_for, session_for
from backend.services.sorted_rows import sorted_rows
from backend.services.versions import lock_row, write_columns
from backend.text import code_key

_MAY: tuple[SessionMay, ...] = ("view", "enroll", "manage")

_SORTS = {
    "name": (("lower(s.name)", "text"), ("s.id", "integer")),
    "starts": (("coalesce(s.starts_at, '-infinity')", "timestamptz"), ("s.id", "integer")),
    "id": (("s.id", "integer"),),
}
_COLUMNS = """
s.id, s.activity_id, a.title AS activity_title, s.name, s.external_id, s.starts_at, s.ends_at, s.group_id, s.catalog,
s.fuse_count, s.fuse_percent, coalesce(s.fuse_most, o.fuse_most) AS fuse_most,
coalesce(s.fuse_entering, o.fuse_entering) AS fuse_entering, s.version,
ARRAY(SELECT i.learner_id FROM session_instructor i WHERE i.session_id = s.id ORDER BY 1) AS instructor_ids
"""
_SOURCE = "session s JOIN activity a ON a.id = s.activity_id CROSS JOIN organisation o"


@dataclass(slots=True)
class SessionQuery:
    """What a list of sessions is asked for; `mine`: those one instructs or whose group one leads."""

    q: str | None = None
    activity: int | None = None
    group: int | None = None
    external_id: str | None = None
    mine: bool = False
    sort: str | None = None
    limit: int = 100
    cursor: str | None = None


def _wire(row: Record) -> Session:
    values = {name: row[name] for name in Session.__struct_fields__ if name not in {"fuse", "may"}}
    return Session(**values, fuse=Fuse(**{name: row[f"fuse_{name}"] for name in Fuse.__struct_fields__}))


async def list_sessions(actor: Actor, query: SessionQuery) -> Page[Session]:
    """A page of the sessions one may see: the same as `rights.session_for` allows one by one."""
    conditions = Conditions()
    mine = (list(await instructed_sessions(actor)), list(await led_groups(actor)))
    if query.mine:
        conditions.add("s.id = ANY({}::integer[]) OR s.group_id = ANY({}::integer[])", *mine)
    if not actor.is_admin:
        conditions.add(
            "s.id = ANY({}::integer[]) OR s.group_id = ANY({}::integer[]) OR s.catalog = 'everyone'"
            " OR (s.catalog = 'group' AND s.group_id = ANY({}::integer[]))"
            " OR EXISTS (SELECT FROM enrollment e WHERE e.session_id = s.id AND e.learner_id = {})"
            " OR (s.catalog <> 'hidden' AND s.group_id = ANY({}::integer[]))",
            *mine,
            list(await containing_groups(actor)),
            actor.id,
            list(await team_groups(actor)),
        )
    conditions.add_search(query.q, "s.name", "a.title", "coalesce(s.external_id, '')")
    for column, value in (
        ("activity_id", query.activity),
        ("group_id", query.group),
        ("external_id", None if query.external_id is None else code_key(query.external_id)),
    ):
        if value is not None:
            conditions.add(f"s.{column} = {{}}", value)
    order = chosen_sort(query.sort, _SORTS, "name")
    rows, total = await sorted_rows(
        _COLUMNS, _SOURCE, conditions, order, limit=query.limit, cursor=query.cursor
    )
    return page_of(rows, query.limit, total, item=_wire, key=order.key)


async def get_session(actor: Actor, session_id: int) -> Session:
    """One session, or `NotFound`."""
    await session_for(actor, session_id, "see")
    row = await fetch_row(f"SELECT {_COLUMNS} FROM {_SOURCE} WHERE s.id = $1", session_id)
    if row is None:
        raise NotFound(f"There is no session {session_id}.")
    return replace(_wire(row), may=await _allowed(actor, session_id))


async def _allowed(actor: Actor, session_id: int) -> list[SessionMay]:
    """What the actor may do in a session they see, so that nothing is offered that would be refused."""
    allowed: list[SessionMay] = []
    for need in _MAY:
        try:
            await session_for(actor, session_id, need)
        except Forbidden:
            continue
        allowed.append(need)
    return allowed


async def _may_belong_to(actor: Actor, group_id: int | None) -> None:
    """A session of a group is its admins' affair, one of no group the platform admins'."""
    if group_id is None:
        if not actor.is_admin:
            raise Forbidden("Only platform admins may have sessions that belong to no group.")
        return
    try:
        await group_for(actor, group_id, "manage")
    except NotFound:
        raise Invalid.at("group_id", "unknown", "There is no such group.") from None


def _check_times(starts_at: datetime | None, ends_at: datetime | None) -> None:
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        raise Invalid.at("ends_at", "order", "A session ends after it starts.")


async def _write_instructors(actor: Actor, session_id: int, learner_ids: Sequence[int]) -> None:
    """Those who instruct it from now on. Raises `Invalid` for whom there is not, as far as the actor may know."""
    conditions = Conditions()
    await add_own_people(actor, conditions)
    if not actor.is_admin:
        # Whoever instructs it already may go on doing so.
        conditions.parts[-1] += (
            " OR EXISTS (SELECT FROM session_instructor i WHERE i.learner_id = l.id"
            f" AND i.session_id = {conditions.value(session_id)})"
        )
    conditions.add("l.id = ANY({}::integer[])", list(learner_ids))
    rows = await fetch(f"SELECT l.id FROM learner l WHERE {conditions.sql}", *conditions.values)
    known = {row[0] for row in rows}
    mistakes = [
        Mistake(f"instructor_ids[{i}]", "unknown", "There is no such learner.")
        for i, one in enumerate(learner_ids)
        if one not in known
    ]
    if mistakes:
        raise Invalid("Some instructors do not exist.", errors=mistakes)
    await execute(
        "DELETE FROM session_instructor WHERE session_id = $1 AND NOT learner_id = ANY($2::integer[])",
        session_id,
        list(learner_ids),
    )
    await execute(
        "INSERT INTO session_instructor (session_id, learner_id) SELECT $1, l FROM unnest($2::integer[]) AS w(l)"
        " ON CONFLICT DO NOTHING",
        session_id,
        sorted(known),
    )


def _columns_of(fuse: FuseInput) -> dict[str, int | float | None]:
    return {f"fuse_{name}": getattr(fuse, name) for name in ("count", "percent", "most", "entering")}


async def create_session(actor: Actor, data: SessionInput) -> Session:
    """A new session. Raises `Conflict` if its external id is taken."""
    await _may_belong_to(actor, data.group_id)
    try:
        await activity_for(actor, data.activity_id)
    except NotFound:
        raise Invalid.at("activity_id", "unknown", "There is no such activity.") from None
    _check_times(data.starts_at, data.ends_at)
    fuse = data.fuse or FuseInput()
    async with transaction():
        session_id = await fetch_value(
            "INSERT INTO session (activity_id, name, external_id, starts_at, ends_at, group_id, catalog, created_by,"
            " fuse_count, fuse_percent, fuse_most, fuse_entering)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
            data.activity_id,
            data.name,
            data.external_id,
            data.starts_at,
            data.ends_at,
            data.group_id,
            data.catalog,
            actor.id or None,
            *_columns_of(fuse).values(),
        )
        await _write_instructors(actor, session_id, data.instructor_ids)
        await audit.record(actor, "session.create", "session", session_id, name=data.name)
        actor.known.clear()
        return await get_session(actor, session_id)


async def change_session(actor: Actor, session_id: int, data: SessionChange, if_match: int | None) -> Session:
    """Change what is given; a new start moves the notices that wait for it."""
    await session_for(actor, session_id, "manage")
    given: dict[str, Any] = {
        name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not UNSET
    }
    async with transaction():
        row = await lock_row("session", session_id, if_match)
        if "group_id" in given and given["group_id"] != row["group_id"]:
            await _may_belong_to(actor, given["group_id"])
        after = {**row, **given}
        _check_times(after["starts_at"], after["ends_at"])
        columns = {name: value for name, value in given.items() if name in row}
        if given.get("fuse") is not None:
            columns |= _columns_of(given["fuse"])
        await write_columns("session", session_id, columns)
        if "instructor_ids" in given:
            await _write_instructors(actor, session_id, given["instructor_ids"])
        if after["starts_at"] != row["starts_at"]:
            await session_moved(session_id)
        await audit.record(actor, "session.change", "session", session_id, changed=sorted(given))
        actor.known.clear()
        return await get_session(actor, session_id)


async def delete_session(actor: Actor, session_id: int) -> None:
    """Delete a session that nobody is or was enrolled in. Raises `HasDependents` or `Conflict`."""
    row = await session_for(actor, session_id, "manage")
    async with transaction():
        await lock_row("session", session_id, None)
        found = await dependents.named(
            "method",
            "SELECT id, coalesce(nullif(name, ''), kind) FROM enrollment_method"
            " WHERE session_id = $1 AND state <> 'draft' AND deleted_at IS NULL",
            session_id,
        )
        await dependents.refuse_to(actor, f"Session “{row['name']}”", found)
        people = await fetch_value("SELECT count(*) FROM enrollment WHERE session_id = $1", session_id)
        if people:
            raise Conflict(f"{people:,} people are or were enrolled in it, which would be lost.")
        await execute("DELETE FROM session WHERE id = $1", session_id)
        await audit.record(actor, "session.delete", "session", session_id, name=row["name"])
