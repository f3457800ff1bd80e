"""The coach's board and the learner's player."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from backend.controllers import route_rights as rights
from backend.controllers.authentication import CurrentActor
from backend.controllers.parameters import DEFAULT_LIMIT, Cursor, Limit
from backend.index import Follower
from backend.schemas.board import BoardSession, Happenings, Player, TimelinePoint
from backend.schemas.commons import Page
from backend.services import boards, happenings, playing

TAGS = ["Boards"]
CurrentFollower = NamedDependency[Follower]
Days = Annotated[int, QueryParameter(ge=1, le=boards.MOST_DAYS, description="how many days, today included")]
Few = Annotated[int, QueryParameter(ge=1, le=happenings.MOST, description="how many at most")]


@get("/me/sessions", operation_id="listMySessions", opt=rights.oneself(), tags=TAGS)
async def my_sessions(
    actor: CurrentActor, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[BoardSession]:
    """Sessions whose board one may see, running ones first."""
    return await boards.my_sessions(actor, limit, cursor)


@get(
    "/sessions/{session_id:int}/timeline",
    operation_id="getSessionTimeline",
    opt=rights.session("view"),
    tags=TAGS,
)
async def get_timeline(
    session_id: FromPath[int], actor: CurrentActor, days: Days = 90
) -> list[TimelinePoint]:
    """Enrolled and completed at the end of each of the last days."""
    return await boards.timeline(actor, session_id, days)


@get(
    "/sessions/{session_id:int}/happenings",
    operation_id="listSessionHappenings",
    opt=rights.session("view"),
    tags=TAGS,
)
async def list_happenings(
    session_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower, limit: Few = 20
) -> Happenings:
    """Who lately joined, left, completed or was blocked, and why; the latest first."""
    return await happenings.latest(actor, follower, session_id, limit)


@get(
    "/me/activities/{activity_id:int}",
    operation_id="getPlayer",
    opt=rights.activity("see"),
    tags=["Learning"],
)
async def get_player(activity_id: FromPath[int], actor: CurrentActor) -> Player:
    """An activity as one takes it oneself: steps, progress, certificate."""
    return await playing.play(actor, activity_id)
