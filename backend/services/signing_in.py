"""Signing in and out, and telling who a cookie or a token belongs to."""

import hashlib
import secrets
from datetime import timedelta

import msgspec

from backend import clock
from backend.database import execute, fetch_row, fetch_value, transaction
from backend.index.following import COMMITTED
from backend.services import audit, devices
from backend.services.actor import Actor
from backend.services.errors import Forbidden, Invalid, NotFound, NotSignedIn
from backend.services.passwords import hash_password, password_matches
from backend.services.throttling import count_attempt, forget_attempts, sign_in_keys
from backend.text import address_key

COOKIE = "muster_session"
SIGNED_IN_FOR = timedelta(days=14)
# How often `seen_at` is brought up to date: a write for every request would be one too many.
SEEN_EVERY = timedelta(minutes=5)


class Origin(msgspec.Struct, frozen=True):
    """Where an attempt to sign in comes from: its address, the device's cookie, and the secret that signs such cookies."""

    address: str
    device: str | None
    secret: str


class SignedIn(msgspec.Struct, frozen=True):
    """The values of both cookies."""

    session: str
    device: str


_LEARNER = "l.id, l.is_admin, l.email, l.first_name, l.last_name, l.language"
_FROM_COOKIE = f"""
SELECT {_LEARNER}, s.id AS sign_in_id, ARRAY[]::text[] AS scopes, s.seen_at, {{committed}}
FROM sign_in s JOIN learner l ON l.id = s.learner_id
WHERE s.token_hash = $1 AND s.expires_at > muster_now() AND l.status IN ('invited', 'active')
"""
_FROM_TOKEN = f"""
SELECT {_LEARNER}, t.id AS token_id, t.scopes, t.used_at AS seen_at, {{committed}}
FROM api_token t JOIN learner l ON l.id = t.learner_id
WHERE t.token_hash = $1 AND (t.expires_at IS NULL OR t.expires_at > muster_now())
  AND l.status IN ('invited', 'active')
"""
_NOT_ASKED = "NULL AS newest, NULL AS head"
_BY_COOKIE, _BY_TOKEN = (sql.format(committed=_NOT_ASKED) for sql in (_FROM_COOKIE, _FROM_TOKEN))
_BY_COOKIE_WITH_LOG, _BY_TOKEN_WITH_LOG = (
    sql.format(committed=COMMITTED) for sql in (_FROM_COOKIE, _FROM_TOKEN)
)


def hash_token(token: str) -> bytes:
    """What is stored of a token: enough entropy is in it that a plain hash does."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


async def authenticate(
    *, cookie: str | None = None, bearer: str | None = None, with_log: bool = False
) -> Actor | None:
    """Whoever the cookie's or the bearer token's value belongs to, or None. A bearer token takes precedence.

    Only learners who are invited or active are anybody. `with_log`: ask in the same query what is committed (`Actor.committed`).
    """
    secret = bearer if bearer is not None else cookie
    if not secret:
        return None
    if bearer is None:
        sql = _BY_COOKIE_WITH_LOG if with_log else _BY_COOKIE
    else:
        sql = _BY_TOKEN_WITH_LOG if with_log else _BY_TOKEN
    row = await fetch_row(sql, hash_token(secret))
    if row is None:
        return None
    sign_in_id, token_id = row.get("sign_in_id"), row.get("token_id")
    if row["seen_at"] is None or clock.now() - row["seen_at"] > SEEN_EVERY:
        if sign_in_id is not None:
            await execute("UPDATE sign_in SET seen_at = muster_now() WHERE id = $1", sign_in_id)
        else:
            await execute("UPDATE api_token SET used_at = muster_now() WHERE id = $1", token_id)
    return Actor(
        id=row["id"],
        is_admin=row["is_admin"],
        email=row["email"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        language=row["language"],
        scopes=frozenset(row["scopes"]),
        via="cookie" if bearer is None else "token",
        sign_in_id=sign_in_id,
        token_id=token_id,
        committed=(row["newest"], row["head"]) if with_log else None,
    )


async def start_session(learner_id: int, previous: str | None = None) -> str:
    """Sign `learner_id` in under a new secret, and end the sign-in of the `previous` cookie: returns the new cookie."""
    secret = secrets.token_urlsafe(32)
    async with transaction():
        if previous:
            await execute("DELETE FROM sign_in WHERE token_hash = $1", hash_token(previous))
        await execute("DELETE FROM sign_in WHERE learner_id = $1 AND expires_at <= muster_now()", learner_id)
        await execute(
            "INSERT INTO sign_in (token_hash, learner_id, created_at, seen_at, expires_at)"
            " VALUES ($1, $2, muster_now(), muster_now(), muster_now() + $3)",
            hash_token(secret),
            learner_id,
            SIGNED_IN_FOR,
        )
    return secret


async def sign_in(origin: Origin, email: str, password: str, *, previous: str | None = None) -> SignedIn:
    """Check the password and return new cookies. Raises `TooMany` or `NotSignedIn`, the same for every reason."""
    account = address_key(email)
    device = devices.known(origin.device, account, origin.secret)
    keys = sign_in_keys(account, origin.address, device)
    await count_attempt(*keys)
    row = await fetch_row(
        "SELECT id, password_hash FROM learner WHERE lower(email) = $1 AND status IN ('invited', 'active')",
        account,
    )
    if not await password_matches(row["password_hash"] if row else None, password) or row is None:
        raise NotSignedIn("The e-mail address or the password is not right.")
    await forget_attempts(*keys)
    return SignedIn(
        session=await start_session(row["id"], previous),
        device=devices.remembered(origin.device, account, origin.secret),
    )


async def sign_out(cookie: str | None) -> None:
    """End the sign-in of this cookie."""
    if cookie:
        await execute("DELETE FROM sign_in WHERE token_hash = $1", hash_token(cookie))


async def change_password(actor: Actor, current: str, new: str, *, keep_tokens: bool = False) -> None:
    """Set one's own password and end one's other sign-ins, and one's tokens unless they are kept on purpose."""
    if actor.via != "cookie":
        raise Forbidden("A password is changed by the person who is signed in with it.")
    # Whoever is signed in has a count of their own: nobody else's guesses are in it.
    guessing = f"account:password:{actor.id}"
    await count_attempt(guessing)
    stored = await fetch_value("SELECT password_hash FROM learner WHERE id = $1", actor.id)
    if not await password_matches(stored, current):
        raise Invalid.at("current", "wrong", "This is not your current password.")
    hashed = await hash_password(new, "new")
    await forget_attempts(guessing)
    async with transaction():
        await execute("UPDATE learner SET password_hash = $2 WHERE id = $1", actor.id, hashed)
        await end_access(actor.id, but=actor.sign_in_id, keep_tokens=keep_tokens)
        await audit.record(actor, "password.change", "learner", actor.id, keep_tokens=keep_tokens)


async def end_access(learner_id: int, *, but: int | None = None, keep_tokens: bool = False) -> None:
    """End all sign-ins of a person but one, and their tokens: whoever had found out the old password is out."""
    await execute("DELETE FROM sign_in WHERE learner_id = $1 AND id IS DISTINCT FROM $2", learner_id, but)
    if not keep_tokens:
        await execute("DELETE FROM api_token WHERE learner_id = $1", learner_id)


_INVITED = """
SELECT l.id, l.email, l.first_name, l.last_name, l.language
FROM invitation i JOIN learner l ON l.id = i.learner_id
WHERE i.token_hash = $1 AND i.expires_at > muster_now() AND l.status IN ('invited', 'active')
"""
_INVALID_INVITATION = "This invitation is not valid any more. Ask for a new one."


async def create_invitation(learner_id: int, valid_for: timedelta = timedelta(days=30)) -> str:
    """A new secret for the invitation's link; earlier ones stay valid until they expire."""
    secret = secrets.token_urlsafe(32)
    await execute(
        "INSERT INTO invitation (token_hash, learner_id, created_at, expires_at)"
        " VALUES ($1, $2, muster_now(), muster_now() + $3)",
        hash_token(secret),
        learner_id,
        valid_for,
    )
    return secret


async def is_invitation(token: str) -> bool:
    """Whether the invitation can still be accepted."""
    return await fetch_row(_INVITED, hash_token(token)) is not None


async def invited_person(token: str) -> dict[str, str]:
    """Who an invitation is for: e-mail, names, language. Raises `NotFound`."""
    row = await fetch_row(_INVITED, hash_token(token))
    if row is None:
        raise NotFound(_INVALID_INVITATION)
    return {name: row[name] for name in ("email", "first_name", "last_name", "language")}


async def accept_invitation(
    token: str, password: str, *, previous: str | None = None, keep_tokens: bool = False
) -> str:
    """Set the password of whoever was invited, make them active and sign them in: returns the cookie."""
    await invited_person(token)
    hashed = await hash_password(password)
    async with transaction():
        row = await fetch_row(f"{_INVITED} FOR UPDATE", hash_token(token))
        if row is None:
            raise NotFound(_INVALID_INVITATION)
        await execute(
            "UPDATE learner SET password_hash = $2, status = 'active', version = version + 1 WHERE id = $1",
            row["id"],
            hashed,
        )
        await execute("DELETE FROM invitation WHERE learner_id = $1", row["id"])
        await end_access(row["id"], keep_tokens=keep_tokens)
        await audit.record(Actor(id=row["id"]), "invitation.accept", "learner", row["id"])
        return await start_session(row["id"], previous)


async def forget_ended_access() -> None:
    """Drop sign-ins and invitations past their time, and what people who may not sign in had; run on a schedule."""
    await execute("DELETE FROM sign_in WHERE expires_at <= muster_now()")
    await execute("DELETE FROM invitation WHERE expires_at <= muster_now()")
    for table in ("sign_in", "api_token"):
        await execute(
            f"DELETE FROM {table} USING learner l WHERE l.id = {table}.learner_id AND l.status NOT IN ('invited', 'active')"
        )
