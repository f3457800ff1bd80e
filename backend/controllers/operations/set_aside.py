"""`/set-aside`."""

from litestar import get

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.parameters import DEFAULT_LIMIT, CurrentFollower, Cursor, Limit
from backend.schemas.base import Page
from backend.schemas.set_aside import SetAsideRow
from backend.services.operations import set_aside

TAGS = ["Operating"]


@get("/set-aside", operation_id="listSetAside", opt=rights.admins(), tags=TAGS)
async def list_set_aside(
    actor: CurrentActor,
    follower: CurrentFollower,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[SetAsideRow]:
    """Stored values that cannot be read, with what freezes because of them, and those that an upgrade emptied. For platform admins."""
    return await set_aside.list_set_aside(actor, follower, limit=limit, cursor=cursor)
