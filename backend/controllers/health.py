"""Is this process ready, and how is it doing."""

from importlib.metadata import version

import asyncpg
import prometheus_client
from litestar import Response, get
from litestar.di import NamedDependency

from backend import database, readiness
from backend.controllers.route_options import PUBLIC
from backend.index import Follower
from backend.live import metrics
from backend.schemas.commons import Output

PREFIX = ""
TAGS = ["Operating"]
DatabaseAway = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


class Health(Output):
    """`ok`, what is awaited (`database`, `migrations`, `index`), or `stopping`. `position` is the place in the change log."""

    status: str
    version: str
    position: int


@get("/api/health", operation_id="health", tags=TAGS, opt={PUBLIC: True})
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
    except DatabaseAway:
        return "database"
    return "ok"


@get("/metrics", include_in_schema=False, opt={PUBLIC: True}, media_type="text/plain")
async def show_metrics(follower: NamedDependency[Follower]) -> Response[bytes]:
    """Counters of this process in Prometheus' format, and how far it is behind the change log."""
    metrics.POSITION.set(follower.position)
    try:
        metrics.HEAD.set(await database.fetch_value("SELECT seq FROM log_head"))
    except DatabaseAway:
        metrics.HEAD.set(float("nan"))
    return Response(prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST)
