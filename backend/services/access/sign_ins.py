"""Signing in and out, and telling who a cookie or a token belongs to."""

import hashlib
import secrets
from datetime import timedelta

import msgspec
from piccolo.query.functions.string import Lower

from backend.database import NOW, any_of, fetch_row, transaction
from backend.runtime import clock
from backend.services.access import audit, known_devices, statements
from backend.services.access.actor import Actor
from backend.services.access.passwords import hash_password, password_matches
from backend.services.access.throttling import count_attempt, forget_attempts, sign_in_keys
from backend.services.errors import Forbidden, Invalid, NotFound, NotSignedIn
from backend.tables import ApiToken, Invitation, Learner, SignIn
from backend.text import address_key
from backend.words import Message

COOKIE = "muster_session"
SIGNED_IN_FOR = timedelta(days=14)
# How often `seen_at` is brought up to date: a write for every request would be one too many.
SEEN_EVERY = timedelta(minutes=5)
# Learners of any other status are nobody.
MAY_SIGN_IN = ("invited", "active")


class Origin(msgspec.Struct, frozen=True):
    """Where an attempt to sign in comes from: its address, the device's cookie, and the secret that signs such cookies."""

    address: str
    device: str | None
    secret: str


class SignedIn(msgspec.Struct, frozen=True):
    """The values of both cookies."""

    session: str
    device: str


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
        sql = statements.BY_COOKIE_WITH_LOG if with_log else statements.BY_COOKIE
    else:
        sql = statements.BY_TOKEN_WITH_LOG if with_log else statements.BY_TOKEN
    row = await fetch_row(sql, hash_token(secret))
    if row is None:
        return None
    sign_in_id, token_id = row.get("sign_in_id"), row.get("token_id")
    if row["seen_at"] is None or clock.now() - row["seen_at"] > SEEN_EVERY:
        if sign_in_id is not None:
            await SignIn.update({SignIn.seen_at: NOW}).where(SignIn.id == sign_in_id)
        else:
            await ApiToken.update({ApiToken.used_at: NOW}).where(ApiToken.id == token_id)
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
            await SignIn.delete().where(SignIn.token_hash == hash_token(previous))
        await SignIn.delete().where(SignIn.learner_id == learner_id, SignIn.expires_at <= NOW)
        await SignIn.insert(
            SignIn(
                token_hash=hash_token(secret),
                learner_id=learner_id,
                created_at=NOW,
                seen_at=NOW,
                expires_at=NOW + SIGNED_IN_FOR,
            )
        )
    return secret


async def sign_in(origin: Origin, email: str, password: str, *, previous: str | None = None) -> SignedIn:
    """Check the password and return new cookies. Raises `TooMany` or `NotSignedIn`, the same for every reason."""
    account = address_key(email)
    device = known_devices.known(origin.device, account, origin.secret)
    keys = sign_in_keys(account, origin.address, device)
    await count_attempt(*keys)
    row = (
        await Learner.select(Learner.id, Learner.password_hash)
        .where(Lower(Learner.email) == account, any_of(Learner.status, MAY_SIGN_IN))
        .first()
    )
    if not await password_matches(row["password_hash"] if row else None, password) or row is None:
        raise NotSignedIn(Message("The e-mail address or the password is not right."))
    await forget_attempts(*keys)
    return SignedIn(
        session=await start_session(row["id"], previous),
        device=known_devices.remembered(origin.device, account, origin.secret),
    )


async def sign_out(cookie: str | None) -> None:
    """End the sign-in of this cookie."""
    if cookie:
        await SignIn.delete().where(SignIn.token_hash == hash_token(cookie))


async def change_password(actor: Actor, current: str, new: str, *, keep_tokens: bool = False) -> None:
    """Set one's own password and end one's other sign-ins, and one's tokens unless they are kept on purpose."""
    if actor.via != "cookie":
        raise Forbidden(Message("A password is changed by the person who is signed in with it."))
    # Whoever is signed in has a count of their own: nobody else's guesses are in it.
    guessing = f"account:password:{actor.id}"
    await count_attempt(guessing)
    own = await Learner.select(Learner.password_hash).where(Learner.id == actor.id).first()
    if not await password_matches(own["password_hash"] if own else None, current):
        raise Invalid.at("current", "wrong", Message("This is not your current password."))
    hashed = await hash_password(new, "new")
    await forget_attempts(guessing)
    async with transaction():
        await Learner.update({Learner.password_hash: hashed}).where(Learner.id == actor.id)
        await end_access(actor.id, but=actor.sign_in_id, keep_tokens=keep_tokens)
        await audit.record(actor, "password.change", "learner", actor.id, keep_tokens=keep_tokens)


async def end_access(learner_id: int, *, but: int | None = None, keep_tokens: bool = False) -> None:
    """End all sign-ins of a person but one, and their tokens: whoever had found out the old password is out."""
    ended = SignIn.learner_id == learner_id
    await SignIn.delete().where(ended if but is None else ended & (SignIn.id != but))
    if not keep_tokens:
        await ApiToken.delete().where(ApiToken.learner_id == learner_id)


_INVALID_INVITATION = Message("This invitation is not valid any more. Ask for a new one.")


async def is_invitation(token: str) -> bool:
    """Whether the invitation can still be accepted."""
    return await fetch_row(statements.INVITED, hash_token(token)) is not None


async def invited_person(token: str) -> dict[str, str]:
    """Who an invitation is for: e-mail, names, language. Raises `NotFound`."""
    row = await fetch_row(statements.INVITED, hash_token(token))
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
        row = await fetch_row(f"{statements.INVITED} FOR UPDATE", hash_token(token))
        if row is None:
            raise NotFound(_INVALID_INVITATION)
        await Learner.update(
            {
                Learner.password_hash: hashed,
                Learner.status: "active",
                Learner.version: Learner.version + 1,
            }
        ).where(Learner.id == row["id"])
        await Invitation.delete().where(Invitation.learner_id == row["id"])
        await end_access(row["id"], keep_tokens=keep_tokens)
        await audit.record(Actor(id=row["id"]), "invitation.accept", "learner", row["id"])
        return await start_session(row["id"], previous)


async def forget_ended_access() -> None:
    """Drop sign-ins and invitations past their time, and what people who may not sign in had; run on a schedule."""
    await SignIn.delete().where(SignIn.expires_at <= NOW)
    await Invitation.delete().where(Invitation.expires_at <= NOW)
    gone = Learner.select(Learner.id).where(Learner.status.not_in(list(MAY_SIGN_IN)))
    await SignIn.delete().where(SignIn.learner_id.is_in(gone))
    await ApiToken.delete().where(ApiToken.learner_id.is_in(gone))
