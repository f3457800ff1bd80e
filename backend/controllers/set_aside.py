"""`/set-aside`."""

from litestar import get
from litestar.di import NamedDependency

from backend.controllers import route_rights as rights
from backend.controllers.authentication import CurrentActor
from backend.controllers.parameters import DEFAULT_LIMIT, Cursor, Limit
from backend.index import Follower
from backend.schemas.commons import Page
from backend.schemas.set_aside import SetAsideRow
from backend.services import set_aside

TAGS = ["Operating"]


@get("/set-aside", operation_id="listSetAside", opt=rights.admins(), tags=TAGS)
async def list_set_aside(
    actor: CurrentActor,
    follower: NamedDependency[Follower],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[SetAsideRow]:
    """Stored values that cannot be read, with what freezes because of them, and those that an upgrade emptied. For platform admins."""
    return await set_aside.list_set_aside(actor, follower, limit=limit, cursor=cursor)
