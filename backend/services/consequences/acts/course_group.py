"""Making, changing and deleting a class: nobody enters or leaves a session by it, and it is a run as any other act."""

import msgspec
from msgspec import UNSET

from backend.index import Follower
from backend.schemas.consequence_acts import DeleteCourseGroup, SaveCourseGroup
from backend.schemas.enrollment.course_groups import CourseGroupChange, CourseGroupInput
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.world import SupposedWorld
from backend.services.errors import Invalid
from backend.services.learning import course_groups
from backend.words import Message


class CourseGroupAct(Act[SaveCourseGroup, None]):
    """As `POST /sessions/{session_id}/course-groups`, or as `PATCH` of one."""

    change = SaveCourseGroup

    async def permit(self, actor: Actor, follower: Follower, change: SaveCourseGroup) -> None:
        instructs = change.instructor_ids is not UNSET and (change.id is not None or change.instructor_ids)
        await session_for(actor, change.session_id, "manage" if instructs else "view")
        if change.id is not None:
            await course_groups.course_group_row(change.session_id, change.id)
        elif change.name is UNSET:
            raise Invalid.at("name", "required", Message("Give the class a name."))

    async def suppose(self, world: SupposedWorld, actor: Actor, change: SaveCourseGroup, found: None) -> None:
        """Nobody is enrolled by a class."""

    async def write(self, actor: Actor, follower: Follower, change: SaveCourseGroup) -> object:
        given = {name: getattr(change, name) for name in CourseGroupChange.__struct_fields__}
        if change.id is None:
            given = {name: value for name, value in given.items() if value is not UNSET}
            asked = msgspec.convert(given, CourseGroupInput)
            return await course_groups.create_course_group(actor, change.session_id, asked)
        asked_change = CourseGroupChange(**given)
        return await course_groups.change_course_group(
            actor, change.session_id, change.id, asked_change, None
        )

    def summary(self, change: SaveCourseGroup) -> Summary:
        values: dict[str, object] = {"made": change.id is None, "session_id": change.session_id}
        if isinstance(change.name, str):
            values["name"] = change.name
        if change.id is not None:
            values["course_group_id"] = change.id
        return Summary("course_group", values)


class CourseGroupDeleteAct(Act[DeleteCourseGroup, None]):
    """As `DELETE /sessions/{session_id}/course-groups/{id}`; whoever is in it by hand is taken out."""

    change = DeleteCourseGroup

    async def permit(self, actor: Actor, follower: Follower, change: DeleteCourseGroup) -> None:
        await course_groups.require_unused(actor, change.session_id, change.id)

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: DeleteCourseGroup, found: None
    ) -> None:
        """Nobody is enrolled by a class."""

    async def write(self, actor: Actor, follower: Follower, change: DeleteCourseGroup) -> None:
        await course_groups.empty_course_group(actor, change.session_id, change.id)
        await course_groups.delete_course_group(actor, change.session_id, change.id)

    def summary(self, change: DeleteCourseGroup) -> Summary:
        return Summary("course_group_delete", {"id": change.id, "session_id": change.session_id})
