"""Deleting a group: it gives access to nothing any more; enrollments and accounts stay, and rules that refer to it freeze."""

from typing import NamedTuple

from asyncpg import Record
from pyroaring import BitMap

from backend.database import any_of, execute, transaction
from backend.index import FacetIndex, Follower
from backend.rules import Dependency, depends_on
from backend.schemas.problem import Dependent, Dependents
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import group_for
from backend.services.audiences import dependents
from backend.services.audiences.index_access import current_index
from backend.services.enrollment.methods.method_removal import assignments_of, end_assignments
from backend.services.enrollment.writing.erase_progress import Erasure
from backend.services.groups import statements
from backend.services.groups.unlinking import Leaving, leave_sessions, source_changes
from backend.services.versions import lock_row
from backend.tables import EnrollmentMethod, LearnerGroup, Membership, Session
from backend.words import Message


class Deletion(NamedTuple):
    """What deleting a group does beside taking its row: its subgroups' new parent, and of whose people who is kept.

    `assignments` are what it gives access to, which goes with it, each with whom it holds.
    """

    parent_id: int | None
    subgroups: list[int]
    members: list[int]
    methods: dict[int, list[int]]
    assignments: dict[int, list[int]]


async def delete_group(
    actor: Actor, follower: Follower, group_id: int, *, with_dependents: bool = False
) -> None:
    """Delete a group that nothing depends on; enrollments and accounts stay. Raises `HasDependents`.

    Whom a rule about a group above would let go of is kept, as when they are taken out of the group alone. `with_dependents`: somebody
    has seen what depends on it. Subgroups move up, its sessions belong to no group, what it gave access to is kept by its people alone,
    and rules that refer to it freeze.
    """
    row = await group_for(actor, group_id, "manage")
    index = await current_index(follower)
    async with transaction():
        await lock_row(LearnerGroup, group_id, None)
        await _check_dependents(actor, row, with_dependents=with_dependents)
        await end_assignments(actor, group_id)
        await _detach(row)
        # Before its memberships: who is no longer in it is no reason to leave by a rule that cannot be worked out any more.
        await execute(statements.TELL_GONE, group_id)
        left = (
            await Membership.delete().where(Membership.group_id == group_id).returning(Membership.learner_id)
        )
        leaving = _leaving(index, group_id, [one["learner_id"] for one in left])
        await leave_sessions(actor, leaving, "group_only", Erasure())
        await LearnerGroup.delete().where(LearnerGroup.id == group_id)
        await audit.record(actor, "group.delete", "group", group_id, name=row["name"])


async def check_deletion(actor: Actor, follower: Follower, group_id: int) -> Deletion:
    """What deleting it with all that depends on it would do. Raises what that raises."""
    row = await group_for(actor, group_id, "manage")
    index = await current_index(follower)
    await _check_dependents(actor, row, with_dependents=True)
    subgroups = await LearnerGroup.select(LearnerGroup.id).where(LearnerGroup.parent_id == group_id)
    members = index.members(group_id)
    changes = await source_changes(_leaving(index, group_id, list(members)), "group_only")
    return Deletion(
        row["parent_id"],
        [one["id"] for one in subgroups],
        list(members),
        changes.ending,
        await assignments_of(group_id),
    )


async def _check_dependents(actor: Actor, row: Record, *, with_dependents: bool) -> None:
    what, found = Message("Group “{name}”", name=row["name"]), await _dependents(row["id"])
    await (dependents.refuse_hidden if with_dependents else dependents.refuse_to)(actor, what, found)


async def list_dependents(actor: Actor, group_id: int) -> Dependents:
    """What depends on it: what deleting it would break. For its admins, as far as they may know of it."""
    await group_for(actor, group_id, "manage")
    return await dependents.listed(actor, await _dependents(group_id))


async def _dependents(group_id: int) -> list[Dependent]:
    return [
        *await dependents.named("group", statements.SUBGROUPS, group_id),
        *await dependents.named("session", statements.SESSIONS_OF_GROUP, group_id),
        *await dependents.named("method", statements.METHODS_OF_GROUP, group_id),
        *await dependents.rules_that_refer(Dependency("group", group_id)),
    ]


async def _detach(row: Record) -> None:
    """What refers to its row, and would keep it from going. The rules themselves go on naming it."""
    group_id = row["id"]
    await LearnerGroup.update(
        {LearnerGroup.parent_id: row["parent_id"], LearnerGroup.version: LearnerGroup.version + 1}
    ).where(LearnerGroup.parent_id == group_id)
    await Session.update({Session.group_id: None, Session.version: Session.version + 1}).where(
        Session.group_id == group_id
    )
    live = await EnrollmentMethod.select(EnrollmentMethod.id).where(
        EnrollmentMethod.group_id == group_id, EnrollmentMethod.deleted_at.is_null()
    )
    await EnrollmentMethod.update({EnrollmentMethod.group_id: None}).where(
        EnrollmentMethod.group_id == group_id
    )
    await EnrollmentMethod.update({EnrollmentMethod.version: EnrollmentMethod.version + 1}).where(
        any_of(EnrollmentMethod.id, [one["id"] for one in live])
    )


def _leaving(index: FacetIndex, group_id: int, members: list[int]) -> Leaving:
    """Of a method whose rule breaks nobody is kept, for it lets nobody go."""
    gone = Dependency("group", group_id)
    broken = [
        method.id
        for method in index.methods.values()
        if method.rule is not None and any(gone in depends_on(one) for one in index.opened(method.rule))
    ]
    leaving = Leaving(index, group_id, members)
    leaving.untouched = BitMap(broken)
    return leaving
