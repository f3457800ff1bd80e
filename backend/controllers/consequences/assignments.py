"""`/assignments`: what groups give access to, and giving or taking it, many at once."""

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.bodies import PLAN, body_up_to
from backend.controllers.http.confirming import CurrentEngine, run_header
from backend.controllers.http.parameters import DEFAULT_LIMIT, CurrentFollower, Cursor, Limit, Search
from backend.schemas.assignments import (
    Assignment,
    AssignmentGrid,
    AssignmentsConfirmation,
    AssignmentsDone,
    AssignmentsRequest,
)
from backend.schemas.base import Page
from backend.schemas.consequences import Consequences
from backend.schemas.groups import GroupKind
from backend.schemas.learning.activities import ActivityKind
from backend.services.consequences.enrolling import assignments
from backend.services.groups import assignment_grid
from backend.services.groups import assignments as listed
from backend.services.groups.assignment_grid import GridQuery

TAGS = ["Assignments"]


@get(
    "/groups/{group_id:int}/assignments",
    operation_id="listGroupAssignments",
    opt=rights.group("members"),
    tags=TAGS,
)
async def of_group(
    group_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Assignment]:
    """What the group gives access to. For its admins and coaches: in sessions whose participants they see."""
    return await listed.of_group(actor, follower, group_id, limit=limit, cursor=cursor)


@get(
    "/activities/{activity_id:int}/assignments",
    operation_id="listActivityAssignments",
    opt=rights.activity("see"),
    tags=TAGS,
)
async def of_activity(
    activity_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Assignment]:
    """The groups that give access to the activity, as far as one leads them."""
    return await listed.of_activity(actor, follower, activity_id, limit=limit, cursor=cursor)


@get("/assignments/grid", operation_id="getAssignmentGrid", opt=rights.staff(), tags=TAGS)
async def get_grid(
    actor: CurrentActor,
    follower: CurrentFollower,
    q: Search = None,
    kind: FromQuery[GroupKind | None] = None,
    activity_q: FromQuery[str | None] = None,
    activity_kind: FromQuery[ActivityKind | None] = None,
) -> AssignmentGrid:
    """Groups by activities: those one leads, and those with sessions in which one enrolls; up to 500 of each, by name."""
    return await assignment_grid.grid(actor, follower, GridQuery(q, kind, activity_q, activity_kind))


@post(
    "/assignments/plan",
    operation_id="planAssignments",
    opt=rights.staff(reads=True) | body_up_to(PLAN),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def plan(
    data: JSONBody[AssignmentsRequest], actor: CurrentActor, engine: CurrentEngine
) -> Consequences:
    """Who would be enrolled and unenrolled where, and what follows from it elsewhere, for all of them together. Nothing is written.

    An activity stands for its one open session; 422 `choose_session` with the `sessions` to choose from where that is not so.
    """
    return await assignments.plan(actor, engine, data)


@post(
    "/assignments/apply",
    operation_id="applyAssignments",
    opt=rights.staff() | body_up_to(PLAN),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def apply(
    data: JSONBody[AssignmentsConfirmation], actor: CurrentActor, engine: CurrentEngine
) -> Response[AssignmentsDone]:
    """Do it by its hash, as one act, whose run is in the header `Run`; 409 `consequences_changed` with the new ones if they differ."""
    done = await assignments.apply(actor, engine, data)
    return Response(done.answers[0], headers=run_header(done.run_id))
