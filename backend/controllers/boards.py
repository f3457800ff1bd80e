"""The coach's board and the learner's player."""

from typing import Annotated

from litestar import get
from litestar.params import Parameter

from backend.schemas.board import BoardSession, Happenings, Player, TimelinePoint
from backend.schemas.commons import Page
from backend.services import boards, happenings, playing
from backend.services.actor import Actor
from backend.services.paging import DEFAULT_LIMIT, LARGEST_LIMIT

Limit = Annotated[int, Parameter(ge=1, le=LARGEST_LIMIT)]


@get("/me/sessions", operation_id="listMySessions", tags=["Boards"])
async def my_sessions(
    actor: Actor, limit: Limit = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[BoardSession]:
    """Sessions whose board one may see, running ones first."""
    return await boards.my_sessions(actor, limit, cursor)


@get("/sessions/{session_id:int}/timeline", operation_id="getSessionTimeline", tags=["Boards"])
async def timeline(
    session_id: int, actor: Actor, days: Annotated[int, Parameter(ge=1, le=boards.MOST_DAYS)] = 90
) -> list[TimelinePoint]:
    """Enrolled and completed at the end of each of the last days."""
    return await boards.timeline(actor, session_id, days)


@get("/sessions/{session_id:int}/happenings", operation_id="listSessionHappenings", tags=["Boards"])
async def list_happenings(
    session_id: int, actor: Actor, limit: Annotated[int, Parameter(ge=1, le=happenings.MOST)] = 20
) -> Happenings:
    """Who lately joined, left, completed or was blocked, and why."""
    return await happenings.latest(actor, session_id, limit)


@get("/me/activities/{activity_id:int}", operation_id="getPlayer", tags=["Learning"])
async def play(activity_id: int, actor: Actor) -> Player:
    """An activity as one takes it oneself: steps, progress, certificate."""
    return await playing.play(actor, activity_id)
