"""API tokens: told once, stored as a hash."""

import secrets
from datetime import datetime

from msgspec import UNSET

from backend.database import NOW, Row, transaction
from backend.runtime import clock
from backend.schemas.access import Token, TokenInput
from backend.schemas.base import Page
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.access.sign_ins import hash_token
from backend.services.errors import Forbidden, Invalid, NotFound
from backend.services.paging import page_of
from backend.services.sorted_rows import sorted_rows
from backend.services.where_clauses import Conditions, chosen_sort
from backend.tables import ApiToken, Learner
from backend.words import Message
from backend.words.nouns import there_is_no

_SORTS = {"id": (("id", "integer"),), "name": (("lower(name)", "text"), ("id", "integer"))}


def _wire(row: Row) -> Token:
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
        raise Forbidden(Message("A token that is limited to scopes makes no tokens."))
    owner = actor.id
    if data.learner_id is not UNSET and data.learner_id != actor.id:
        require_admin(actor)
        owner = data.learner_id
    if isinstance(data.expires_at, datetime) and data.expires_at <= clock.now():
        raise Invalid.at("expires_at", "past", Message("A token expires in the future."))
    secret = secrets.token_urlsafe(32)
    async with transaction():
        if not await Learner.exists().where(Learner.id == owner):
            raise Invalid.at("learner_id", "unknown", Message("There is no such learner."))
        made = await ApiToken.insert(
            ApiToken(
                learner_id=owner,
                name=data.name,
                token_hash=hash_token(secret),
                scopes=sorted(set(data.scopes)),
                created_at=NOW,
                expires_at=data.expires_at,
            )
        ).returning(*ApiToken.all_columns())
        row = made[0]
        await audit.record(
            actor, "token.create", "token", row["id"], learner_id=owner, scopes=list(data.scopes)
        )
        token = _wire(row)
        token.token = secret
        return token


async def delete_token(actor: Actor, token_id: int) -> None:
    """Revoke a token: one's own, or as a platform admin anybody's."""
    async with transaction():
        deletion = ApiToken.delete().where(ApiToken.id == token_id)
        if not actor.is_admin:
            deletion = deletion.where(ApiToken.learner_id == actor.id)
        if not await deletion.returning(ApiToken.id):
            raise NotFound(there_is_no("token", token_id))
        await audit.record(actor, "token.delete", "token", token_id)
