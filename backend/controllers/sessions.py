"""`/sessions`: instances of activities."""

from litestar import delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from backend.controllers import route_rights as rights
from backend.controllers.authentication import CurrentActor
from backend.controllers.parameters import DEFAULT_LIMIT, Cursor, IfMatch, Limit, Search, SortBy
from backend.schemas.commons import Page
from backend.schemas.learning import Session, SessionChange, SessionInput
from backend.services import sessions
from backend.services.sessions import SessionQuery

TAGS = ["Sessions"]


@get("/sessions", operation_id="listSessions", opt=rights.signed_in(), tags=TAGS)
async def list_sessions(
    actor: CurrentActor,
    q: Search = None,
    activity_id: FromQuery[int | None] = None,
    group_id: FromQuery[int | None] = None,
    external_id: FromQuery[str | None] = None,
    mine: FromQuery[bool] = False,
    sort: SortBy = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Session]:
    """The sessions one may see; `mine`: those one instructs or whose group one leads; `sort`: name, starts or id."""
    query = SessionQuery(q, activity_id, group_id, external_id, mine, sort, limit, cursor)
    return await sessions.list_sessions(actor, query)


@post("/sessions", operation_id="createSession", opt=rights.groups_below(), tags=TAGS)
async def create_session(data: JSONBody[SessionInput], actor: CurrentActor) -> Session:
    """Add a session: platform admins any, group admins of their groups."""
    return await sessions.create_session(actor, data)


@get("/sessions/{session_id:int}", operation_id="getSession", opt=rights.session("see"), tags=TAGS)
async def get_session(session_id: FromPath[int], actor: CurrentActor) -> Session:
    """One session."""
    return await sessions.get_session(actor, session_id)


@patch("/sessions/{session_id:int}", operation_id="changeSession", opt=rights.session("manage"), tags=TAGS)
async def change_session(
    session_id: FromPath[int], data: JSONBody[SessionChange], actor: CurrentActor, if_match: IfMatch
) -> Session:
    """Change what is given."""
    return await sessions.change_session(actor, session_id, data, if_match)


@delete("/sessions/{session_id:int}", operation_id="deleteSession", opt=rights.session("manage"), tags=TAGS)
async def delete_session(session_id: FromPath[int], actor: CurrentActor) -> None:
    """Delete a session nobody is or was enrolled in; 409 with `dependents` while it has methods."""
    await sessions.delete_session(actor, session_id)
