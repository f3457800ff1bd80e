"""What a qualification requires, changed as a whole: assignments of it that are made and removed."""

from backend.index import Follower
from backend.schemas.assignments import EndedAssignment, NewAssignment
from backend.schemas.base import Page
from backend.schemas.consequence_acts import ChangeAssignments, ChangeRequirements
from backend.schemas.qualifications import Requirement
from backend.services.access.actor import Actor
from backend.services.audiences.index_access import current_index
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.acts.assignments import Assigning, AssignmentsAct
from backend.services.consequences.world import SupposedWorld
from backend.services.groups.requirements import list_requirements, qualification_for, requirements_of


class RequirementsAct(Act[ChangeRequirements, Assigning]):
    """As `PUT /groups/{id}/requirements`."""

    change = ChangeRequirements

    async def permit(self, actor: Actor, follower: Follower, change: ChangeRequirements) -> Assigning:
        asked = await _assignments(actor, follower, change)
        if asked is None:
            return Assigning([], [])
        return await AssignmentsAct().permit(actor, follower, asked)

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: ChangeRequirements, found: Assigning
    ) -> None:
        await AssignmentsAct().suppose(world, actor, ChangeAssignments(), found)

    async def write(self, actor: Actor, follower: Follower, change: ChangeRequirements) -> Page[Requirement]:
        asked = await _assignments(actor, follower, change)
        if asked is not None:
            await AssignmentsAct().write(actor, follower, asked)
        return await list_requirements(actor, change.id)

    def summary(self, change: ChangeRequirements) -> Summary:
        return Summary("requirements", {"id": change.id, "group_id": change.id})


async def _assignments(
    actor: Actor, follower: Follower, change: ChangeRequirements
) -> ChangeAssignments | None:
    """What it comes to; None where it requires already what it is to require. Raises what `qualification_for` raises."""
    await qualification_for(actor, change.id, "manage")
    index = await current_index(follower)
    before = {one.activity_id: one for one in await requirements_of(change.id)}
    wanted = list(dict.fromkeys(change.activity_ids))
    chosen: dict[int, int] = {}
    for session_id in change.session_ids:
        session = index.sessions.get(session_id)
        if session is not None:
            chosen[session.activity_id] = session_id
    add = [
        NewAssignment(group_id=change.id, session_id=chosen[one])
        if one in chosen
        else NewAssignment(group_id=change.id, activity_id=one)
        for one in wanted
        if one not in before
    ]
    remove = [
        EndedAssignment(method_id=session.method_id, people=change.people)
        for activity_id, one in before.items()
        if activity_id not in wanted
        for session in one.sessions
    ]
    return ChangeAssignments(add=add, remove=remove, mail=change.mail) if add or remove else None
