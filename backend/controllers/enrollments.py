"""Who is enrolled, and acts on one enrollment."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from backend import clock
from backend.controllers import route_rights as rights
from backend.controllers.authentication import CurrentActor
from backend.controllers.parameters import DEFAULT_LIMIT, Cursor, Limit, Search, SortBy
from backend.index import Follower
from backend.schemas.board import PersonProgress
from backend.schemas.commons import Page
from backend.schemas.enrolling import enrollments as wire
from backend.schemas.enrolling.catalog import CatalogItem
from backend.services import catalog, enrollment_acts, enrollment_lists, nudging, self_enrolling
from backend.services.audiences import caught_up
from backend.services.enrollment_lists import EnrollmentQuery
from backend.services.rights import session_for

TAGS = ["Enrolling"]
# Litestar keeps the name `state` for its own.
Only = Annotated[wire.EnrollmentFilter | None, QueryParameter(name="state", description="in this state")]
CurrentFollower = NamedDependency[Follower]


@get(
    "/sessions/{session_id:int}/enrollments",
    operation_id="listSessionEnrollments",
    opt=rights.session("view"),
    tags=TAGS,
)
async def list_session_enrollments(
    session_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    only: Only = None,
    q: Search = None,
    sort: SortBy = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.Enrollment]:
    """Who is or was enrolled, with every source; `state` also takes the names of the board's numbers.

    `sort`: name, since, due, score or id.
    """
    query = EnrollmentQuery(state=only, q=q, sort=sort, limit=limit, cursor=cursor)
    return await enrollment_lists.of_session(actor, follower, session_id, query)


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
    index = await caught_up(follower)
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
) -> wire.Enrollment:
    """Enroll oneself where the session lets one, with its key if it asks for one."""
    return await self_enrolling.self_enroll(actor, session_id, data.key)


@get(
    "/enrollments/{enrollment_id:int}", operation_id="getEnrollment", opt=rights.enrollment("view"), tags=TAGS
)
async def get_enrollment(
    enrollment_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower
) -> wire.Enrollment:
    """One enrollment, with every source."""
    return await enrollment_acts.get_enrollment(actor, follower, enrollment_id)


@post(
    "/enrollments/{enrollment_id:int}/suspend",
    operation_id="suspendEnrollment",
    opt=rights.enrollment("act"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def suspend(enrollment_id: FromPath[int], actor: CurrentActor) -> wire.Enrollment:
    """Pause access; they stay enrolled."""
    return await enrollment_acts.suspend(actor, enrollment_id)


@post(
    "/enrollments/{enrollment_id:int}/resume",
    operation_id="resumeEnrollment",
    opt=rights.enrollment("act"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def resume(enrollment_id: FromPath[int], actor: CurrentActor) -> wire.Enrollment:
    """Give access again."""
    return await enrollment_acts.resume(actor, enrollment_id)


@post(
    "/enrollments/{enrollment_id:int}/extend",
    operation_id="extendEnrollment",
    opt=rights.enrollment("act"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def extend(
    enrollment_id: FromPath[int], data: JSONBody[wire.Extend], actor: CurrentActor
) -> wire.Enrollment:
    """A due date by hand, or some days later, which wins over those of the methods."""
    return await enrollment_acts.extend(actor, enrollment_id, data)


@get(
    "/enrollments/{enrollment_id:int}/progress",
    operation_id="getEnrollmentProgress",
    opt=rights.enrollment("view"),
    tags=TAGS,
)
async def get_progress(enrollment_id: FromPath[int], actor: CurrentActor) -> PersonProgress:
    """How far they are, step by step, and when they were last reminded."""
    return await nudging.progress(actor, enrollment_id)


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
    return await nudging.nudge(actor, enrollment_id, data or wire.Nudge())


@post(
    "/enrollments/{enrollment_id:int}/unenroll",
    operation_id="unenroll",
    opt=rights.enrollment("unenroll"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def unenroll(
    enrollment_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    data: JSONBody[wire.Unenroll | None] = None,
) -> wire.Enrollment:
    """End the enrollment; dynamic methods leave the person out from now on. 409 for a completed one."""
    return await enrollment_acts.unenroll(actor, follower, enrollment_id, data or wire.Unenroll())
