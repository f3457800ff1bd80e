"""What waits for the caller to decide."""

from litestar import get, post
from litestar.params import FromPath

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.parameters import CurrentFollower
from backend.schemas.base import Page
from backend.schemas.live.needs_you import Need, NeedKind
from backend.services.enrollment.lists import jumps
from backend.services.live import needs_you

TAGS = ["Needs you"]


@get("/needs-you", operation_id="countNeeds", opt=rights.signed_in(), tags=TAGS)
async def count_needs(actor: CurrentActor, follower: CurrentFollower) -> dict[NeedKind, int]:
    """How many things of each kind wait for the caller to decide; pushed as the state of the topic `me`, too."""
    return await needs_you.counts(actor, follower)


@get("/needs-you/{kind:str}", operation_id="listNeeds", opt=rights.signed_in(), tags=TAGS)
async def list_needs(kind: FromPath[str], actor: CurrentActor, follower: CurrentFollower) -> Page[Need]:
    """Which things of one kind wait for the caller, the oldest first."""
    return await needs_you.list_needs(actor, follower, kind)


@post(
    "/audiences/jumps/{jump_id:int}/dismiss",
    operation_id="dismissJump",
    opt=rights.jump(),
    tags=TAGS,
    status_code=204,
)
async def dismiss_jump(jump_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower) -> None:
    """Say that a jump of an audience's size is right: it waits for nobody any more. For its owner and platform admins."""
    await jumps.dismiss(actor, follower, jump_id)
