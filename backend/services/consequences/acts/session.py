"""Changing a session: once it has ended nobody enters or leaves it by a rule."""

from typing import Any

import msgspec

from backend.index import Follower
from backend.schemas.consequence_acts import EditSession
from backend.services.access.actor import Actor
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.acts.rows import stored_row
from backend.services.consequences.world import SupposedWorld
from backend.services.learning.sessions import change_session, check_change


class SessionAct(Act[EditSession, dict[str, Any]]):
    """As `PATCH /sessions/{id}`."""

    change = EditSession

    async def permit(self, actor: Actor, follower: Follower, change: EditSession) -> dict[str, Any]:
        return await check_change(actor, follower, change.id, change)

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: EditSession, found: dict[str, Any]
    ) -> None:
        row = stored_row(world, "session", change.id) | msgspec.to_builtins(found)
        world.change_row("session", change.id, row)

    async def write(self, actor: Actor, follower: Follower, change: EditSession) -> object:
        return await change_session(actor, follower, change.id, change, None)

    def summary(self, change: EditSession) -> Summary:
        return Summary("session", {"session_id": change.id})
