"""`/sessions`: instances of activities."""

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.confirming import IfConsequences, act
from backend.controllers.http.parameters import (
    DEFAULT_LIMIT,
    CurrentFollower,
    Cursor,
    IfMatch,
    Limit,
    Search,
    SortBy,
)
from backend.schemas.base import Page
from backend.schemas.consequence_acts import EditSession
from backend.schemas.learning.sessions import Session, SessionChange, SessionInput
from backend.schemas.problem import Dependents
from backend.services.learning import session_lists, sessions
from backend.services.learning.session_lists import SessionQuery

TAGS = ["Sessions"]


@get("/sessions", operation_id="listSessions", opt=rights.signed_in(), tags=TAGS)
async def list_sessions(
    actor: CurrentActor,
    q: Search = None,
    activity_id: FromQuery[int | None] = None,
    group_id: FromQuery[int | None] = None,
    external_id: FromQuery[str | None] = None,
    mine: FromQuery[bool] = False,
    enrollable: FromQuery[bool] = False,
    sort: SortBy = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Session]:
    """The sessions one may see; `mine`: those one instructs or whose group one leads; `enrollable`: those one may enroll people in; `sort`: name, starts or id."""
    query = SessionQuery(q, activity_id, group_id, external_id, mine, enrollable, sort, limit, cursor)
    return await session_lists.list_sessions(actor, query)


@post("/sessions", operation_id="createSession", opt=rights.groups_below(), tags=TAGS)
async def create_session(
    data: JSONBody[SessionInput], actor: CurrentActor, follower: CurrentFollower
) -> Session:
    """Add a session: platform admins any, group admins of their groups."""
    return await sessions.create_session(actor, data, follower)


@get("/sessions/{session_id:int}", operation_id="getSession", opt=rights.session("see"), tags=TAGS)
async def get_session(session_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower) -> Session:
    """One session."""
    return await session_lists.get_session(actor, session_id, follower)


@patch("/sessions/{session_id:int}", operation_id="changeSession", opt=rights.session("manage"), tags=TAGS)
async def change_session(
    session_id: FromPath[int],
    data: JSONBody[SessionChange],
    actor: CurrentActor,
    follower: CurrentFollower,
    if_match: IfMatch,
    confirmation: IfConsequences,
) -> Response[Session]:
    """Change what is given."""
    return await confirmation.carry_out(
        act(EditSession, data, id=session_id),
        lambda _: sessions.change_session(actor, follower, session_id, data, if_match),
    )


@get(
    "/sessions/{session_id:int}/dependents",
    operation_id="listSessionDependents",
    opt=rights.session("manage"),
    tags=TAGS,
)
async def list_dependents(session_id: FromPath[int], actor: CurrentActor) -> Dependents:
    """What uses it: its methods, enrollment rules into it, paths around it, rules that ask for it. Nothing is done."""
    return await sessions.list_dependents(actor, session_id)


@delete("/sessions/{session_id:int}", operation_id="deleteSession", opt=rights.session("manage"), tags=TAGS)
async def delete_session(session_id: FromPath[int], actor: CurrentActor) -> None:
    """Delete a session nobody is or was enrolled in; 409 with `dependents` while it has methods, or a path inside follows it."""
    await sessions.delete_session(actor, session_id)
