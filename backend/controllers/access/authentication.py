"""Who is asking, on HTTP and on sockets: cookie or bearer token, Origin, scopes."""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection, Request
from litestar.datastructures import Cookie
from litestar.di import NamedDependency, Provide
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from backend.controllers.http.allowed_methods import AllowedMethods
from backend.controllers.http.bodies import BodyLimits
from backend.controllers.http.confirming import provide_confirmation
from backend.controllers.http.idempotency_middleware import IdempotencyMiddleware
from backend.controllers.http.languages import asked_language
from backend.controllers.http.parameters import provide_if_match
from backend.controllers.http.route_options import COUNTS, SAFE_METHODS
from backend.controllers.http.route_rights import rights_of
from backend.services.access import known_devices
from backend.services.access.actor import READ, SCIM, WRITE, Actor
from backend.services.access.covered_groups import organises
from backend.services.access.rights import require_admin
from backend.services.access.sign_ins import COOKIE, SIGNED_IN_FOR, authenticate
from backend.services.errors import Forbidden, Invalid, NotSignedIn
from backend.words import Message

# What is below these is for who is signed in; health, metrics, the OpenAPI document and the front end are for all.
GUARDED = ("/api/v1/", "/scim/")

Connection = ASGIConnection[Any, Any, Any, Any]
# How handlers ask for the acting learner: `actor: CurrentActor`.
CurrentActor = NamedDependency[Actor]


def bearer_of(headers: Mapping[str, str]) -> str | None:
    """The bearer token, or None; an empty string for another kind of authorization, which is nobody's."""
    given = headers.get("authorization")
    if given is None:
        return None
    kind, _, token = given.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def origin_allowed(connection: Connection) -> bool:
    """Whether the browser's page is ours: its Origin is the host it asks, or `app.state.base_url`.

    Programs send no Origin; browsers always do on what could harm.
    """
    origin = connection.headers.get("origin")
    if origin is None:
        return connection.headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    base_url = urlsplit(connection.app.state.get("base_url") or "")
    ours = {connection.headers.get("host", "").lower(), base_url.netloc.lower()} - {""}
    return urlsplit(origin).netloc.lower() in ours


async def actor_of(connection: Connection, *, with_log: bool = False) -> Actor | None:
    """Whoever makes this request or opens this socket; `with_log` as for `authenticate`."""
    actor = await authenticate(
        cookie=connection.cookies.get(COOKIE), bearer=bearer_of(connection.headers), with_log=with_log
    )
    if actor is not None:
        actor.asked_language = asked_language(connection)
    return actor


class Authentication(ASGIMiddleware):
    """Every route of the API: somebody, from our own page, with the token's scope and the role that the route declares.

    Those are in `route_rights.py`. Puts the `Actor` (or None) in `scope["user"]`, where `request.user` finds it. Sockets check for themselves, after
    accepting: browsers could not read the reason otherwise.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Refuses also NUL in the address, where no route could take it."""
        if scope["path"].startswith(GUARDED):
            if b"%00" in scope["query_string"] or "\0" in scope["path"]:
                raise Invalid.at("query", "nul", Message("A text cannot contain the character U+0000."))
            connection: Connection = ASGIConnection(scope)
            opt = scope["route_handler"].opt
            actor = scope["user"] = await actor_of(connection, with_log=COUNTS in opt)
            await _check(connection, actor, cast("HTTPScope", scope)["method"], opt)
        await next_app(scope, receive, send)


async def _check(connection: Connection, actor: Actor | None, method: str, opt: Mapping[str, Any]) -> None:
    # With a bearer token the page knows a secret; with a cookie, or before there is one (sign-in), any page could ask.
    if method not in SAFE_METHODS and not bearer_of(connection.headers) and not origin_allowed(connection):
        raise Forbidden(Message("This request came from another site."))
    rights = rights_of(opt)
    if rights.role == "public":
        return
    if actor is None:
        raise NotSignedIn
    if connection.scope["path"].startswith("/scim"):
        needed = SCIM
    else:
        needed = READ if method in SAFE_METHODS or rights.reads else WRITE
    if not actor.allows(needed):
        raise Forbidden(Message("This token does not cover the scope “{needed}”.", needed=needed))
    if rights.role == "admin":
        require_admin(actor)
    elif rights.role == "staff" and not await organises(actor):
        raise Forbidden(Message("This is for those who organise learning for others."))


def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """The dependency `actor` of every route that is not public."""
    actor: Actor | None = request.user
    if actor is None:
        raise NotSignedIn
    return actor


def session_cookie(connection: Connection, secret: str | None) -> Cookie:
    """The cookie that carries a sign-in; without a secret, one that ends it."""
    return _cookie(connection, COOKIE, secret or "", int(SIGNED_IN_FOR.total_seconds()) if secret else 0)


def device_cookie(connection: Connection, value: str) -> Cookie:
    """The cookie by which a device is known again: it signs nobody in, see `services/access/known_devices.py`."""
    return _cookie(connection, known_devices.COOKIE, value, int(known_devices.KEPT_FOR.total_seconds()))


def _cookie(connection: Connection, key: str, value: str, seconds: int) -> Cookie:
    # A proxy that speaks TLS for us need not say so: what MUSTER_BASE_URL says is where people are.
    base_url = urlsplit(connection.app.state.get("base_url") or "")
    secure = "https" in {base_url.scheme, connection.url.scheme}
    return Cookie(
        key=key, value=value, path="/", httponly=True, samesite="lax", secure=secure, max_age=seconds
    )


def middleware() -> list[ASGIMiddleware]:
    """From the outside in, for one application: nobody's body is read before it is known who sends it."""
    return [Authentication(), AllowedMethods(), BodyLimits(), IdempotencyMiddleware()]


DEPENDENCIES = {
    "actor": Provide(provide_actor, sync_to_thread=False),
    "if_match": Provide(provide_if_match, sync_to_thread=False),
    "confirmation": Provide(provide_confirmation, sync_to_thread=False),
}
