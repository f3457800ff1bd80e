"""Adding people to a group, taking them out, moving them to another one."""

from pyroaring import BitMap

from backend.index import Follower
from backend.schemas.consequence_acts import AddMembers, MoveMembers, RemoveMembers
from backend.services.access.actor import Actor
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.world import SupposedWorld
from backend.services.groups.memberships import (
    JoiningMembers,
    LeavingMembers,
    add_members,
    check_addition,
    check_departure,
    move_members,
    remove_members,
)


class MembersAddAct(Act[AddMembers, JoiningMembers]):
    """As `POST /groups/{id}/members`."""

    change = AddMembers

    async def permit(self, actor: Actor, follower: Follower, change: AddMembers) -> JoiningMembers:
        return await check_addition(actor, change.group_id, change)

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: AddMembers, found: JoiningMembers
    ) -> None:
        if found.approving:
            world.change_facts("status", BitMap(found.approving), None, "active")
        fresh = BitMap(found.learner_ids) - world.index.members(change.group_id)
        # Another role of those who are in it moves nobody: rules ask who is in a group, and not as what.
        world.change_facts("membership", fresh, change.group_id, change.role or "member")

    async def write(self, actor: Actor, follower: Follower, change: AddMembers) -> object:
        return await add_members(actor, change.group_id, change)

    def summary(self, change: AddMembers) -> Summary:
        values = {"group_id": change.group_id, **_people(change)}
        return Summary("members_add", values | {"people": values["people"] + len(change.external_ids)})


def _people(change: AddMembers | RemoveMembers | MoveMembers) -> dict[str, int]:
    """How many, and who it is if it is one."""
    ids = set(change.learner_ids)
    return {"people": len(ids)} | ({"learner_id": ids.pop()} if len(ids) == 1 else {})


def _leave(world: SupposedWorld, change: RemoveMembers | MoveMembers, found: LeavingMembers) -> None:
    """They are out of the group, and with it of what the act itself takes them out of, once they are in what it puts them into."""
    world.change_facts("membership", BitMap(found.roles), change.group_id, None)
    for method_id, people in found.beginning.items():
        world.enter(method_id, BitMap(people))
    for method_id, people in found.ending.items():
        world.leave(method_id, BitMap(people), "keep" if change.unlink == "group_only" else change.unlink)


class MembersRemoveAct(Act[RemoveMembers, LeavingMembers]):
    """As `POST /groups/{id}/members/remove`."""

    change = RemoveMembers

    async def permit(self, actor: Actor, follower: Follower, change: RemoveMembers) -> LeavingMembers:
        return await check_departure(actor, follower, change.group_id, change)

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: RemoveMembers, found: LeavingMembers
    ) -> None:
        _leave(world, change, found)

    async def write(self, actor: Actor, follower: Follower, change: RemoveMembers) -> object:
        return await remove_members(actor, follower, change.group_id, change)

    def summary(self, change: RemoveMembers) -> Summary:
        return Summary(
            "members_remove", {"group_id": change.group_id, "people": len(set(change.learner_ids))}
        )


class MembersMoveAct(Act[MoveMembers, LeavingMembers]):
    """As `POST /groups/{id}/members/move`."""

    change = MoveMembers

    async def permit(self, actor: Actor, follower: Follower, change: MoveMembers) -> LeavingMembers:
        return await check_departure(actor, follower, change.group_id, change)

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: MoveMembers, found: LeavingMembers
    ) -> None:
        there = world.index.members(change.to_group_id).copy()
        for role in sorted(set(found.roles.values())):
            people = BitMap([one for one, theirs in found.roles.items() if theirs == role])
            world.change_facts("membership", people - there, change.to_group_id, role)
        _leave(world, change, found)

    async def write(self, actor: Actor, follower: Follower, change: MoveMembers) -> object:
        return await move_members(actor, follower, change.group_id, change)

    def summary(self, change: MoveMembers) -> Summary:
        values = {"group_id": change.group_id, "to_group_id": change.to_group_id, **_people(change)}
        return Summary("members_move", values)
