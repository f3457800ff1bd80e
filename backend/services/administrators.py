"""The first admin and the first token: made from the command line, before anybody can sign in."""

import secrets
from collections.abc import Sequence

from backend.database import fetch_value, transaction
from backend.services import audit
from backend.services.actor import SCOPES, SYSTEM
from backend.services.errors import Invalid, NotFound
from backend.services.passwords import hash_password
from backend.services.signing_in import end_access, hash_token
from backend.text import TextError, address_key, clean_address


async def create_administrator(email: str, password: str, *, keep_tokens: bool = False) -> int:
    """Make the person with this e-mail address a platform admin who signs in with `password`; returns their id.

    Somebody who has an account keeps it; their sign-ins end, and their tokens unless they are kept on purpose. Raises `Invalid`.
    """
    try:
        email = clean_address(email)
    except TextError as error:
        raise Invalid.at("email", "email", f"{email!r}: {error}") from None
    hashed = await hash_password(password)
    async with transaction():
        learner_id: int | None = await fetch_value(
            "UPDATE learner SET is_admin = true, password_hash = $2, status = 'active', version = version + 1"
            " WHERE lower(email) = $1 RETURNING id",
            address_key(email),
            hashed,
        )
        if learner_id is None:
            learner_id = await fetch_value(
                "INSERT INTO learner (email, first_name, added_at, is_admin, password_hash)"
                " VALUES ($1, $2, muster_now(), true, $3) RETURNING id",
                email,
                email.partition("@")[0],
                hashed,
            )
        assert learner_id is not None  # noqa: S101 - for the type checker
        await end_access(learner_id, keep_tokens=keep_tokens)
        await audit.record(SYSTEM, "admin.create", "learner", learner_id, email=email)
    return learner_id


async def create_token_for(email: str, *, name: str, scopes: Sequence[str]) -> str:
    """A new API token of the person with this e-mail address; only its hash is kept. Raises `NotFound`, `Invalid`."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        known = ", ".join(SCOPES)
        raise Invalid.at("scopes", "unknown", f"There is no scope {unknown[0]!r}; there are {known}.")
    token = secrets.token_urlsafe(32)
    async with transaction():
        token_id = await fetch_value(
            "INSERT INTO api_token (learner_id, name, token_hash, scopes, created_at)"
            " SELECT id, $2, $3, $4, muster_now() FROM learner"
            " WHERE lower(email) = $1 AND status IN ('invited', 'active') RETURNING id",
            address_key(email),
            name,
            hash_token(token),
            sorted(set(scopes)),
        )
        if token_id is None:
            raise NotFound(f"Nobody who may sign in has the e-mail address {email}.")
        await audit.record(SYSTEM, "token.create", "token", token_id, email=email, scopes=list(scopes))
    return token
