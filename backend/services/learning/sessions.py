"""Sessions: the instances of activities that people are enrolled in."""

from datetime import datetime
from typing import Any

from asyncpg import Record
from msgspec import UNSET
from msgspec.structs import replace

from backend import tables
from backend.database import transaction
from backend.index import Follower
from backend.schemas.learning.sessions import (
    FuseInput,
    PathSessionInput,
    PathSessionMade,
    Session,
    SessionChange,
    SessionInput,
)
from backend.schemas.problem import Dependent, Dependents
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import activity_for, group_for, session_for
from backend.services.audiences import dependents
from backend.services.enrollment.drafts.method_drafts import MethodDraft
from backend.services.enrollment.methods.catalog_audience import check_catalog, save_catalog
from backend.services.enrollment.methods.subpath_methods import follow_new_session
from backend.services.enrollment.rights.legacy_sessions import refuse_legacy
from backend.services.enrollment.self_enrollment import waiting_list
from backend.services.enrollment.writing.enrollment_writer import lock_sessions
from backend.services.errors import Conflict, Forbidden, Invalid, NotFound
from backend.services.learning import statements
from backend.services.learning.instructors import write_instructors
from backend.services.learning.session_lists import get_session
from backend.services.mail.notices import session_moved
from backend.services.versions import lock_row, write_columns
from backend.words import Message


async def _may_belong_to(actor: Actor, group_id: int | None) -> None:
    """A session of a group is its admins' affair, one of no group the platform admins'."""
    if group_id is None:
        if not actor.is_admin:
            raise Forbidden(Message("Only platform admins may have sessions that belong to no group."))
        return
    try:
        await group_for(actor, group_id, "manage")
    except NotFound:
        raise Invalid.at("group_id", "unknown", Message("There is no such group.")) from None


def _check_times(starts_at: datetime | None, ends_at: datetime | None) -> None:
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        raise Invalid.at("ends_at", "order", Message("A session ends after it starts."))


def _columns_of(fuse: FuseInput) -> dict[str, Any]:
    return {f"fuse_{name}": getattr(fuse, name) for name in ("count", "percent", "most", "entering")}


async def create_path_session(actor: Actor, data: PathSessionInput) -> PathSessionMade:
    """A legacy session of a path. Raises `Invalid` for what is no path."""
    try:
        activity = await activity_for(actor, data.path_id)
    except NotFound:
        raise Invalid.at("path_id", "unknown", Message("There is no such path.")) from None
    if activity["kind"] != "path":
        raise Invalid.at("path_id", "not_a_path", Message("This route makes sessions of paths alone."))
    asked = SessionInput(
        activity_id=data.path_id,
        name=data.name,
        starts_at=data.starts_at,
        ends_at=data.ends_at,
        group_id=data.group_id,
    )
    made = await create_session(actor, asked, legacy=True)
    return PathSessionMade(id=made.id)


async def create_session(
    actor: Actor, data: SessionInput, follower: Follower | None = None, *, legacy: bool = False
) -> Session:
    """A new session; a `legacy` one has no methods. Raises `Conflict` if its external id is taken.

    A catalog for an audience needs the `follower`.
    """
    await _may_belong_to(actor, data.group_id)
    try:
        await activity_for(actor, data.activity_id)
    except NotFound:
        raise Invalid.at("activity_id", "unknown", Message("There is no such activity.")) from None
    _check_times(data.starts_at, data.ends_at)
    fuse = data.fuse or FuseInput()
    place = {"id": 0, "group_id": data.group_id, "catalog": data.catalog}
    asked = data.catalog_rule if data.catalog_rule is not None else UNSET
    offered = await check_catalog(actor, follower, place, data.catalog, asked)
    async with transaction():
        made = await tables.Session.insert(
            tables.Session(
                activity_id=data.activity_id,
                name=data.name,
                external_id=data.external_id,
                starts_at=data.starts_at,
                ends_at=data.ends_at,
                group_id=data.group_id,
                catalog=data.catalog,
                capacity=data.capacity,
                legacy=legacy,
                created_by=actor.id or None,
                **_columns_of(fuse),
            )
        ).returning(tables.Session.id)
        session_id: int = made[0]["id"]
        await write_instructors(actor, tables.SessionInstructor, session_id, data.instructor_ids)
        await follow_new_session(actor, session_id, data.activity_id)
        if offered is not None:
            await save_catalog(actor, follower, replace(offered, session_id=session_id))
        actor.known.clear()
        await audit.record(actor, "session.create", "session", session_id, name=data.name)
        return await get_session(actor, session_id, follower)


def _given(data: SessionChange) -> dict[str, Any]:
    return {
        name: value for name in SessionChange.__struct_fields__ if (value := getattr(data, name)) is not UNSET
    }


async def _check(actor: Actor, row: Record, given: dict[str, Any]) -> dict[str, Any]:
    """The columns that are written. Raises `Forbidden` or `Invalid`."""
    if "group_id" in given and given["group_id"] != row["group_id"]:
        await _may_belong_to(actor, given["group_id"])
    after = {**row, **given}
    _check_times(after["starts_at"], after["ends_at"])
    columns = {name: value for name, value in given.items() if name in row}
    if given.get("fuse") is not None:
        columns |= _columns_of(given["fuse"])
    return columns


async def check_change(
    actor: Actor, follower: Follower, session_id: int, data: SessionChange
) -> dict[str, Any]:
    """The columns that changing it would write. Raises what `change_session` raises, but for instructors."""
    row, given = await session_for(actor, session_id, "manage"), _given(data)
    columns = await _check(actor, row, given)
    await _catalog_change(actor, follower, row, given)
    return columns


async def _catalog_change(
    actor: Actor, follower: Follower, row: Record, given: dict[str, Any]
) -> MethodDraft | None:
    if not given.keys() & {"catalog", "catalog_rule"}:
        return None
    if row["legacy"] and given.get("catalog") == "audience":
        refuse_legacy(row)
    catalog = given.get("catalog", row["catalog"])
    return await check_catalog(actor, follower, row, catalog, given.get("catalog_rule", UNSET))


async def change_session(
    actor: Actor, follower: Follower, session_id: int, data: SessionChange, if_match: int | None
) -> Session:
    """Change what is given; a new start moves the notices that wait for it."""
    await session_for(actor, session_id, "manage")
    given = _given(data)
    async with transaction():
        if given.keys() & {"catalog", "catalog_rule", "capacity"}:
            # In the order of everybody who writes enrollments.
            await lock_sessions([session_id])
        row = await lock_row(tables.Session, session_id, if_match)
        columns = await _check(actor, row, given)
        offered = await _catalog_change(actor, follower, row, given)
        await write_columns(tables.Session, session_id, columns)
        if offered is not None:
            await save_catalog(actor, follower, offered)
        if columns.get("capacity", row["capacity"]) != row["capacity"]:
            await waiting_list.fill(session_id)
        if "instructor_ids" in given:
            await write_instructors(actor, tables.SessionInstructor, session_id, given["instructor_ids"])
        if columns.get("starts_at", row["starts_at"]) != row["starts_at"]:
            await session_moved(session_id)
        await audit.record(actor, "session.change", "session", session_id, changed=sorted(given))
        actor.known.clear()
        return await get_session(actor, session_id, follower)


async def delete_session(actor: Actor, session_id: int) -> None:
    """Delete a session that nobody is or was enrolled in. Raises `HasDependents` or `Conflict`.

    Its methods, and those of other sessions that follow its people, are removed first: without it they would only freeze.
    """
    row = await session_for(actor, session_id, "manage")
    async with transaction():
        await lock_row(tables.Session, session_id, None)
        await dependents.refuse_to(
            actor, Message("Session “{name}”", name=row["name"]), await _dependents(session_id)
        )
        people = await tables.Enrollment.count().where(tables.Enrollment.session_id == session_id)
        if people:
            raise Conflict(
                Message("{count:,} people are or were enrolled in it, which would be lost.", count=people)
            )
        await tables.Session.delete().where(tables.Session.id == session_id)
        await audit.record(actor, "session.delete", "session", session_id, name=row["name"])


async def list_dependents(actor: Actor, session_id: int) -> Dependents:
    """What uses it: what deleting it would break. For those who may manage it, as far as they may know of it."""
    await session_for(actor, session_id, "manage")
    return await dependents.listed(actor, await _dependents(session_id))


async def _dependents(session_id: int) -> list[Dependent]:
    return [
        *await dependents.named("method", statements.METHODS_OF_SESSION, session_id),
        *await dependents.named("method", statements.METHODS_FOLLOWING_SESSION, session_id),
        *await dependents.named("enrollment_rule", statements.RULES_INTO_SESSION, session_id),
        *await dependents.rules_that_name_session(session_id),
    ]
