"""Who is in a group: adding, removing, moving people."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from backend.database import any_of, execute, fetch, fetch_row, plan_anew_for, transaction
from backend.index import FacetIndex, Follower
from backend.runtime import clock
from backend.schemas.groups import (
    MembersAdded,
    MembersInput,
    MembersMove,
    MembersMoved,
    MembersRemoval,
    MembersRemoved,
)
from backend.schemas.people import MemberRole, Person
from backend.schemas.problem import Mistake
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import group_for
from backend.services.audiences.index_access import current_index
from backend.services.enrollment.writing.erase_progress import MOST_NAMED, Erasure
from backend.services.errors import Conflict, Forbidden, Invalid
from backend.services.groups import statements
from backend.services.groups.unlinking import (
    Leaving,
    leave_sessions,
    refuse_closed_duties,
    source_changes,
    told,
)
from backend.services.people.learner_lists import add_own_people
from backend.services.statements import some_rows
from backend.services.where_clauses import Conditions
from backend.tables import Learner, Membership
from backend.words import Message


async def _known_learners(actor: Actor, data: MembersInput) -> list[int]:
    """The ids that are meant. Raises `Invalid` for whom there is not, as far as the actor may know."""
    conditions = Conditions()
    await add_own_people(actor, conditions)
    conditions.add(
        "l.id = ANY({}::integer[]) OR l.external_id = ANY({}::text[])", data.learner_ids, data.external_ids
    )
    rows = await fetch(some_rows("l.id, l.external_id", "learner l", conditions.sql), *conditions.values)
    ids = {row["id"] for row in rows}
    by_external = {row["external_id"]: row["id"] for row in rows if row["external_id"] is not None}
    message = Message("There is no such learner.")
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
        raise Invalid(
            Message("{count:,} of these learners do not exist; nobody was added.", count=len(mistakes)),
            errors=mistakes,
        )
    return sorted({*data.learner_ids, *(by_external[one] for one in data.external_ids)})


class NotApproved(Conflict):
    """Some of them are not approved; they are named, for who adds them sees them."""

    type, title = "not_approved", Message("Not approved yet")

    def __init__(self, pending: Sequence[Person]) -> None:
        super().__init__(
            Message.plural(
                "{count:,} person is not approved yet, and only approved people can be in a group; nobody was added."
                " Send `approve: true` to approve and add them in one act.",
                "{count:,} people are not approved yet, and only approved people can be in a group; nobody was added."
                " Send `approve: true` to approve and add them in one act.",
                len(pending),
            ),
            extra={"pending": pending[:MOST_NAMED], "pending_total": len(pending)},
        )


async def _to_approve(actor: Actor, learner_ids: Sequence[int], *, approve: bool, lock: bool) -> list[int]:
    """Only approved people are in groups. Raises `NotApproved`, or `Forbidden` for who may not approve."""
    pending = (
        Learner.select(Learner.id, Learner.email, Learner.first_name, Learner.last_name)
        .where(any_of(Learner.id, learner_ids), Learner.status == "pending")
        .order_by(Learner.id)
    )
    rows = await (pending.lock_rows("NO KEY UPDATE") if lock else pending)
    if not rows:
        return []
    if not approve:
        raise NotApproved([Person(**row) for row in rows])
    if not actor.is_admin:
        raise Forbidden(Message("Only platform admins may approve people."))
    return [row["id"] for row in rows]


async def _approve(actor: Actor, learner_ids: Sequence[int], *, approve: bool) -> int:
    ids = await _to_approve(actor, learner_ids, approve=approve, lock=True)
    if ids:
        await Learner.update({Learner.status: "active", Learner.version: Learner.version + 1}).where(
            any_of(Learner.id, ids)
        )
        await audit.record(actor, "learner.approve", "learner", ids[0], learners=ids)
    return len(ids)


class JoiningMembers(NamedTuple):
    """Whom adding would add, and whom of them it would approve."""

    learner_ids: list[int]
    approving: list[int]


async def check_addition(actor: Actor, group_id: int, data: MembersInput) -> JoiningMembers:
    """What adding would do. Raises what `add_members` raises."""
    await group_for(actor, group_id, "manage")
    ids = await _known_learners(actor, data)
    return JoiningMembers(ids, await _to_approve(actor, ids, approve=data.approve, lock=False))


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
    row = await fetch_row(statements.ADD_MEMBERS, list(learner_ids), group_id, role, clock.now())
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
    actor: Actor,
    index: FacetIndex | None,
    group_id: int,
    data: MembersRemoval | MembersMove,
    joining: Sequence[tuple[int, int]] = (),
) -> tuple[dict[int, str], dict[str, Any]]:
    """Take people out of the group and do what was asked about its sessions: the roles of those who were in it, and the answer."""
    rows = (
        await Membership.delete()
        .where(Membership.group_id == group_id, any_of(Membership.learner_id, data.learner_ids))
        .returning(Membership.learner_id, Membership.role)
    )
    roles: dict[int, str] = {row["learner_id"]: row["role"] for row in rows}
    leaving = await _leaving(actor, index, group_id, data, list(roles))
    leaving.joining = joining
    erasure = Erasure(certificates=data.certificates, confirm=data.confirm, dry_run=data.dry_run)
    done = await leave_sessions(actor, leaving, data.unlink, erasure)
    told_of = await told(actor, done)
    answer: dict[str, Any] = {
        "sessions": told_of,
        "erased": erasure.done if data.unlink == "erase" else None,
        "staying": erasure.staying[:MOST_NAMED],
        "run_ids": [] if data.dry_run else [run.run_id for _, run in done if run.run_id is not None],
    }
    return roles, answer


async def _leaving(
    actor: Actor,
    index: FacetIndex | None,
    group_id: int,
    data: MembersRemoval | MembersMove,
    present: Sequence[int],
) -> Leaving:
    """Those who were in it, not whoever is named: nobody else's enrollments are the group's to end, but what they were kept from it."""
    if data.unlink != "group_only":
        await refuse_closed_duties(actor, index, group_id, present)
    to_group_id = data.to_group_id if isinstance(data, MembersMove) else None
    return Leaving(index, group_id, present, to_group_id, sorted(set(data.learner_ids).difference(present)))


class LeavingMembers(NamedTuple):
    """Who would leave, in which roles they are; by method whose people they would cease to be at once, and whose they would become."""

    roles: dict[int, str]
    ending: dict[int, list[int]]
    beginning: dict[int, list[int]]


async def check_departure(
    actor: Actor, follower: Follower, group_id: int, data: MembersRemoval | MembersMove
) -> LeavingMembers:
    """What removing or moving would do. Raises what they raise."""
    await _require_to_take_out(actor, group_id, data)
    index = await current_index(follower)
    rows = await Membership.select(Membership.learner_id, Membership.role).where(
        Membership.group_id == group_id, any_of(Membership.learner_id, data.learner_ids)
    )
    roles: dict[int, str] = {row["learner_id"]: row["role"] for row in rows}
    leaving = await _leaving(actor, index, group_id, data, sorted(roles))
    changes = await source_changes(leaving, data.unlink)
    return LeavingMembers(roles, changes.ending, changes.beginning)


async def _require_to_take_out(actor: Actor, group_id: int, data: MembersRemoval | MembersMove) -> None:
    await group_for(actor, group_id, "manage")
    if isinstance(data, MembersMove):
        await group_for(actor, data.to_group_id, "manage")
        if data.to_group_id == group_id:
            raise Invalid.at("to_group_id", "same", Message("They are in this group already."))


async def expire_members(
    actor: Actor, group_id: int, learner_ids: Sequence[int], joining: Sequence[tuple[int, int]]
) -> int:
    """Take people out of a group, and what its methods gave them expires, as imports do; how many were in it.

    `joining`: of those who have joined other groups in the same transaction, (learner, group). Where rules enroll them through these in
    the same session they stay enrolled.
    """
    async with transaction():
        data = MembersRemoval(learner_ids=list(learner_ids), unlink="expire")
        left, _ = await _leave(actor, None, group_id, data, joining)
        if left:
            await audit.record(
                actor, "group.remove_members", "group", group_id, removed=len(left), unlink="expire"
            )
    return len(left)


async def remove_members(
    actor: Actor, follower: Follower, group_id: int, data: MembersRemoval
) -> MembersRemoved:
    """Take people out of a group. `expire` and `erase` end their enrollments in its sessions too."""
    await _require_to_take_out(actor, group_id, data)
    index = await current_index(follower)
    async with _trial(dry_run=data.dry_run):
        left, answer = await _leave(actor, index, group_id, data)
        if left:
            await audit.record(
                actor, "group.remove_members", "group", group_id, removed=len(left), unlink=data.unlink
            )
    return MembersRemoved(removed=len(left), **answer)


async def move_members(actor: Actor, follower: Follower, group_id: int, data: MembersMove) -> MembersMoved:
    """Move people to another group, in the role they had. For admins of both."""
    await _require_to_take_out(actor, group_id, data)
    index = await current_index(follower)
    async with _trial(dry_run=data.dry_run):
        await plan_anew_for(len(data.learner_ids))
        left, answer = await _leave(actor, index, group_id, data)
        await fetch(
            statements.MOVE_MEMBERS,
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
