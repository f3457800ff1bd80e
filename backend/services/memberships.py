"""Who is in a group: adding, removing, moving people."""

from collections.abc import Sequence

from backend import clock
from backend.database import fetch, fetch_row, plan_anew_for, transaction
from backend.schemas.people import (
    MembersAdded,
    MembersInput,
    MembersMove,
    MembersMoved,
    MembersRemoval,
    MembersRemoved,
    Unlink,
)
from backend.schemas.problem import Mistake
from backend.services import audit
from backend.services.actor import Actor
from backend.services.conditions import Conditions
from backend.services.errors import Invalid
from backend.services.group_leaving import leave_sessions_of_group
from backend.services.learner_lists import add_own_people
from backend.services.rights import group_for

_ADD = """
WITH wanted AS (
    INSERT INTO membership AS m (learner_id, group_id, role, since)
    SELECT l, $2, coalesce($3, 'member'), $4 FROM unnest($1::integer[]) AS w(l) ORDER BY l
    ON CONFLICT (group_id, learner_id) DO UPDATE SET role = $3 WHERE $3::text IS NOT NULL AND m.role <> $3
    RETURNING m.since
)
SELECT count(*) FILTER (WHERE since = $4) AS added, count(*) FILTER (WHERE since <> $4) AS updated FROM wanted
"""


async def _known_learners(actor: Actor, data: MembersInput) -> list[int]:
    """The ids that are meant. Raises `Invalid` for whom there is not, as far as the actor may know."""
    conditions = Conditions()
    await add_own_people(actor, conditions)
    conditions.add(
        "l.id = ANY({}::integer[]) OR l.external_id = ANY({}::text[])", data.learner_ids, data.external_ids
    )
    rows = await fetch(
        f"SELECT l.id, l.external_id FROM learner l WHERE {conditions.sql}", *conditions.values
    )
    ids = {row["id"] for row in rows}
    by_external = {row["external_id"]: row["id"] for row in rows if row["external_id"] is not None}
    message = "There is no such learner."
    mistakes = [
        Mistake(f"learner_ids[{i}]", "unknown", message)
        for i, one in enumerate(data.learner_ids)
        if one not in ids
    ]
    mistakes += [
        Mistake(f"external_ids[{i}]", "unknown", message)
        for i, one in enumerate(data.external_ids)
        if one not in by_external
    ]
    if mistakes:
        raise Invalid(f"{len(mistakes):,} of these learners do not exist; nobody was added.", errors=mistakes)
    return sorted({*data.learner_ids, *(by_external[one] for one in data.external_ids)})


async def add_members(actor: Actor, group_id: int, data: MembersInput) -> MembersAdded:
    """Add people, or with a role give it to those who are in the group already. For the group's admins."""
    await group_for(actor, group_id, "manage")
    async with transaction():
        ids = await _known_learners(actor, data)
        await plan_anew_for(len(ids))
        row = await fetch_row(_ADD, ids, group_id, data.role, clock.now())
        added, updated = (row["added"], row["updated"]) if row else (0, 0)
        if added or updated:
            await audit.record(actor, "group.add_members", "group", group_id, added=added, updated=updated)
        return MembersAdded(added=added, updated=updated, unchanged=len(ids) - added - updated)


async def _leave(actor: Actor, group_id: int, learner_ids: Sequence[int], unlink: Unlink) -> dict[int, str]:
    """Take people out of the group and, if asked, out of its sessions; the roles of those who were in it."""
    rows = await fetch(
        "DELETE FROM membership WHERE group_id = $1 AND learner_id = ANY($2) RETURNING learner_id, role",
        group_id,
        list(learner_ids),
    )
    left = {row["learner_id"]: row["role"] for row in rows}
    if left and unlink != "group_only":
        await leave_sessions_of_group(actor, group_id, sorted(left), erase=unlink == "erase")
    return left


async def remove_members(actor: Actor, group_id: int, data: MembersRemoval) -> MembersRemoved:
    """Take people out of a group. `expire` and `erase` end their enrollments in its sessions too."""
    await group_for(actor, group_id, "manage")
    async with transaction():
        left = await _leave(actor, group_id, data.learner_ids, data.unlink)
        if left:
            await audit.record(
                actor, "group.remove_members", "group", group_id, removed=len(left), unlink=data.unlink
            )
        return MembersRemoved(removed=len(left))


async def move_members(actor: Actor, group_id: int, data: MembersMove) -> MembersMoved:
    """Move people to another group, in the role they had. For admins of both."""
    await group_for(actor, group_id, "manage")
    await group_for(actor, data.to_group_id, "manage")
    if data.to_group_id == group_id:
        raise Invalid.at("to_group_id", "same", "They are in this group already.")
    async with transaction():
        await plan_anew_for(len(data.learner_ids))
        left = await _leave(actor, group_id, data.learner_ids, data.unlink)
        await fetch(
            "INSERT INTO membership (learner_id, group_id, role, since)"
            " SELECT l, $3, r, $4 FROM unnest($1::integer[], $2::text[]) AS w(l, r) ORDER BY l"
            " ON CONFLICT (group_id, learner_id) DO NOTHING",
            list(left),
            list(left.values()),
            data.to_group_id,
            clock.now(),
        )
        if left:
            await audit.record(
                actor,
                "group.move_members",
                "group",
                group_id,
                moved=len(left),
                to=data.to_group_id,
                unlink=data.unlink,
            )
        return MembersMoved(moved=len(left))
