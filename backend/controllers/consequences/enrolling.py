"""`/enrollments/plan` and `/enrollments/apply`: people in several sessions at once; `/proposals`: what others are asked to do."""

from typing import Annotated

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.bodies import PLAN, body_up_to
from backend.controllers.http.confirming import CurrentEngine, run_header
from backend.controllers.http.parameters import DEFAULT_LIMIT, CurrentFollower, Cursor, Limit
from backend.schemas import consequences as wire
from backend.schemas.base import Page
from backend.schemas.enrollment.enrollment_requests import (
    Approval,
    Decline,
    Enrolled,
    EnrollmentConfirmation,
    EnrollmentRequest,
    Proposal,
    ProposalInput,
    ProposalState,
)
from backend.services.consequences.enrolling import enrollment, proposals

TAGS = ["Enrolling"]
# Litestar keeps the name `state` for its own.
Only = Annotated[ProposalState | None, QueryParameter(name="state", description="in this state")]


@post(
    "/enrollments/plan",
    operation_id="planEnrollments",
    opt=rights.staff(reads=True) | body_up_to(PLAN),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def plan(
    data: JSONBody[EnrollmentRequest], actor: CurrentActor, engine: CurrentEngine
) -> wire.EnrollmentConsequences:
    """Who would be enrolled where, and what follows from it elsewhere. Nothing is written.

    An activity stands for its one open session; 422 `choose_session` with the `sessions` to choose from where that is not so.
    """
    return await enrollment.plan(actor, engine, data)


@post(
    "/enrollments/apply",
    operation_id="applyEnrollments",
    opt=rights.staff() | body_up_to(PLAN),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def apply(
    data: JSONBody[EnrollmentConfirmation], actor: CurrentActor, engine: CurrentEngine
) -> Response[Enrolled]:
    """Do it by its hash, as one act, whose run is in the header `Run`; 409 `consequences_changed` with the new ones if they differ."""
    done = await enrollment.apply(actor, engine, data)
    return Response(done.answers[0], headers=run_header(done.run_id))


@post("/proposals", operation_id="propose", opt=rights.staff() | body_up_to(PLAN), tags=TAGS)
async def propose(data: JSONBody[ProposalInput], actor: CurrentActor, follower: CurrentFollower) -> Proposal:
    """Ask for what one may not do oneself, in a session that one coaches or instructs: the body of `/enrollments/plan`."""
    return await proposals.propose(actor, follower, data)


@get("/proposals", operation_id="listProposals", opt=rights.staff(), tags=TAGS)
async def list_proposals(
    actor: CurrentActor,
    follower: CurrentFollower,
    only: Only = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Proposal]:
    """What one has proposed, and what is one's to decide, the latest first."""
    return await proposals.list_proposals(actor, follower, state=only, limit=limit, cursor=cursor)


@get("/proposals/{proposal_id:int}", operation_id="getProposal", opt=rights.proposal("see"), tags=TAGS)
async def get_proposal(
    proposal_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower
) -> Proposal:
    """One proposal. Its consequences are those of its body, for who may do it: `POST /enrollments/plan`."""
    return await proposals.get_proposal(actor, follower, proposal_id)


@post(
    "/proposals/{proposal_id:int}/approve",
    operation_id="approveProposal",
    opt=rights.proposal("decide"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def approve(
    proposal_id: FromPath[int], data: JSONBody[Approval], actor: CurrentActor, engine: CurrentEngine
) -> Proposal:
    """Do it, by the hash of what was shown; who proposed it is told by mail."""
    return await proposals.approve(actor, engine, proposal_id, data.hash)


@post(
    "/proposals/{proposal_id:int}/decline",
    operation_id="declineProposal",
    opt=rights.proposal("decide"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def decline(
    proposal_id: FromPath[int], data: JSONBody[Decline], actor: CurrentActor, follower: CurrentFollower
) -> Proposal:
    """It is not done; who proposed it is told why."""
    return await proposals.decline(actor, follower, proposal_id, data.note)
