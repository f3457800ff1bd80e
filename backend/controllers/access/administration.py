"""`/tokens`, `/audit`, `/organisation`."""

from litestar import delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.parameters import DEFAULT_LIMIT, Cursor, Limit
from backend.schemas.access import AuditLine, Organisation, OrganisationChange, Token, TokenInput
from backend.schemas.base import LARGEST_ID, Page
from backend.services.access import audit, tokens
from backend.services.access.audit import AuditQuery
from backend.services.errors import NotFound
from backend.services.people import organisation

TAGS = ["Administration"]


@get("/tokens", operation_id="listTokens", opt=rights.signed_in(), tags=TAGS)
async def list_tokens(
    actor: CurrentActor,
    everybody: FromQuery[bool] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Token]:
    """One's own API tokens; with `everybody`, for platform admins, all."""
    return await tokens.list_tokens(actor, everybody=everybody, limit=limit, cursor=cursor)


# Unrepeatable: its answer holds a secret, which is kept nowhere.
@post("/tokens", operation_id="createToken", opt=rights.oneself(repeatable=False), tags=TAGS)
async def create_token(data: JSONBody[TokenInput], actor: CurrentActor) -> Token:
    """Make an API token; `token` in the answer is told this once."""
    return await tokens.create_token(actor, data)


@delete("/tokens/{token_id:int}", operation_id="deleteToken", opt=rights.token(), tags=TAGS)
async def delete_token(token_id: FromPath[int], actor: CurrentActor) -> None:
    """Revoke a token."""
    if token_id > LARGEST_ID:
        raise NotFound
    await tokens.delete_token(actor, token_id)


@get("/audit", operation_id="listAudit", opt=rights.admins(), tags=TAGS)
async def list_audit(
    actor: CurrentActor,
    object_kind: FromQuery[str | None] = None,
    object_id: FromQuery[int | None] = None,
    action: FromQuery[str | None] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AuditLine]:
    """Who did what, latest first. For platform admins."""
    return await audit.list_lines(actor, AuditQuery(object_kind, object_id, action, limit, cursor))


@get("/organisation", operation_id="getOrganisation", opt=rights.signed_in(), tags=TAGS)
async def get_organisation() -> Organisation:
    """The organisation's name, time zone and language."""
    return await organisation.organisation()


@patch("/organisation", operation_id="changeOrganisation", opt=rights.admins(), tags=TAGS)
async def change_organisation(data: JSONBody[OrganisationChange], actor: CurrentActor) -> Organisation:
    """Change what is given. For platform admins."""
    return await organisation.change_organisation(actor, data)
