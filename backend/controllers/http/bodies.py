"""How large the body of a request may be, judged while it is read; and that what is read as JSON says that it is."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import msgspec
from litestar.enums import RequestEncodingType, ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from litestar.types.asgi_types import ReceiveMessage

from backend.controllers.http.json_shape import JsonShape
from backend.controllers.http.route_options import BODY, SAFE_METHODS
from backend.rules.limits import BODY_BYTES, BODY_DEPTH
from backend.services.errors import Malformed, TooLarge, Unavailable, UnsupportedMediaType
from backend.words import Message


class BodyLimit(msgspec.Struct, frozen=True):
    """The most bytes of a body, and the most values (commas and brackets) of JSON in it."""

    size: int
    values: int


# Names, a password, a token: nobody need be signed in, so there is nothing to gain from more.
SIGN_IN = BodyLimit(16 * 1024, 1_000)
# What no route says otherwise: a rule at its limits (100,000 values and 40,000 people) with room.
USUAL = BodyLimit(BODY_BYTES, 250_000)
# A plan over many: hundreds of methods in one, or a pasted list of a hundred thousand addresses.
PLAN = BodyLimit(8 * 1024 * 1024, 500_000)
# 10,000 rows of 200 values. Decoded they take about 150 MB.
BULK = BodyLimit(64 * 1024 * 1024, 2_000_000)

# A body beyond this is large: few of them are read at once, the others wait with their bytes still on the client's side.
LARGE_BYTES = 256 * 1024
# So that large bodies and what is decoded of them keep within about 1 GB a process.
LARGE_AT_ONCE = 4
# Who waits longer for its turn is asked to come back.
TURN_SECONDS = 30.0
_JSON = "application/json"
# Waits for the turn of a large body; whoever gets it releases it.
TakeTurn = Callable[[], Awaitable[asyncio.Semaphore]]


def body_up_to(limit: BodyLimit) -> dict[str, Any]:
    """What a route adds to its `opt` for a limit other than the usual one."""
    return {BODY: limit}


class BodyLimits(ASGIMiddleware):
    """Behind the check of rights, so that a stranger's body is not read at all; around everything that reads one."""

    scopes = (ScopeType.HTTP,)

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(LARGE_AT_ONCE)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Refuses what says beforehand that it is too large or of another type; what does not say is counted."""
        if cast("HTTPScope", scope)["method"] in SAFE_METHODS:
            await next_app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        handler = scope["route_handler"]
        limit: BodyLimit = handler.opt.get(BODY, USUAL)
        announced = _announced(headers)
        if announced == 0:
            await next_app(scope, receive, send)
            return
        if announced is not None and announced > limit.size:
            raise _too_large(limit)
        is_json = not _takes_forms(handler)
        if is_json:
            _require_json(headers)
        body = _Body(
            receive,
            limit,
            self._turn,
            shape=JsonShape(depth=BODY_DEPTH, values=limit.values) if is_json else None,
        )
        try:
            await next_app(scope, body.receive, send)
        finally:
            body.release()

    async def _turn(self) -> asyncio.Semaphore:
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise Unavailable(
                Message("Too many large requests are being read. Try again in a moment."),
                headers={"Retry-After": "5"},
            ) from None
        return self._turns


class _Body:
    """The body of one request on its way in."""

    def __init__(self, receive: Receive, limit: BodyLimit, turn: TakeTurn, shape: JsonShape | None) -> None:
        self._receive, self._limit, self._turn, self._shape = receive, limit, turn, shape
        self._read, self._more = 0, True
        # What is not large is judged by the decoder alone: nothing of it takes long or much memory.
        self._unjudged: list[bytes] = []
        self._held: asyncio.Semaphore | None = None

    async def receive(self) -> ReceiveMessage:
        """The next piece. Raises `TooLarge`, `Malformed` or `Unavailable`."""
        message = await self._receive()
        if message["type"] == "http.request":
            if message["body"]:
                await self._take(message["body"])
        elif self._more:
            # Nobody reads the answer; Litestar alone would take it for an error of ours.
            raise Malformed(Message("The connection ended before the body did."))
        self._more = message["type"] == "http.request" and message["more_body"]
        return message

    async def _take(self, piece: bytes) -> None:
        self._read += len(piece)
        if self._read > self._limit.size:
            raise _too_large(self._limit)
        if self._read <= LARGE_BYTES:
            self._unjudged.append(piece)
            return
        if self._held is None:
            self._held = await self._turn()
        if self._shape is not None:
            for one in (*self._unjudged, piece):
                self._shape.feed(one)
        self._unjudged = []

    def release(self) -> None:
        """The request is over."""
        if self._held is not None:
            self._held.release()


def _announced(headers: Mapping[bytes, bytes]) -> int | None:
    """The bytes that the client says it sends; None for a body of unknown size."""
    if b"transfer-encoding" in headers:
        return None
    said = headers.get(b"content-length", b"0").strip()
    return int(said) if said.isdigit() else None


def _takes_forms(handler: Any) -> bool:
    field = handler.parsed_data_field
    definition = field.kwarg_definition if field is not None else None
    return getattr(definition, "media_type", None) == RequestEncodingType.MULTI_PART


def _require_json(headers: Mapping[bytes, bytes]) -> None:
    """A page of another site can send a form or plain text without asking; JSON it cannot."""
    kind = headers.get(b"content-type", b"").split(b";", 1)[0].strip().lower().decode("latin-1")
    if kind != _JSON and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType(
            Message(
                "This request has a body of type “{kind}”: send JSON, with Content-Type: {json}.",
                kind=kind or "unknown",
                json=_JSON,
            )
        )


def _too_large(limit: BodyLimit) -> TooLarge:
    return TooLarge(Message("The body of this request has more than {size:,} bytes.", size=limit.size))
