"""OPTIONS: which methods an address takes. Litestar's own answer names those of the first handler that was registered for it."""

from functools import cache
from typing import cast

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send


class AllowedMethods(ASGIMiddleware):
    """Behind the check of rights: strangers are not told more than by any other request."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Answers OPTIONS, hands on the rest."""
        if cast("HTTPScope", scope)["method"] != "OPTIONS":
            await next_app(scope, receive, send)
            return
        allowed = _by_path(scope["litestar_app"])[scope["path_template"]]
        await send(
            {
                "type": "http.response.start",
                "status": 204,
                "headers": [(b"allow", allowed.encode())],
            }
        )
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@cache
def _by_path(app: Litestar) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            found.setdefault(route.path_format, set()).update(route.methods)
    # HEAD is GET without the body, see request_context.py.
    return {path: ", ".join(sorted(_with_head(methods))) for path, methods in found.items()}


def _with_head(methods: set[str]) -> set[str]:
    return methods | {"HEAD"} if "GET" in methods else methods
