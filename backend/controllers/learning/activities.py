"""`/activities`: courses, programs and paths."""

from litestar import delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.parameters import (
    DEFAULT_LIMIT,
    CurrentFollower,
    Cursor,
    IfMatch,
    Limit,
    Search,
    SortBy,
)
from backend.schemas.base import Page
from backend.schemas.learning.activities import (
    Activity,
    ActivityChange,
    ActivityInput,
    ActivityKind,
    ListedActivity,
)
from backend.schemas.learning.results import Grade, Standing, StepDone
from backend.schemas.problem import Dependents
from backend.services.learning import activities, grades, learner_progress
from backend.services.learning.activities import ActivityQuery

TAGS = ["Activities"]


@get("/activities", operation_id="listActivities", opt=rights.signed_in(), tags=TAGS)
async def list_activities(
    actor: CurrentActor,
    follower: CurrentFollower,
    q: Search = None,
    kind: FromQuery[list[ActivityKind] | None] = None,
    external_id: FromQuery[str | None] = None,
    sort: SortBy = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ListedActivity]:
    """The activities one may know of; `sort`: title or id. Platform admins see how many are enrolled in each."""
    query = ActivityQuery(q, kind or (), external_id, sort, limit, cursor)
    return await activities.list_activities(actor, follower, query)


@post("/activities", operation_id="createActivity", opt=rights.admins(), tags=TAGS)
async def create_activity(data: JSONBody[ActivityInput], actor: CurrentActor) -> Activity:
    """Add an activity with its steps and certificate. For platform admins."""
    return await activities.create_activity(actor, data)


@get("/activities/{activity_id:int}", operation_id="getActivity", opt=rights.activity("see"), tags=TAGS)
async def get_activity(activity_id: FromPath[int], actor: CurrentActor) -> Activity:
    """One activity."""
    return await activities.get_activity(actor, activity_id)


@patch(
    "/activities/{activity_id:int}", operation_id="changeActivity", opt=rights.activity("manage"), tags=TAGS
)
async def change_activity(
    activity_id: FromPath[int], data: JSONBody[ActivityChange], actor: CurrentActor, if_match: IfMatch
) -> Activity:
    """Change what is given; `steps` is the whole list, in which known steps keep their ids."""
    return await activities.change_activity(actor, activity_id, data, if_match)


@put(
    "/activities/{activity_id:int}", operation_id="replaceActivity", opt=rights.activity("manage"), tags=TAGS
)
async def replace_activity(
    activity_id: FromPath[int], data: JSONBody[ActivityInput], actor: CurrentActor, if_match: IfMatch
) -> Activity:
    """Replace all of it but its kind; known steps keep their ids and what learners did on them."""
    return await activities.replace_activity(actor, activity_id, data, if_match)


@get(
    "/activities/{activity_id:int}/dependents",
    operation_id="listActivityDependents",
    opt=rights.activity("manage"),
    tags=TAGS,
)
async def list_dependents(activity_id: FromPath[int], actor: CurrentActor) -> Dependents:
    """What uses it or its certificate: sessions, activities with it as a step, chains, qualifications, rules. Nothing is done."""
    return await activities.list_dependents(actor, activity_id)


@get(
    "/activities/{activity_id:int}/certificate/dependents",
    operation_id="listCertificateDependents",
    opt=rights.activity("manage"),
    tags=TAGS,
)
async def list_certificate_dependents(activity_id: FromPath[int], actor: CurrentActor) -> Dependents:
    """What asks for its certificate: what taking the certificate away would break. Nothing is done."""
    return await activities.list_certificate_dependents(actor, activity_id)


@delete(
    "/activities/{activity_id:int}", operation_id="deleteActivity", opt=rights.activity("manage"), tags=TAGS
)
async def delete_activity(activity_id: FromPath[int], actor: CurrentActor) -> None:
    """Delete an activity; 409 with `dependents` while anything depends on it."""
    await activities.delete_activity(actor, activity_id)


@post(
    "/activities/{activity_id:int}/steps/{step_id:int}/start",
    operation_id="startStep",
    opt=rights.activity("take"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def start_step(activity_id: FromPath[int], step_id: FromPath[int], actor: CurrentActor) -> Standing:
    """Say that one has started a content step of an activity one is enrolled in."""
    return await learner_progress.report_step(actor, activity_id, step_id, "started")


@post(
    "/activities/{activity_id:int}/steps/{step_id:int}/complete",
    operation_id="completeStep",
    opt=rights.activity("take"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def complete_step(
    activity_id: FromPath[int],
    step_id: FromPath[int],
    actor: CurrentActor,
    data: JSONBody[StepDone | None] = None,
) -> Standing:
    """Say that one has completed a content step of an activity one is enrolled in."""
    return await learner_progress.report_step(
        actor, activity_id, step_id, "completed", data.score if data else None
    )


@post(
    "/steps/{step_id:int}/grade",
    operation_id="gradeStep",
    opt=rights.step("grade"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def grade_step(step_id: FromPath[int], data: JSONBody[Grade], actor: CurrentActor) -> Standing:
    """Say what somebody scored on a content step, which completes it. For coaches and instructors of their session."""
    return await grades.grade(actor, step_id, data)
