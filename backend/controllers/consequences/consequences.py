"""`/consequences`: what acts would do to enrollments and mail across all sessions."""

from litestar import Response, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.bodies import PLAN, body_up_to
from backend.controllers.http.confirming import CurrentEngine, run_header
from backend.schemas import consequences as wire
from backend.schemas.base import Page
from backend.services.consequences import consequences

TAGS = ["Consequences"]


@post(
    "/consequences",
    operation_id="askConsequences",
    opt=rights.signed_in(reads=True) | body_up_to(PLAN),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def ask(
    data: JSONBody[wire.ConsequencesRequest], actor: CurrentActor, engine: CurrentEngine
) -> wire.Consequences:
    """Who would enter, leave, be blocked or freed, and in which sessions, if these changes were made. Nothing is written.

    Refused as the acts themselves would be. Do one of them with `If-Consequences: <hash>`, and it is done as it was shown or not at
    all: 409 `consequences_changed` with the new ones.
    """
    return await consequences.ask(actor, engine, data.changes)


@post(
    "/consequences/apply",
    operation_id="applyConsequences",
    opt=rights.signed_in() | body_up_to(PLAN),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def apply(
    data: JSONBody[wire.ConsequencesConfirmation], actor: CurrentActor, engine: CurrentEngine
) -> Response[wire.ActsDone]:
    """Do all of these changes as one run, as they were shown, or none of them: 409 `consequences_changed` with the new ones."""
    done = await consequences.confirmed(actor, engine, data.changes, data.hash)
    return Response(wire.ActsDone(run_id=done.run_id), headers=run_header(done.run_id))


@post(
    "/consequences/people",
    operation_id="listConsequencesPeople",
    opt=rights.signed_in(reads=True) | body_up_to(PLAN),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def people(
    data: JSONBody[wire.ConsequencesPeopleRequest], actor: CurrentActor, engine: CurrentEngine
) -> Page[wire.ChangedPerson]:
    """The people behind one of the numbers, each once, with where and why."""
    return await consequences.people(actor, engine, data)


@post(
    "/consequences/messages",
    operation_id="listConsequencesMessages",
    opt=rights.signed_in(reads=True) | body_up_to(PLAN),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def messages(
    data: JSONBody[wire.ConsequencesMessagesRequest], actor: CurrentActor, engine: CurrentEngine
) -> Page[wire.PlannedMessage]:
    """Which messages would go out, to whom and when, in the order of time."""
    return await consequences.messages(actor, engine, data)
