"""Who is in a group: adding, removing, moving people."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from backend import clock
from backend.database import execute, fetch, fetch_row, plan_anew_for, transaction
from backend.index import FacetIndex, Follower
from backend.schemas.people import (
    MemberRole,
    MembersAdded,
    MembersInput,
    MembersMove,
    MembersMoved,
    MembersRemoval,
    MembersRemoved,
    Person,
)
from backend.schemas.problem import Mistake
from backend.services import audit
from backend.services.actor import Actor
from backend.services.audiences import caught_up
from backend.services.conditions import Conditions
from backend.services.erasing import MOST_NAMED, Erasure
from backend.services.errors import Conflict, Forbidden, Invalid
from backend.services.group_leaving import Leaving, leave_sessions, refuse_closed_duties, told
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


class NotApproved(Conflict):
    """Some of them are not approved; they are named, for who adds them sees them."""

    type, title = "not_approved", "Not approved yet"

    def __init__(self, pending: Sequence[Person]) -> None:
        people = "1 person is" if len(pending) == 1 else f"{len(pending):,} people are"
        super().__init__(
            f"{people} not approved yet, and only approved people can be in a group; nobody was added."
            " Send `approve: true` to approve and add them in one act.",
            extra={"pending": pending[:MOST_NAMED], "pending_total": len(pending)},
        )


async def _approve(actor: Actor, learner_ids: Sequence[int], *, approve: bool) -> int:
    """Only approved people are in groups. Raises `NotApproved`, or `Forbidden` for who may not approve."""
    pending = await fetch(
        "SELECT id, email, first_name, last_name FROM learner WHERE id = ANY($1) AND status = 'pending'"
        " ORDER BY id FOR NO KEY UPDATE",
        list(learner_ids),
    )
    if not pending:
        return 0
    if not approve:
        raise NotApproved([Person(**row) for row in pending])
    if not actor.is_admin:
        raise Forbidden("Only platform admins may approve people.")
    ids = [row["id"] for row in pending]
    await execute("UPDATE learner SET status = 'active', version = version + 1 WHERE id = ANY($1)", ids)
    await audit.record(actor, "learner.approve", "learner", ids[0], learners=ids)
    return len(ids)


async def add_members(actor: Actor, group_id: int, data: MembersInput) -> MembersAdded:
    """Add people, or with a role give it to those who are in the group already. For the group's admins."""
    await group_for(actor, group_id, "manage")
    async with transaction():
        ids = await _known_learners(actor, data)
        await plan_anew_for(len(ids))
        approved = await _approve(actor, ids, approve=data.approve)
        added, updated = await write_members(ids, group_id, data.role)
        if added or updated:
            await audit.record(actor, "group.add_members", "group", group_id, added=added, updated=updated)
        return MembersAdded(
            added=added, updated=updated, unchanged=len(ids) - added - updated, approved=approved
        )


async def write_members(
    learner_ids: Sequence[int], group_id: int, role: MemberRole | None
) -> tuple[int, int]:
    """Memberships, in the caller's transaction; how many are new, and how many got another role.

    Of people who are not approved they wait: a membership of theirs counts nowhere until they are.
    """
    row = await fetch_row(_ADD, list(learner_ids), group_id, role, clock.now())
    return (row["added"], row["updated"]) if row else (0, 0)


@asynccontextmanager
async def _trial(*, dry_run: bool) -> AsyncIterator[None]:
    """A transaction; of a trial nothing is kept, whatever transaction it is part of."""
    async with transaction():
        if not dry_run:
            yield
            return
        await execute("SAVEPOINT trial")
        yield
        await execute("ROLLBACK TO SAVEPOINT trial")


async def _leave(
    actor: Actor, index: FacetIndex | None, group_id: int, data: MembersRemoval | MembersMove
) -> tuple[dict[int, str], dict[str, Any]]:
    """Take people out of the group and do what was asked about its sessions: the roles of those who were in it, and the answer."""
    to_group_id = data.to_group_id if isinstance(data, MembersMove) else None
    rows = await fetch(
        "DELETE FROM membership WHERE group_id = $1 AND learner_id = ANY($2) RETURNING learner_id, role",
        group_id,
        list(data.learner_ids),
    )
    # Those who were in it, not whoever is named: nobody else's enrollments are the group's to end, but what they were kept from it.
    learners = [row["learner_id"] for row in rows]
    former = sorted(set(data.learner_ids).difference(learners))
    if data.unlink != "group_only":
        await refuse_closed_duties(actor, index, group_id, learners)
    leaving = Leaving(index, group_id, learners, to_group_id, former)
    erasure = Erasure(certificates=data.certificates, confirm=data.confirm, dry_run=data.dry_run)
    done = await leave_sessions(actor, leaving, data.unlink, erasure)
    told_of = await told(actor, done)
    answer: dict[str, Any] = {
        "sessions": told_of,
        "erased": erasure.done if data.unlink == "erase" else None,
        "staying": erasure.staying[:MOST_NAMED],
        "run_ids": [] if data.dry_run else [run.run_id for _, run in done if run.run_id is not None],
    }
    return {row["learner_id"]: row["role"] for row in rows}, answer


async def expire_members(actor: Actor, group_id: int, learner_ids: Sequence[int]) -> int:
    """Take people out of a group, and what its methods gave them expires, as imports do; how many were in it."""
    async with transaction():
        data = MembersRemoval(learner_ids=list(learner_ids), unlink="expire")
        left, _ = await _leave(actor, None, group_id, data)
        if left:
            await audit.record(
                actor, "group.remove_members", "group", group_id, removed=len(left), unlink="expire"
            )
    return len(left)


async def remove_members(
    actor: Actor, follower: Follower, group_id: int, data: MembersRemoval
) -> MembersRemoved:
    """Take people out of a group. `expire` and `erase` end their enrollments in its sessions too."""
    await group_for(actor, group_id, "manage")
    index = await caught_up(follower)
    async with _trial(dry_run=data.dry_run):
        left, answer = await _leave(actor, index, group_id, data)
        if left:
            await audit.record(
                actor, "group.remove_members", "group", group_id, removed=len(left), unlink=data.unlink
            )
    return MembersRemoved(removed=len(left), **answer)


async def move_members(actor: Actor, follower: Follower, group_id: int, data: MembersMove) -> MembersMoved:
    """Move people to another group, in the role they had. For admins of both."""
    await group_for(actor, group_id, "manage")
    await group_for(actor, data.to_group_id, "manage")
    if data.to_group_id == group_id:
        raise Invalid.at("to_group_id", "same", "They are in this group already.")
    index = await caught_up(follower)
    async with _trial(dry_run=data.dry_run):
        await plan_anew_for(len(data.learner_ids))
        left, answer = await _leave(actor, index, group_id, data)
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
    return MembersMoved(moved=len(left), **answer)
