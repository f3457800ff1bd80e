"""Groups: lists, adding, changing, deleting. Members: `memberships`; many groups at once: `group_bulk`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncpg import Record
from msgspec import UNSET

from backend.database import execute, fetch, fetch_row, fetch_value, transaction
from backend.index import FacetIndex, Follower
from backend.rules import Dependency
from backend.schemas.commons import Page
from backend.schemas.people import Group, GroupChange, GroupInput
from backend.services import audit, dependents
from backend.services.actor import Actor
from backend.services.audiences import caught_up, latest, loaded
from backend.services.conditions import Conditions, chosen_sort
from backend.services.erasing import Erasure
from backend.services.errors import Forbidden, Invalid, NotFound
from backend.services.group_bulk import bulk_upsert
from backend.services.group_leaving import Leaving, leave_sessions
from backend.services.memberships import add_members
from backend.services.paging import page_of
from backend.services.reach import is_staff, joined_groups, led_groups
from backend.services.rights import group_for, is_inside
from backend.services.sealing import reading_sight
from backend.services.versions import lock_row, write_columns
from backend.text import code_key

PRIVATE_NAME = "Private group"


@dataclass(slots=True)
class GroupQuery:
    """What a list of groups is asked for; `mine`: those one is admin or coach of."""

    q: str | None = None
    kind: str | None = None
    parent: int | None = None
    mine: bool = False
    external_id: str | None = None
    sort: str | None = None
    limit: int = 100
    cursor: str | None = None


async def _wire(actor: Actor, rows: Sequence[Record], index: FacetIndex) -> dict[int, Group]:
    """Groups by id from rows with `hidden`: what an outsider sees of a private one is its count."""
    # By the index: in millions of memberships PostgreSQL takes minutes to count each person once.
    sight = await reading_sight(actor)
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
    # `hidden` names a parameter, which every query that has it must use.
    name = f"CASE WHEN {hidden} THEN '' ELSE lower(g.name) END"
    order = chosen_sort(
        query.sort, {"name": ((name, "text"), ("g.id", "integer")), "id": (("g.id", "integer"),)}, "name"
    )
    total = await fetch_value(
        f"SELECT count(*) FROM learner_group g WHERE {conditions.sql} AND {hidden} IS NOT NULL",
        *conditions.values,
    )
    order.after(conditions, query.cursor)
    rows = await fetch(
        f"SELECT g.*, {hidden} AS hidden, {order.columns} FROM learner_group g WHERE {conditions.sql}"
        f" ORDER BY {order.order} LIMIT {query.limit + 1}",
        *conditions.values,
    )
    wired = await _wire(actor, rows[: query.limit], await latest(follower))
    return page_of(rows, query.limit, total, item=lambda row: wired[row["id"]], key=order.key)


async def get_group(actor: Actor, follower: Follower, group_id: int) -> Group:
    """One group, or `NotFound`."""
    return await _one(actor, await latest(follower), group_id)


async def _one(actor: Actor, index: FacetIndex, group_id: int) -> Group:
    row: Any = dict(await group_for(actor, group_id))
    row["hidden"] = row["private"] and not await is_inside(actor, group_id)
    return (await _wire(actor, [row], index))[group_id]


async def _may_put_under(actor: Actor, parent_id: int | None) -> None:
    """Top groups are for platform admins; below a group, its admins may."""
    if parent_id is None:
        if not actor.is_admin:
            raise Forbidden("Only platform admins may make a group without a parent.")
        return
    try:
        await group_for(actor, parent_id, "manage")
    except NotFound:
        raise Invalid.at("parent_id", "unknown", "There is no such group.") from None


async def create_group(actor: Actor, follower: Follower, data: GroupInput) -> Group:
    """A new group. Raises `Conflict` if its external id is taken."""
    await _may_put_under(actor, data.parent_id)
    async with transaction():
        group_id = await fetch_value(
            "INSERT INTO learner_group (name, kind, parent_id, description, color, private, external_id)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            data.name,
            data.kind,
            data.parent_id,
            data.description or "",
            data.color,
            data.private,
            data.external_id,
        )
        await audit.record(actor, "group.create", "group", group_id, name=data.name)
        actor.known.clear()
        # Who is in it does not change with it.
        return await _one(actor, await loaded(follower), group_id)


async def change_group(
    actor: Actor, follower: Follower, group_id: int, data: GroupChange, if_match: int | None
) -> Group:
    """Change what is given. Raises `Invalid` if it would become its own ancestor."""
    await group_for(actor, group_id, "manage")
    given = {name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not UNSET}
    if given.get("description", "") is None:
        given["description"] = ""
    async with transaction():
        row = await lock_row("learner_group", group_id, if_match)
        if "parent_id" in given and given["parent_id"] != row["parent_id"]:
            await _may_put_under(actor, given["parent_id"])
        await write_columns("learner_group", group_id, given)
        await audit.record(actor, "group.change", "group", group_id, changed=sorted(given))
        actor.known.clear()
        # Who is in it does not change with it.
        return await _one(actor, await loaded(follower), group_id)


async def delete_group(actor: Actor, follower: Follower, group_id: int) -> None:
    """Delete a group that nothing depends on; enrollments and accounts stay. Raises `HasDependents`.

    Whom a rule about a group above would let go of is kept, as when they are taken out of the group alone.
    """
    row = await group_for(actor, group_id, "manage")
    index = await caught_up(follower)
    async with transaction():
        await fetch_row("SELECT 1 FROM learner_group WHERE id = $1 FOR UPDATE", group_id)
        found = [
            *await dependents.named(
                "group", "SELECT id, name FROM learner_group WHERE parent_id = $1", group_id
            ),
            *await dependents.named("session", "SELECT id, name FROM session WHERE group_id = $1", group_id),
            *await dependents.named(
                "method",
                "SELECT m.id, coalesce(nullif(m.name, ''), s.name) FROM enrollment_method m"
                " JOIN session s ON s.id = m.session_id WHERE m.group_id = $1 AND m.deleted_at IS NULL",
                group_id,
            ),
            *await dependents.rules_that_refer(Dependency("group", group_id)),
        ]
        await dependents.refuse_to(actor, f"Group “{row['name']}”", found)
        await execute(
            "UPDATE enrollment_method SET group_id = NULL WHERE group_id = $1 AND deleted_at IS NOT NULL",
            group_id,
        )
        # Memberships first: that people left is logged before the group is gone.
        left = await fetch("DELETE FROM membership WHERE group_id = $1 RETURNING learner_id", group_id)
        leaving = Leaving(index, group_id, [one["learner_id"] for one in left])
        await leave_sessions(actor, leaving, "group_only", Erasure())
        await execute("DELETE FROM learner_group WHERE id = $1", group_id)
        await audit.record(actor, "group.delete", "group", group_id, name=row["name"])


__all__ = [
    "GroupQuery",
    "add_members",
    "bulk_upsert",
    "change_group",
    "create_group",
    "delete_group",
    "get_group",
    "list_groups",
]
