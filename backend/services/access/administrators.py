"""The first admin and the first token: made from the command line, before anybody can sign in."""

import secrets
from collections.abc import Sequence

from piccolo.query.functions.string import Lower

from backend.database import NOW, any_of, transaction
from backend.services.access import audit
from backend.services.access.actor import SCOPES, SYSTEM
from backend.services.access.passwords import hash_password
from backend.services.access.sign_ins import MAY_SIGN_IN, end_access, hash_token
from backend.services.errors import Invalid, NotFound
from backend.tables import ApiToken, Learner
from backend.text import TextError, address_key, clean_address
from backend.words import Message


async def create_administrator(email: str, password: str, *, keep_tokens: bool = False) -> int:
    """Make the person with this e-mail address a platform admin who signs in with `password`; returns their id.

    Somebody who has an account keeps it; their sign-ins end, and their tokens unless they are kept on purpose. Raises `Invalid`.
    """
    try:
        email = clean_address(email)
    except TextError as error:
        raise Invalid.at(
            "email", "email", Message("{email!r}: {error}", email=email, error=error.message)
        ) from None
    hashed = await hash_password(password)
    async with transaction():
        changed = (
            await Learner.update(
                {
                    Learner.is_admin: True,
                    Learner.password_hash: hashed,
                    Learner.status: "active",
                    Learner.version: Learner.version + 1,
                }
            )
            .where(Lower(Learner.email) == address_key(email))
            .returning(Learner.id)
        )
        made = changed or await Learner.insert(
            Learner(
                email=email,
                first_name=email.partition("@")[0],
                added_at=NOW,
                is_admin=True,
                password_hash=hashed,
            )
        ).returning(Learner.id)
        learner_id: int = made[0]["id"]
        await end_access(learner_id, keep_tokens=keep_tokens)
        await audit.record(SYSTEM, "admin.create", "learner", learner_id, email=email)
    return learner_id


async def create_token_for(email: str, *, name: str, scopes: Sequence[str]) -> str:
    """A new API token of the person with this e-mail address; only its hash is kept. Raises `NotFound`, `Invalid`."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        known = ", ".join(SCOPES)
        raise Invalid.at(
            "scopes",
            "unknown",
            Message("There is no scope {scope!r}; there are {known}.", scope=unknown[0], known=known),
        )
    token = secrets.token_urlsafe(32)
    async with transaction():
        owner = (
            await Learner.select(Learner.id)
            .where(Lower(Learner.email) == address_key(email), any_of(Learner.status, MAY_SIGN_IN))
            .first()
        )
        if owner is None:
            raise NotFound(Message("Nobody who may sign in has the e-mail address {email}.", email=email))
        made = await ApiToken.insert(
            ApiToken(
                learner_id=owner["id"],
                name=name,
                token_hash=hash_token(token),
                scopes=sorted(set(scopes)),
                created_at=NOW,
            )
        ).returning(ApiToken.id)
        await audit.record(SYSTEM, "token.create", "token", made[0]["id"], email=email, scopes=list(scopes))
    return token
