"""`/rehearsals`: acts collected under a name, looked at as a whole, and carried out as one run or thrown away."""

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.bodies import PLAN, body_up_to
from backend.controllers.http.confirming import CurrentEngine, run_header
from backend.controllers.http.parameters import DEFAULT_LIMIT, Cursor, IfMatch, Limit
from backend.schemas import rehearsals as wire
from backend.schemas.base import Page
from backend.services.consequences import rehearsals

TAGS = ["Rehearsals"]


@get("/rehearsals", operation_id="listRehearsals", opt=rights.admins(), tags=TAGS)
async def list_rehearsals(
    actor: CurrentActor, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[wire.Rehearsal]:
    """Drafts of acts, and those that have been carried out, the latest first."""
    return await rehearsals.list_rehearsals(actor, limit=limit, cursor=cursor)


@post("/rehearsals", operation_id="createRehearsal", opt=rights.admins() | body_up_to(PLAN), tags=TAGS)
async def create_rehearsal(data: JSONBody[wire.RehearsalInput], actor: CurrentActor) -> wire.Rehearsal:
    """Begin a draft; nothing is done."""
    return await rehearsals.create_rehearsal(actor, data)


@get("/rehearsals/{rehearsal_id:int}", operation_id="getRehearsal", opt=rights.admins(), tags=TAGS)
async def get_rehearsal(rehearsal_id: FromPath[int], actor: CurrentActor) -> wire.Rehearsal:
    """One of them."""
    return await rehearsals.get_rehearsal(actor, rehearsal_id)


@patch(
    "/rehearsals/{rehearsal_id:int}",
    operation_id="changeRehearsal",
    opt=rights.admins() | body_up_to(PLAN),
    tags=TAGS,
)
async def change_rehearsal(
    rehearsal_id: FromPath[int], data: JSONBody[wire.RehearsalChange], actor: CurrentActor, if_match: IfMatch
) -> wire.Rehearsal:
    """Change its name or its changes."""
    return await rehearsals.change_rehearsal(actor, rehearsal_id, data, if_match)


@delete("/rehearsals/{rehearsal_id:int}", operation_id="deleteRehearsal", opt=rights.admins(), tags=TAGS)
async def delete_rehearsal(rehearsal_id: FromPath[int], actor: CurrentActor) -> None:
    """Throw it away; what was carried out stays done."""
    await rehearsals.delete_rehearsal(actor, rehearsal_id)


@get(
    "/rehearsals/{rehearsal_id:int}/consequences",
    operation_id="rehearsalConsequences",
    opt=rights.admins(),
    tags=TAGS,
)
async def consequences(
    rehearsal_id: FromPath[int], actor: CurrentActor, engine: CurrentEngine
) -> wire.RehearsalConsequences:
    """What would follow now, and whether facts have changed underneath since somebody looked last."""
    return await rehearsals.consequences_of(actor, engine, rehearsal_id)


@post(
    "/rehearsals/{rehearsal_id:int}/apply",
    operation_id="applyRehearsal",
    opt=rights.admins(),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def apply(
    rehearsal_id: FromPath[int],
    data: JSONBody[wire.RehearsalConfirmation],
    actor: CurrentActor,
    engine: CurrentEngine,
) -> Response[wire.RehearsalApplied]:
    """Carry it out as it was shown, as one run; 409 `consequences_changed` with the new ones if they differ."""
    run_id = await rehearsals.apply_rehearsal(actor, engine, rehearsal_id, data.hash)
    return Response(wire.RehearsalApplied(run_id=run_id), headers=run_header(run_id))
