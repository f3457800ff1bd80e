"""`/path-sessions`: the legacy route, whose sessions have no methods; people are enrolled in them directly."""

from litestar import post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.bodies import PLAN, body_up_to
from backend.controllers.http.parameters import CurrentFollower
from backend.schemas.enrollment.acts import DirectEnrollment, DirectlyEnrolled
from backend.schemas.learning.sessions import PathSessionInput, PathSessionMade
from backend.services.enrollment.acts import direct_enrollment
from backend.services.learning import sessions

TAGS = ["Legacy sessions"]


@post("/path-sessions", operation_id="createPathSession", opt=rights.groups_below(), tags=TAGS)
async def create_path_session(data: JSONBody[PathSessionInput], actor: CurrentActor) -> PathSessionMade:
    """Add a legacy session of a path: its people are enrolled directly, and what works on audiences refuses it (409 `legacy_session`)."""
    return await sessions.create_path_session(actor, data)


@post(
    "/path-sessions/{session_id:int}/enroll",
    operation_id="enrollDirectly",
    opt=rights.session("enroll") | body_up_to(PLAN),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def enroll(
    session_id: FromPath[int],
    data: JSONBody[DirectEnrollment],
    actor: CurrentActor,
    follower: CurrentFollower,
) -> DirectlyEnrolled:
    """Enroll people by name in a legacy session; 409 `audience_session` for any other. Nobody is made for an address without an account."""
    return await direct_enrollment.enroll(actor, follower, session_id, data)


@post(
    "/path-sessions/{session_id:int}/unenroll",
    operation_id="unenrollDirectly",
    opt=rights.session("enroll") | body_up_to(PLAN),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def unenroll(
    session_id: FromPath[int],
    data: JSONBody[DirectEnrollment],
    actor: CurrentActor,
    follower: CurrentFollower,
) -> DirectlyEnrolled:
    """Their access to a legacy session ends, their progress stays; who has completed stays enrolled."""
    return await direct_enrollment.unenroll(actor, follower, session_id, data)
