"""Is this process ready."""

from importlib.metadata import version

from litestar import Response, get
from litestar.di import NamedDependency

from backend import database, readiness
from backend.controllers import route_rights as rights
from backend.index import Follower
from backend.schemas.commons import Output
from backend.services.measuring import DATABASE_AWAY

PREFIX = ""
TAGS = ["Operating"]


class Health(Output):
    """`ok`, what is awaited (`database`, `migrations`, `index`), or `stopping`. `position` is the place in the change log."""

    status: str
    version: str
    position: int


@get("/api/health", operation_id="health", opt=rights.public(), tags=TAGS)
async def health(follower: NamedDependency[Follower]) -> Response[Health]:
    """200 once this process can answer truthfully, 503 before, and while it ends."""
    status = await _awaited(follower)
    answer = Health(status=status, version=version("muster"), position=follower.position)
    return Response(answer, status_code=200 if status == "ok" else 503)


async def _awaited(follower: Follower) -> str:
    if readiness.patience() is not None:
        return "stopping"
    try:
        if not follower.loaded.is_set():
            # Looked for only until the index stands on the migrated schema.
            return "migrations" if await database.pending_migrations() else "index"
        await database.fetch_value("SELECT 1")
    except DATABASE_AWAY:
        return "database"
    return "ok"
