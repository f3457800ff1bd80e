"""Every route says who may call it, and the middleware keeps to that."""

import pytest
from litestar import Litestar, get

from backend.app import create_app
from backend.commands.openapi import _nothing
from backend.controllers.http.openapi import complete
from backend.controllers.http.route_rights import admins, require_declared


@get("/silent")
async def silent() -> None:
    """A route whose author forgot to say."""


@get("/said", opt=admins())
async def said() -> None:
    """A route that says it."""


def test_an_application_with_a_silent_route_does_not_start() -> None:
    require_declared(Litestar([said]).routes)
    with pytest.raises(RuntimeError, match=r"declare no rights .*/silent"):
        require_declared(Litestar([said, silent]).routes)


def test_every_operation_of_the_document_says_who_may_call_it() -> None:
    app = create_app(_nothing())
    document = complete(app.openapi_schema.to_schema(), app)
    silent_ones = [
        (path, name)
        for path, item in document["paths"].items()
        for name, operation in item.items()
        if name in ("get", "post", "put", "patch", "delete") and "x-rights" not in operation
    ]
    assert silent_ones == []
