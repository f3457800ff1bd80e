"""Changing the rule of a segment, and deleting one."""

import msgspec

from backend.index import Follower
from backend.rules import Rule
from backend.schemas.consequence_acts import DeleteSegment, EditSegment
from backend.services.access.actor import Actor
from backend.services.audiences.segments import change_segment, check_change, delete_segment, require_segment
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.acts.rows import stored_row
from backend.services.consequences.world import SupposedWorld


class SegmentAct(Act[EditSegment, Rule | None]):
    """As `PATCH /segments/{id}`."""

    change = EditSegment

    async def permit(self, actor: Actor, follower: Follower, change: EditSegment) -> Rule | None:
        return await check_change(actor, follower, change.id, change)

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: EditSegment, found: Rule | None
    ) -> None:
        if found is not None:
            row = stored_row(world, "segment", change.id)
            world.change_row("segment", change.id, row | {"rule": msgspec.to_builtins(found)})

    async def write(self, actor: Actor, follower: Follower, change: EditSegment) -> object:
        return await change_segment(actor, follower, change.id, change, None)

    def summary(self, change: EditSegment) -> Summary:
        return Summary("segment", {"segment_id": change.id})


class SegmentDeleteAct(Act[DeleteSegment, None]):
    """As `DELETE /segments/{id}`."""

    change = DeleteSegment

    async def permit(self, actor: Actor, follower: Follower, change: DeleteSegment) -> None:
        await require_segment(actor, change.id)

    async def suppose(self, world: SupposedWorld, actor: Actor, change: DeleteSegment, found: None) -> None:
        world.change_row("segment", change.id, None)

    async def write(self, actor: Actor, follower: Follower, change: DeleteSegment) -> object:
        await delete_segment(actor, change.id, with_dependents=True)
        return None

    def summary(self, change: DeleteSegment) -> Summary:
        return Summary("segment_delete", {"segment_id": change.id})
