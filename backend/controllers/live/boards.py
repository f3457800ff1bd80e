"""The coach's board and the learner's player."""

from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.parameters import DEFAULT_LIMIT, CurrentFollower, Cursor, Limit
from backend.schemas.base import Page
from backend.schemas.live.boards import BoardSession, Happenings, Player, TimelinePoint
from backend.services.enrollment.lists import session_timeline
from backend.services.learning import player
from backend.services.live import boards

TAGS = ["Boards"]
Days = Annotated[int, QueryParameter(ge=1, le=boards.MOST_DAYS, description="how many days, today included")]
Few = Annotated[int, QueryParameter(ge=1, le=session_timeline.MOST, description="how many at most")]


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
    return await session_timeline.latest_events(actor, follower, session_id, limit)


@get(
    "/me/activities/{activity_id:int}",
    operation_id="getPlayer",
    opt=rights.activity("see"),
    tags=["Learning"],
)
async def get_player(activity_id: FromPath[int], actor: CurrentActor) -> Player:
    """An activity as one takes it oneself: steps, progress, certificate."""
    return await player.play(actor, activity_id)
