"""API tokens: told once, stored as a hash."""

import secrets
from datetime import datetime

from asyncpg import Record
from msgspec import UNSET

from backend import clock
from backend.database import fetch_row, transaction
from backend.schemas.access import Token, TokenInput
from backend.schemas.commons import Page
from backend.services import audit
from backend.services.actor import Actor
from backend.services.conditions import Conditions, chosen_sort
from backend.services.errors import Forbidden, Invalid, NotFound
from backend.services.paging import page_of
from backend.services.rights import require_admin
from backend.services.signing_in import hash_token
from backend.services.sorted_rows import sorted_rows

_SORTS = {"id": (("id", "integer"),), "name": (("lower(name)", "text"), ("id", "integer"))}


def _wire(row: Record) -> Token:
    return Token(
        id=row["id"],
        learner_id=row["learner_id"],
        name=row["name"],
        scopes=row["scopes"],
        created_at=row["created_at"],
        last_used_at=row["used_at"],
        expires_at=row["expires_at"],
    )


async def list_tokens(actor: Actor, *, everybody: bool, limit: int, cursor: str | None) -> Page[Token]:
    """One's own tokens; with `everybody`, for platform admins, all."""
    conditions = Conditions()
    if everybody:
        require_admin(actor)
    else:
        conditions.add("learner_id = {}", actor.id)
    order = chosen_sort(None, _SORTS, "-id")
    rows, total = await sorted_rows("*", "api_token", conditions, order, limit=limit, cursor=cursor)
    return page_of(rows, limit, total, item=_wire, key=order.key)


async def create_token(actor: Actor, data: TokenInput) -> Token:
    """A new token for oneself, or as a platform admin for somebody else. A limited token cannot make wider ones."""
    if actor.scopes:
        raise Forbidden("A token that is limited to scopes makes no tokens.")
    owner = actor.id
    if data.learner_id is not UNSET and data.learner_id != actor.id:
        require_admin(actor)
        owner = data.learner_id
    if isinstance(data.expires_at, datetime) and data.expires_at <= clock.now():
        raise Invalid.at("expires_at", "past", "A token expires in the future.")
    secret = secrets.token_urlsafe(32)
    async with transaction():
        row = await fetch_row(
            "INSERT INTO api_token (learner_id, name, token_hash, scopes, created_at, expires_at)"
            " SELECT id, $2, $3, $4, muster_now(), $5 FROM learner WHERE id = $1 RETURNING *",
            owner,
            data.name,
            hash_token(secret),
            sorted(set(data.scopes)),
            data.expires_at,
        )
        if row is None:
            raise Invalid.at("learner_id", "unknown", "There is no such learner.")
        await audit.record(
            actor, "token.create", "token", row["id"], learner_id=owner, scopes=list(data.scopes)
        )
        token = _wire(row)
        token.token = secret
        return token


async def delete_token(actor: Actor, token_id: int) -> None:
    """Revoke a token: one's own, or as a platform admin anybody's."""
    async with transaction():
        row = await fetch_row(
            "DELETE FROM api_token WHERE id = $1 AND (learner_id = $2 OR $3) RETURNING id",
            token_id,
            actor.id,
            actor.is_admin,
        )
        if row is None:
            raise NotFound(f"There is no token {token_id}.")
        await audit.record(actor, "token.delete", "token", token_id)
