"""Around every request: an id, a log line, headers that browsers should obey."""

import re
import secrets
import time

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
# What gets a log line: not the front end's files, whose addresses may hold an invitation's token.
LOGGED = ("/api/v1/", "/scim/")
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
# Answers of the API are never pages.
API_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
NOT_STORED = (b"cache-control", b"no-store")

_log = structlog.get_logger("muster.http")


def _request_id(scope: Scope) -> bytes:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return given if GIVEN_ID.fullmatch(given) else secrets.token_hex(8).encode()


class RequestContext:
    """Outermost middleware: what it adds is on errors too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        identity = _request_id(scope)
        status = 0
        started = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _completed(message["headers"], identity)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=identity.decode()):
            try:
                await self.app(scope, receive, send_with_headers)
            finally:
                if scope["type"] == ScopeType.HTTP and scope["path"].startswith(LOGGED):
                    _log.info(
                        "request",
                        method=scope.get("method"),
                        path=scope["path"],
                        status=status,
                        ms=round((time.perf_counter() - started) * 1000, 1),
                    )


def _completed(headers: object, identity: bytes) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = list(headers)  # type: ignore[call-overload]
    names = {name.lower() for name, _ in found}
    found += [(b"x-request-id", identity), *HEADERS]
    found += [pair for pair in (API_POLICY, NOT_STORED) if pair[0] not in names]
    return found
