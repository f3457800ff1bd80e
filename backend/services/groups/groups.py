"""Groups: lists, adding, changing. Members: `memberships`; many at once: `group_bulk`; deleting: `group_deletion`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asyncpg import Record
from msgspec import UNSET

from backend.database import transaction
from backend.index import FacetIndex, Follower
from backend.runtime import clock
from backend.schemas.base import Page
from backend.schemas.groups import Group, GroupChange, GroupInput
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import is_staff, joined_groups, led_groups
from backend.services.access.rights import group_for, is_inside
from backend.services.audiences.index_access import latest_index, loaded_index
from backend.services.audiences.visibility import reading_scope
from backend.services.errors import Forbidden, Invalid, NotFound
from backend.services.groups.group_bulk import bulk_upsert
from backend.services.groups.memberships import add_members
from backend.services.paging import page_of
from backend.services.sorted_rows import sorted_rows
from backend.services.versions import lock_row, write_columns
from backend.services.where_clauses import Conditions, chosen_sort
from backend.tables import LearnerGroup
from backend.text import code_key
from backend.words import Message

PRIVATE_NAME = "Private group"


@dataclass(slots=True)
class GroupQuery:
    """What a list of groups is asked for; `mine`: those one is admin or coach of; `ended`: those that have ended alone, or (None) too."""

    q: str | None = None
    kind: str | None = None
    parent: int | None = None
    mine: bool = False
    external_id: str | None = None
    ended: bool | None = False
    sort: str | None = None
    limit: int = 100
    cursor: str | None = None


async def _wire(actor: Actor, rows: Sequence[Record], index: FacetIndex) -> dict[int, Group]:
    """Groups by id from rows with `hidden`: what an outsider sees of a private one is its count."""
    # By the index: in millions of memberships PostgreSQL takes minutes to count each person once.
    sight = await reading_scope(actor)
    apart = None if actor.is_admin else lambda groups: sight.hidden(index, groups)
    counts = await index.sliced(lambda: index.member_counts_steps([row["id"] for row in rows], apart))
    found = {}
    for row in rows:
        direct, total = counts[row["id"]]
        shown = not row["hidden"]
        found[row["id"]] = Group(
            id=row["id"],
            name=row["name"] if shown else PRIVATE_NAME,
            kind=row["kind"],
            parent_id=row["parent_id"],
            description=row["description"] if shown else "",
            color=row["color"] if shown else None,
            private=row["private"],
            external_id=row["external_id"] if shown else None,
            member_count=direct,
            total_count=total,
            ends_at=row["ends_at"] if shown else None,
            after_end=row["after_end"],
            ended=row["ended"],
            version=row["version"],
        )
    return found


async def list_groups(actor: Actor, follower: Follower, query: GroupQuery) -> Page[Group]:
    """A page of the groups one may know of; private ones of others have neither name nor place in the alphabet."""
    conditions = Conditions()
    hidden = "false"
    if not actor.is_admin:
        inside = conditions.value(list(await joined_groups(actor) | await led_groups(actor)))
        hidden = f"(g.private AND NOT g.id = ANY({inside}::integer[]))"
        if not await is_staff(actor):
            conditions.parts.append(f"g.id = ANY({inside}::integer[])")
    if query.q:
        conditions.add_search(query.q, "g.name", "coalesce(g.external_id, '')")
        conditions.parts.append(f"NOT {hidden}")
    if query.kind:
        conditions.add("g.kind = {}", query.kind)
    if query.parent is not None:
        conditions.add("g.parent_id = {}", query.parent)
    if query.mine:
        conditions.add("g.id = ANY({}::integer[])", list(await led_groups(actor)))
    if query.external_id is not None:
        conditions.add(f"g.external_id = {{}} AND NOT {hidden}", code_key(query.external_id))
    elif query.ended is not None:
        conditions.add("g.ended = {}", query.ended)
    if hidden != "false":
        # It names a parameter, which every query that has it must use.
        conditions.parts.append(f"{hidden} IS NOT NULL")
    name = f"CASE WHEN {hidden} THEN '' ELSE lower(g.name) END"
    order = chosen_sort(
        query.sort, {"name": ((name, "text"), ("g.id", "integer")), "id": (("g.id", "integer"),)}, "name"
    )
    rows, total = await sorted_rows(
        f"g.*, {hidden} AS hidden",
        "learner_group g",
        conditions,
        order,
        limit=query.limit,
        cursor=query.cursor,
    )
    wired = await _wire(actor, rows[: query.limit], await latest_index(follower))
    return page_of(rows, query.limit, total, item=lambda row: wired[row["id"]], key=order.key)


async def get_group(actor: Actor, follower: Follower, group_id: int) -> Group:
    """One group, or `NotFound`."""
    return await _one(actor, await latest_index(follower), group_id)


async def _one(actor: Actor, index: FacetIndex, group_id: int) -> Group:
    row: Any = dict(await group_for(actor, group_id))
    row["hidden"] = row["private"] and not await is_inside(actor, group_id)
    return (await _wire(actor, [row], index))[group_id]


async def _may_put_under(actor: Actor, parent_id: int | None) -> None:
    """Top groups are for platform admins; below a group, its admins may."""
    if parent_id is None:
        if not actor.is_admin:
            raise Forbidden(Message("Only platform admins may make a group without a parent."))
        return
    try:
        await group_for(actor, parent_id, "manage")
    except NotFound:
        raise Invalid.at("parent_id", "unknown", Message("There is no such group.")) from None


async def create_group(actor: Actor, follower: Follower, data: GroupInput) -> Group:
    """A new group. Raises `Conflict` if its external id is taken."""
    await _may_put_under(actor, data.parent_id)
    async with transaction():
        made = await LearnerGroup.insert(
            LearnerGroup(
                name=data.name,
                kind=data.kind,
                parent_id=data.parent_id,
                description=data.description or "",
                color=data.color,
                private=data.private,
                external_id=data.external_id,
                ends_at=data.ends_at,
                after_end=data.after_end,
                ended=_is_over(data.ends_at),
            )
        ).returning(LearnerGroup.id)
        group_id: int = made[0]["id"]
        await audit.record(actor, "group.create", "group", group_id, name=data.name)
        actor.known.clear()
        # Who is in it does not change with it.
        return await _one(actor, await loaded_index(follower), group_id)


def given_of(data: GroupChange) -> dict[str, Any]:
    """The columns that are given."""
    given = {
        name: value for name in GroupChange.__struct_fields__ if (value := getattr(data, name)) is not UNSET
    }
    if given.get("description", "") is None:
        given["description"] = ""
    if "ends_at" in given:
        given["ended"] = _is_over(given["ends_at"])
    return given


def _is_over(ends_at: datetime | None) -> bool:
    return ends_at is not None and ends_at <= clock.now()


async def end_groups() -> None:
    """Whatever has come to its end is ended: the clock's work, which rules follow as they follow any change."""
    await LearnerGroup.update(
        {LearnerGroup.ended: True, LearnerGroup.version: LearnerGroup.version + 1}
    ).where(LearnerGroup.ended.eq(False), LearnerGroup.ends_at <= clock.now())


async def check_change(actor: Actor, group_id: int, data: GroupChange) -> dict[str, Any]:
    """The columns that changing it would change. Raises what `change_group` raises."""
    row = await group_for(actor, group_id, "manage")
    given = given_of(data)
    if "parent_id" in given and given["parent_id"] != row["parent_id"]:
        await _may_put_under(actor, given["parent_id"])
    return {column: value for column, value in given.items() if row[column] != value}


async def change_group(
    actor: Actor, follower: Follower, group_id: int, data: GroupChange, if_match: int | None
) -> Group:
    """Change what is given. Raises `Invalid` if it would become its own ancestor."""
    await group_for(actor, group_id, "manage")
    given = given_of(data)
    async with transaction():
        row = await lock_row(LearnerGroup, group_id, if_match)
        if "parent_id" in given and given["parent_id"] != row["parent_id"]:
            await _may_put_under(actor, given["parent_id"])
        await write_columns(LearnerGroup, group_id, given)
        await audit.record(actor, "group.change", "group", group_id, changed=sorted(given))
        actor.known.clear()
        # Who is in it does not change with it.
        return await _one(actor, await loaded_index(follower), group_id)


__all__ = [
    "GroupQuery",
    "add_members",
    "bulk_upsert",
    "change_group",
    "check_change",
    "create_group",
    "end_groups",
    "get_group",
    "given_of",
    "list_groups",
]
