"""`/sessions/{id}/course-groups`: the classes of a session."""

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.parameters import IfMatch
from backend.schemas.base import Page
from backend.schemas.enrollment import course_groups as wire
from backend.services.enrollment.acts import course_group_acts
from backend.services.learning import course_groups

TAGS = ["Classes"]
PATH = "/sessions/{session_id:int}/course-groups"
ONE = f"{PATH}/{{course_group_id:int}}"


@get(PATH, operation_id="listCourseGroups", opt=rights.session("class"), tags=TAGS)
async def list_course_groups(session_id: FromPath[int], actor: CurrentActor) -> Page[wire.CourseGroup]:
    """The classes of the session; to who instructs classes of it, those. `members` counts each person once."""
    return await course_groups.list_course_groups(actor, session_id)


@post(PATH, operation_id="createCourseGroup", opt=rights.session("view"), tags=TAGS)
async def create_course_group(
    session_id: FromPath[int], data: JSONBody[wire.CourseGroupInput], actor: CurrentActor
) -> wire.CourseGroup:
    """Add a class. Who instructs it is named by whoever manages the session."""
    return await course_groups.create_course_group(actor, session_id, data)


@get(ONE, operation_id="getCourseGroup", opt=rights.session("class"), tags=TAGS)
async def get_course_group(
    session_id: FromPath[int], course_group_id: FromPath[int], actor: CurrentActor
) -> wire.CourseGroup:
    """One class."""
    return await course_groups.get_course_group(actor, session_id, course_group_id)


@patch(ONE, operation_id="changeCourseGroup", opt=rights.session("view"), tags=TAGS)
async def change_course_group(
    session_id: FromPath[int],
    course_group_id: FromPath[int],
    data: JSONBody[wire.CourseGroupChange],
    actor: CurrentActor,
    if_match: IfMatch,
) -> wire.CourseGroup:
    """Change what is given."""
    return await course_groups.change_course_group(actor, session_id, course_group_id, data, if_match)


@delete(ONE, operation_id="deleteCourseGroup", opt=rights.session("view"), tags=TAGS)
async def delete_course_group(
    session_id: FromPath[int], course_group_id: FromPath[int], actor: CurrentActor
) -> None:
    """Delete a class that nobody is in; 409 with `dependents` while methods bring people into it."""
    await course_groups.delete_course_group(actor, session_id, course_group_id)


@post(
    f"{ONE}/members",
    operation_id="addCourseGroupMembers",
    opt=rights.session("view"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def add_members(
    session_id: FromPath[int],
    course_group_id: FromPath[int],
    data: JSONBody[wire.CourseGroupPeople],
    actor: CurrentActor,
) -> wire.Placed:
    """Put enrolled people into the class; 409 `in_another_class` for who is in another one by hand: move them."""
    return await course_group_acts.place(actor, session_id, course_group_id, data)


@post(
    f"{ONE}/remove",
    operation_id="removeCourseGroupMembers",
    opt=rights.session("view"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def remove_members(
    session_id: FromPath[int],
    course_group_id: FromPath[int],
    data: JSONBody[wire.CourseGroupPeople],
    actor: CurrentActor,
) -> wire.Placed:
    """Take people out of the class; they stay enrolled. 409 `synced` for who is held there by a method."""
    return await course_group_acts.take_out(actor, session_id, course_group_id, data)


@post(
    f"{ONE}/move",
    operation_id="moveCourseGroupMembers",
    opt=rights.session("view"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def move_members(
    session_id: FromPath[int],
    course_group_id: FromPath[int],
    data: JSONBody[wire.CourseGroupMove],
    actor: CurrentActor,
) -> wire.Placed:
    """Into another class of the session; nobody is unenrolled in between. 409 `synced` for who is held here by a method."""
    return await course_group_acts.move(actor, session_id, course_group_id, data)
