"""`Idempotency-Key`: a write with a key runs in one transaction together with the key and its answer."""

import gzip

import msgspec
from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from backend.controllers.http.languages import reading_language
from backend.controllers.http.problems import MEDIA_TYPE, problem_body, to_muster_error
from backend.controllers.http.route_options import SAFE_METHODS, UNREPEATABLE
from backend.controllers.http.route_rights import rights_of
from backend.database import transaction
from backend.services.access import idempotency
from backend.services.access.idempotency import Answer

REPLAYED = (b"idempotent-replayed", b"true")


class _Refused(Exception):
    """The handler answered with an error: undo what it did, and let the key be used again."""


class IdempotencyMiddleware(ASGIMiddleware):
    """Holds the answer back until it is committed.

    Therefore a service behind a route with a key never sees its own writes sequenced: catch up before writing. A route
    that has to commit in the middle says `opt={UNREPEATABLE: True}` and sees to its own idempotency.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Everything without a key, an actor or an effect passes through."""
        key = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"idempotency-key"), None)
        opt = scope["route_handler"].opt
        actor = scope.get("user")
        if (
            key is None
            or actor is None
            or scope["method"] in SAFE_METHODS  # type: ignore[typeddict-item]  # only HTTP comes here
            or rights_of(opt).reads
            or opt.get(UNREPEATABLE)
        ):
            await next_app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        request_hash = idempotency.hash_request(
            scope["method"],  # type: ignore[typeddict-item]  # only HTTP comes here
            scope["path"],
            scope["query_string"],
            body,
        )
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        try:
            async with transaction():
                answer = await idempotency.begin(actor, key, request_hash)
                if answer is not None:
                    held = _replay(answer)
                else:
                    await next_app(scope, receive, hold)
                    await idempotency.finish(actor, key, _answer(held))
        except _Refused:
            pass
        except Exception as error:
            if not held:
                raise
            # The commit failed: Litestar believes that the answer it sees was sent, and would say nothing but 500.
            held = _problem(error, reading_language(Request(scope)))
        for message in held:
            await send(message)


def _answer(held: list[Message]) -> Answer:
    status, headers = 500, {}
    for message in held:
        if message["type"] == "http.response.start":
            status, headers = message["status"], dict(message["headers"])
    if status >= 400:
        raise _Refused
    body = b"".join(m.get("body", b"") for m in held if m["type"] == "http.response.body")
    if headers.get(b"content-encoding") == b"gzip":
        # Whoever repeats the request may not take what the first one took.
        body = gzip.decompress(body)
    run = headers.get(b"run", b"").decode("latin-1")
    return Answer(
        status,
        body,
        headers.get(b"content-type", b"").decode("latin-1"),
        int(run) if run.isdecimal() else None,
    )


def _problem(error: Exception, language: str) -> list[Message]:
    found = to_muster_error(error)
    body = msgspec.json.encode(problem_body(found, language))
    headers = {**found.headers, "content-type": MEDIA_TYPE, "content-length": str(len(body))}
    return [
        {
            "type": "http.response.start",
            "status": found.status,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        },
        {"type": "http.response.body", "body": body, "more_body": False},
    ]


def _replay(answer: Answer) -> list[Message]:
    headers = [(b"content-length", str(len(answer.body)).encode()), REPLAYED]
    if answer.run_id is not None:
        headers.append((b"run", str(answer.run_id).encode()))
    if answer.media_type:
        headers.append((b"content-type", answer.media_type.encode("latin-1")))
    return [
        {"type": "http.response.start", "status": answer.status, "headers": headers},
        {"type": "http.response.body", "body": answer.body, "more_body": False},
    ]
