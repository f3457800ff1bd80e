"""Changing a group's place among others, and deleting it."""

from collections.abc import Mapping
from typing import Any

from pyroaring import BitMap

from backend.index import Follower
from backend.schemas.consequence_acts import DeleteGroup, DeleteMethod, EditGroup
from backend.services.access.actor import Actor
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.acts.method import MethodDeleteAct
from backend.services.consequences.acts.rows import stored_row
from backend.services.consequences.world import SupposedWorld
from backend.services.errors import Invalid
from backend.services.groups.group_deletion import Deletion, check_deletion, delete_group
from backend.services.groups.groups import change_group, check_change, given_of
from backend.words import Message


class GroupAct(Act[EditGroup, dict[str, Any]]):
    """As `PATCH /groups/{id}`."""

    change = EditGroup

    async def permit(self, actor: Actor, follower: Follower, change: EditGroup) -> dict[str, Any]:
        return await check_change(actor, change.id, change)

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: EditGroup, found: dict[str, Any]
    ) -> None:
        parent_id = found.get("parent_id")
        if parent_id is not None and parent_id in world.index.descendants(change.id):
            raise Invalid.at("parent_id", "invalid", Message("A group cannot be its own ancestor."))
        world.change_row("learner_group", change.id, stored_row(world, "learner_group", change.id) | found)

    async def write(self, actor: Actor, follower: Follower, change: EditGroup) -> object:
        return await change_group(actor, follower, change.id, change, None)

    def summary(self, change: EditGroup) -> Summary:
        return _summary(change.id, given_of(change))

    def summary_of(self, change: EditGroup, found: dict[str, Any]) -> Summary:
        """Of what is given, what it was not already."""
        return _summary(change.id, found)


def _summary(group_id: int, given: Mapping[str, Any]) -> Summary:
    values: dict[str, Any] = {"group_id": group_id, "changed": sorted(given)}
    if "parent_id" in given:
        values["parent_id"] = given["parent_id"]
    if "name" in given:
        values["new_name"] = given["name"]
    if "ends_at" in given:
        values["ends_at"] = None if given["ends_at"] is None else given["ends_at"].isoformat()
    return Summary("group", values)


class GroupDeleteAct(Act[DeleteGroup, Deletion]):
    """As `DELETE /groups/{id}`."""

    change = DeleteGroup

    async def permit(self, actor: Actor, follower: Follower, change: DeleteGroup) -> Deletion:
        return await check_deletion(actor, follower, change.id)

    async def suppose(self, world: SupposedWorld, actor: Actor, change: DeleteGroup, found: Deletion) -> None:
        for subgroup in found.subgroups:
            row = stored_row(world, "learner_group", subgroup)
            world.change_row("learner_group", subgroup, row | {"parent_id": found.parent_id})
        for method_id, people in found.assignments.items():
            await MethodDeleteAct().suppose(world, actor, DeleteMethod(id=method_id), people)
        # First, so that what its rules rest on is gone before its people are.
        world.change_row("learner_group", change.id, None)
        world.change_facts("membership", BitMap(found.members), change.id, None)
        for method_id, people in found.methods.items():
            world.leave(method_id, BitMap(people), "keep")

    async def write(self, actor: Actor, follower: Follower, change: DeleteGroup) -> object:
        await delete_group(actor, follower, change.id, with_dependents=True)
        return None

    def summary(self, change: DeleteGroup) -> Summary:
        return Summary("group_delete", {"group_id": change.id})
