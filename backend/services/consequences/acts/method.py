"""Making or changing an enrollment method, and deleting one."""

from datetime import date
from typing import Any

import msgspec
from pyroaring import BitMap

from backend.index import Follower
from backend.schemas.consequence_acts import DeleteMethod, EditMethod
from backend.services.access.actor import Actor
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.acts.rows import stored_row
from backend.services.consequences.world import SupposedWorld
from backend.services.enrollment.drafts.method_drafts import MethodDraft
from backend.services.enrollment.methods.method_removal import check_removal, delete_method
from backend.services.enrollment.methods.methods import session_of
from backend.services.enrollment.plans.plan_writing import EvaluatedPlan
from backend.services.enrollment.plans.plans import apply_confirmed, decide_plan


class MethodAct(Act[EditMethod, EvaluatedPlan]):
    """As a plan of the session that is applied."""

    change = EditMethod

    async def permit(self, actor: Actor, follower: Follower, change: EditMethod) -> EvaluatedPlan:
        _, _, decided = await decide_plan(actor, follower, change.session_id, change)
        return decided

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: EditMethod, found: EvaluatedPlan
    ) -> None:
        suppose_plan(world, found)

    async def write(self, actor: Actor, follower: Follower, change: EditMethod) -> object:
        return await apply_confirmed(actor, follower, change.session_id, change)

    def summary(self, change: EditMethod) -> Summary:
        return Summary("method", {"session_id": change.session_id, "method_id": change.method_id})


def suppose_plan(world: SupposedWorld, decided: EvaluatedPlan) -> int:
    """The method as it would be, and its people; its id, provisional for a new one."""
    draft, plan = decided.draft, decided.plan
    method_id = draft.id or world.new_row_id("enrollment_method")
    world.change_row("enrollment_method", method_id, _row(draft, method_id))
    # They have been confirmed by name: no rule has to find them first.
    world.enter(method_id, plan.opening | plan.blocked)
    world.leave(method_id, plan.closing, None)
    waiting = world.index.blocked_people(method_id) - (plan.opening | plan.blocked)
    world.release(method_id, waiting)
    if isinstance(decided.until, date):
        world.end_on(method_id, BitMap(decided.named), decided.until)
    return method_id


def _row(draft: MethodDraft, method_id: int) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(draft)
    if draft.hand_picked:
        row["rule"] = None
    return row | {"id": method_id, "state": "live", "version": draft.version + 1}


class MethodDeleteAct(Act[DeleteMethod, list[int]]):
    """As `DELETE /sessions/{session_id}/methods/{id}`."""

    change = DeleteMethod

    async def permit(self, actor: Actor, follower: Follower, change: DeleteMethod) -> list[int]:
        return await check_removal(actor, follower, change.id)

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: DeleteMethod, found: list[int]
    ) -> None:
        world.leave(change.id, BitMap(found), change.people)
        world.release(change.id, world.index.blocked_for(change.id))
        row = stored_row(world, "enrollment_method", change.id)
        world.change_row(
            "enrollment_method", change.id, row | {"active": False, "state": "draft", "rule": None}
        )

    async def write(self, actor: Actor, follower: Follower, change: DeleteMethod) -> object:
        session_id = await session_of(change.id)
        return await delete_method(actor, follower, session_id, change.id, change)

    def summary(self, change: DeleteMethod) -> Summary:
        return Summary("method_delete", {"method_id": change.id})
