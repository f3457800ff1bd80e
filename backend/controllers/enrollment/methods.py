"""Enrollment methods of a session, and the plans that put them to work."""

from typing import Annotated

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.bodies import PLAN, body_up_to
from backend.controllers.http.confirming import IfConsequences, act
from backend.controllers.http.parameters import DEFAULT_LIMIT, CurrentFollower, Cursor, IfMatch, Limit
from backend.schemas.base import Page
from backend.schemas.consequence_acts import DeleteMethod, EditMethod
from backend.schemas.enrollment import OnLeave
from backend.schemas.enrollment.emails import EmailPlan, Emails
from backend.schemas.enrollment.inner_steps import InnerStep
from backend.schemas.enrollment.methods import Method, MethodInput, MethodOfActivity, MethodRemoval, Policy
from backend.schemas.enrollment.plans import Applied, ApplyRequest, Plan, PlanRequest
from backend.services.enrollment.acts import pasted_emails
from backend.services.enrollment.lists import inner_steps
from backend.services.enrollment.methods import activity_methods, method_removal, methods
from backend.services.enrollment.plans import plans

TAGS = ["Enrolling"]
People = Annotated[
    OnLeave, QueryParameter(description="what becomes of those whom this method alone enrolled")
]


@get(
    "/sessions/{session_id:int}/methods", operation_id="listMethods", opt=rights.session("enroll"), tags=TAGS
)
async def list_methods(
    session_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Method]:
    """How people come to be enrolled in the session."""
    return await methods.list_methods(actor, follower, session_id, limit=limit, cursor=cursor)


@get(
    "/activities/{activity_id:int}/methods",
    operation_id="listActivityMethods",
    opt=rights.activity("see"),
    tags=TAGS,
)
async def list_activity_methods(
    activity_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[MethodOfActivity]:
    """How people come to be enrolled in the sessions of the activity, as far as one enrolls in them; the newest session first."""
    return await activity_methods.of_activity(actor, follower, activity_id, limit=limit, cursor=cursor)


@post(
    "/sessions/{session_id:int}/methods", operation_id="createMethod", opt=rights.session("enroll"), tags=TAGS
)
async def create_method(
    session_id: FromPath[int],
    data: JSONBody[MethodInput],
    actor: CurrentActor,
    follower: CurrentFollower,
) -> Method:
    """A draft: it enrolls nobody before a plan of it is applied."""
    return await methods.create_method(actor, follower, session_id, data)


@get(
    "/sessions/{session_id:int}/methods/{method_id:int}",
    operation_id="getMethod",
    opt=rights.method("see"),
    tags=TAGS,
)
async def get_method(
    session_id: FromPath[int], method_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower
) -> Method:
    """One method."""
    return await methods.get_method(actor, follower, session_id, method_id)


@patch(
    "/sessions/{session_id:int}/methods/{method_id:int}",
    operation_id="changeMethod",
    opt=rights.method("manage"),
    tags=TAGS,
)
async def change_method(
    session_id: FromPath[int],
    method_id: FromPath[int],
    data: JSONBody[Policy],
    actor: CurrentActor,
    if_match: IfMatch,
    confirmation: IfConsequences,
) -> Response[Method]:
    """Change how it enrolls. What decides who is enrolled needs a plan: 409 `needs_plan`, unless it is a draft or its consequences were seen."""
    change = methods.apply_change if confirmation.given else methods.change_method
    return await confirmation.carry_out(
        act(EditMethod, data, session_id=session_id, method_id=method_id),
        lambda follower: change(actor, follower, session_id, method_id, data, if_match),
    )


@delete(
    "/sessions/{session_id:int}/methods/{method_id:int}",
    operation_id="deleteMethod",
    opt=rights.method("manage"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def delete_method(
    session_id: FromPath[int],
    method_id: FromPath[int],
    actor: CurrentActor,
    if_match: IfMatch,
    confirmation: IfConsequences,
    people: People = "keep",
    data: JSONBody[MethodRemoval | None] = None,
) -> Response[Applied | None]:
    """Remove the method; its people stay enrolled unless asked otherwise. The answer is the run, or null for a draft.

    What becomes of the people is in the query or, with what erasing needs, in the body. 409 with the figures while what
    erasing takes is not confirmed.
    """
    removal = data or MethodRemoval(people=people)
    answer = await confirmation.carry_out(
        act(DeleteMethod, removal, id=method_id),
        lambda follower: method_removal.delete_method(
            actor, follower, session_id, method_id, removal, version=if_match
        ),
    )
    done = answer.content
    answer.status_code = HTTP_202_ACCEPTED if done is not None and done.state == "applying" else HTTP_200_OK
    return answer


@get(
    "/sessions/{session_id:int}/inner-steps",
    operation_id="listInnerSteps",
    opt=rights.session("view"),
    tags=TAGS,
)
async def list_inner_steps(
    session_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower
) -> list[InnerStep]:
    """The paths and programs inside the session's path: which enroll its people by themselves, and who waits for a session."""
    return await inner_steps.list_inner_steps(actor, follower, session_id)


@post(
    "/sessions/{session_id:int}/plan",
    operation_id="planEnrollment",
    opt=rights.session("enroll", reads=True) | body_up_to(PLAN),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def plan(
    session_id: FromPath[int],
    data: JSONBody[PlanRequest],
    actor: CurrentActor,
    follower: CurrentFollower,
) -> Plan:
    """Who would enter, leave, stay and be blocked. Nothing is written.

    People picked by name (kind `manual`, without `method_id`) join the session's hand-picked method, from which a plan takes nobody; with a name
    or other terms of their own they are a method whose list can be confirmed again.
    """
    return await plans.plan(actor, follower, session_id, data)


@post(
    "/sessions/{session_id:int}/apply",
    operation_id="applyEnrollment",
    opt=rights.session("enroll") | body_up_to(PLAN),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def apply(
    session_id: FromPath[int],
    data: JSONBody[ApplyRequest],
    actor: CurrentActor,
    follower: CurrentFollower,
) -> Response[Applied]:
    """Confirm a plan by its hash. 202 for a large one; 409 with the new `plan` if the people have changed."""
    done = await plans.apply(actor, follower, session_id, data)
    return Response(done, status_code=HTTP_202_ACCEPTED if done.state == "applying" else HTTP_200_OK)


@post(
    "/sessions/{session_id:int}/emails",
    operation_id="enrollEmails",
    opt=rights.session("enroll") | body_up_to(PLAN),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def enroll_emails(
    session_id: FromPath[int], data: JSONBody[Emails], actor: CurrentActor, follower: CurrentFollower
) -> EmailPlan:
    """Sort pasted addresses; the same again with `hash` enrolls the known ones and invites the new ones."""
    return await pasted_emails.enroll_addresses(actor, follower, session_id, data)
