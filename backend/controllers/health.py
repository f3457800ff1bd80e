"""Is this process ready, and how is it doing."""

from importlib.metadata import version
from typing import Any

from litestar import Response, get

from backend import database
from backend.controllers.route_options import PUBLIC
from backend.schemas.commons import Output

PREFIX = ""


class Health(Output):
    """`ok` once migrations ran and the index has caught up; before that 503 says what is awaited."""

    status: str
    version: str
    position: int | None


@get("/api/health", operation_id="health", tags=["operating"], opt={PUBLIC: True}, cache_control=None)
async def health(follower: Any) -> Response[Health]:
    """200 once this process can answer truthfully, 503 before."""
    status = "ok"
    try:
        if await database.pending_migrations():
            status = "migrating"
    except Exception:  # noqa: BLE001 - whatever is wrong with the database, the answer is the same
        status = "database"
    position = None if follower is None else follower.position
    return Response(
        Health(status=status, version=version("muster"), position=position),
        status_code=200 if status == "ok" else 503,
    )
