"""Who is enrolled, how far they are, and enrolling oneself."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.parameters import DEFAULT_LIMIT, CurrentFollower, Cursor, Limit, Search, SortBy
from backend.runtime import clock
from backend.schemas.base import Page
from backend.schemas.enrollment import enrollments as wire
from backend.schemas.live.boards import PersonProgress
from backend.schemas.live.catalog import CatalogItem
from backend.services.access.rights import session_for
from backend.services.audiences.index_access import current_index
from backend.services.enrollment.acts import enrollment_acts
from backend.services.enrollment.lists import activity_participants, enrollment_lists
from backend.services.enrollment.lists.enrollment_lists import EnrollmentQuery
from backend.services.enrollment.self_enrollment import self_enrollment
from backend.services.learning import reminders
from backend.services.live import catalog

TAGS = ["Enrolling"]
# Litestar keeps the name `state` for its own.
Only = Annotated[wire.EnrollmentFilter | None, QueryParameter(name="state", description="in this state")]
CourseGroup = Annotated[int | None, QueryParameter(ge=0, description="in this class; 0: in none")]


@get(
    "/sessions/{session_id:int}/enrollments",
    operation_id="listSessionEnrollments",
    opt=rights.session("participants"),
    tags=TAGS,
)
async def list_session_enrollments(
    session_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    only: Only = None,
    q: Search = None,
    sort: SortBy = None,
    course_group: CourseGroup = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.Enrollment]:
    """Who is or was enrolled, with every source; `state` also takes the names of the board's numbers.

    `sort`: name, since, due, score or id.
    """
    query = EnrollmentQuery(state=only, q=q, sort=sort, limit=limit, cursor=cursor, course_group=course_group)
    return await enrollment_lists.of_session(actor, follower, session_id, query)


@get(
    "/activities/{activity_id:int}/enrollments",
    operation_id="listActivityEnrollments",
    opt=rights.activity("see"),
    tags=TAGS,
)
async def list_activity_enrollments(
    activity_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    only: Only = None,
    q: Search = None,
    sort: SortBy = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.Enrollment]:
    """The same of all sessions of an activity together, as far as one sees who is in them; `sort` also takes session."""
    query = EnrollmentQuery(state=only, q=q, sort=sort, limit=limit, cursor=cursor)
    return await activity_participants.of_activity(actor, follower, activity_id, query)


@get(
    "/sessions/{session_id:int}/counts",
    operation_id="getSessionCounts",
    opt=rights.session("view"),
    tags=TAGS,
)
async def session_counts(
    session_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower
) -> wire.Counts:
    """The numbers of the session's board, as of a log position."""
    await session_for(actor, session_id, "view")
    index = await current_index(follower)
    return wire.Counts(
        **msgspec.structs.asdict(index.counts(session_id, clock.now())), position=index.position
    )


@get(
    "/learners/{learner_id:int}/enrollments",
    operation_id="listLearnerEnrollments",
    opt=rights.learner("see"),
    tags=TAGS,
)
async def list_learner_enrollments(
    learner_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    only: Only = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.Enrollment]:
    """What somebody is or was enrolled in."""
    return await enrollment_lists.of_learner(
        actor, follower, learner_id, EnrollmentQuery(only, limit=limit, cursor=cursor)
    )


@get("/me/enrollments", operation_id="listMyEnrollments", opt=rights.oneself(), tags=TAGS)
async def list_my_enrollments(
    actor: CurrentActor,
    follower: CurrentFollower,
    only: Only = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.Enrollment]:
    """What one is or was enrolled in oneself."""
    return await enrollment_lists.of_learner(
        actor, follower, actor.id, EnrollmentQuery(only, limit=limit, cursor=cursor)
    )


@get("/me/catalog", operation_id="getMyCatalog", opt=rights.oneself(), tags=TAGS)
async def my_catalog(actor: CurrentActor, follower: CurrentFollower) -> Page[CatalogItem]:
    """What one has and why, may take, nearly may take, and had."""
    return await catalog.catalog_of(actor, follower)


@post(
    "/sessions/{session_id:int}/self-enroll",
    operation_id="selfEnroll",
    opt=rights.session("see"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def self_enroll(
    session_id: FromPath[int], data: JSONBody[wire.SelfEnroll], actor: CurrentActor
) -> Response[wire.Enrollment | wire.Waiting]:
    """Enroll oneself where the session lets one, with its key if it asks for one. 202 where all places are taken: one waits."""
    done = await self_enrollment.self_enroll(actor, session_id, data.key)
    waits = isinstance(done, wire.Waiting)
    return Response(done, status_code=HTTP_202_ACCEPTED if waits else HTTP_200_OK)


@post(
    "/sessions/{session_id:int}/leave",
    operation_id="leaveSession",
    opt=rights.session("see"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def leave_session(session_id: FromPath[int], actor: CurrentActor) -> wire.Left:
    """Leave what one joined oneself, or the list of those who wait for a place."""
    return await self_enrollment.leave(actor, session_id)


@get(
    "/enrollments/{enrollment_id:int}", operation_id="getEnrollment", opt=rights.enrollment("see"), tags=TAGS
)
async def get_enrollment(
    enrollment_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower
) -> wire.Enrollment:
    """One enrollment, with every source."""
    return await enrollment_acts.get_enrollment(actor, follower, enrollment_id)


@get(
    "/enrollments/{enrollment_id:int}/progress",
    operation_id="getEnrollmentProgress",
    opt=rights.enrollment("view"),
    tags=TAGS,
)
async def get_progress(enrollment_id: FromPath[int], actor: CurrentActor) -> PersonProgress:
    """How far they are, step by step, and when they were last reminded."""
    return await reminders.progress(actor, enrollment_id)


@post(
    "/enrollments/{enrollment_id:int}/nudge",
    operation_id="nudge",
    opt=rights.enrollment("act"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def nudge(
    enrollment_id: FromPath[int], actor: CurrentActor, data: JSONBody[wire.Nudge | None] = None
) -> PersonProgress:
    """Remind them by mail, at once. 409 when there is nothing to remind of, or less than a day after the last."""
    return await reminders.nudge(actor, enrollment_id, data or wire.Nudge())
