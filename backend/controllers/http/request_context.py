"""Around every request: an id, a log line, a measurement, headers that browsers should obey."""

import re
import secrets
import time

import structlog
from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from prometheus_client import Histogram

from backend.controllers.http.front_end import FOREVER
from backend.runtime.metrics import NAME, process_gauge

GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
# What gets a log line: not the front end's files, whose addresses may hold an invitation's token.
LOGGED = ("/api/v1/", "/scim/")
NO_SNIFFING = (b"x-content-type-options", b"nosniff")
HEADERS = (
    NO_SNIFFING,
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
# Answers of the API are never pages.
API_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
NOT_STORED = (b"cache-control", b"no-store")

METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS")
# Seconds. Few, for each route, method and status has its own.
BUCKETS = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
# How an address is named that is no route: the front end's files and whatever strangers try.
NO_ROUTE = "other"

_durations = Histogram(
    "muster_request_duration_seconds",
    "Requests by route, from their first line to the last byte of the answer",
    ["method", "route", "status"],
    buckets=BUCKETS,
)
_in_progress = process_gauge("muster_requests_in_progress", "Requests under way").labels(NAME)
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
            if scope["type"] == ScopeType.WEBSOCKET:
                await self.app(scope, receive, send_with_headers)
                return
            _in_progress.inc()
            inner = _as_get(scope) if scope["method"] == "HEAD" else scope
            try:
                await self.app(inner, receive, send_with_headers)
            finally:
                _in_progress.dec()
                scope["path_template"] = inner.get("path_template", NO_ROUTE)
                _record(scope, status, time.perf_counter() - started)


def _as_get(scope: HTTPScope) -> HTTPScope:
    """HEAD is GET whose answer the server sends without its body; it goes by the scope that it made itself."""
    return {**scope, "method": HttpMethod.GET}


def _record(scope: Scope, status: int, seconds: float) -> None:
    method = scope.get("method")
    _durations.labels(
        method if method in METHODS else "other",
        # The template of the path: as many series as there are routes.
        scope["path_template"],
        status,
    ).observe(seconds)
    if scope["path"].startswith(LOGGED):
        _log.info("request", method=method, path=scope["path"], status=status, ms=round(seconds * 1000, 1))


def _completed(headers: object, identity: bytes) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = list(headers)  # type: ignore[call-overload]  # ASGI says pairs of bytes
    if (b"cache-control", FOREVER.encode()) in found:
        # What else is said is about pages and answers; on each of thirty files of a page it would be a tenth of what they weigh.
        return [*found, NO_SNIFFING]
    names = {name.lower() for name, _ in found}
    found += [(b"x-request-id", identity), *HEADERS]
    found += [pair for pair in (API_POLICY, NOT_STORED) if pair[0] not in names]
    return found
