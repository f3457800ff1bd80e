"""Giving groups access to many activities, and taking it from them."""

from msgspec import Struct

from backend.index import Follower
from backend.schemas.consequence_acts import ChangeAssignments
from backend.services.access.actor import Actor
from backend.services.audiences.index_access import current_index
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.acts.method import MethodDeleteAct, suppose_plan
from backend.services.consequences.enrolling.assigning import (
    Removal,
    additions_of,
    decided_additions,
    removals_of,
)
from backend.services.consequences.world import SupposedWorld
from backend.services.enrollment.methods.method_removal import delete_method
from backend.services.enrollment.plans.plan_writing import EvaluatedPlan, carry_out_many
from backend.services.enrollment.writing.enrollment_writer import lock_sessions


class Assigning(Struct, frozen=True):
    """What it comes to: a plan for each group and session, and the methods that go."""

    decided: list[EvaluatedPlan]
    removals: list[Removal]


class AssignmentsAct(Act[ChangeAssignments, Assigning]):
    """As `POST /assignments/plan`."""

    change = ChangeAssignments

    async def permit(self, actor: Actor, follower: Follower, change: ChangeAssignments) -> Assigning:
        index = await current_index(follower)
        additions = await additions_of(actor, index, change)
        decided = await decided_additions(actor, index, additions)
        return Assigning(decided, await removals_of(actor, follower, change))

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: ChangeAssignments, found: Assigning
    ) -> None:
        # As it is done: who moves between methods of one session never leaves it.
        for decided in found.decided:
            suppose_plan(world, decided)
        for removal in found.removals:
            await MethodDeleteAct().suppose(world, actor, removal.change, removal.people)

    async def write(self, actor: Actor, follower: Follower, change: ChangeAssignments) -> list[int]:
        """The runs, one a method."""
        index = await current_index(follower)
        additions = await additions_of(actor, index, change)
        removals = await removals_of(actor, follower, change)
        places = {one.session_id for one in additions} | {one.session_id for one in removals}
        await lock_sessions(places)
        decided = await decided_additions(actor, index, additions)
        runs = await carry_out_many(actor, index, decided, mail=change.mail)
        for one in removals:
            done = await delete_method(actor, follower, one.session_id, one.change.id, one.change)
            if done is not None:
                runs.append(done.run_id)
        return runs

    def summary(self, change: ChangeAssignments) -> Summary:
        values: dict[str, object] = {"added": len(change.add), "removed": len(change.remove)}
        groups = {one.group_id for one in change.add}
        if len(groups) == 1:
            values["group_id"] = groups.pop()
        if len(change.remove) == 1:
            values["method_id"] = change.remove[0].method_id
        return Summary("assignments", values)
