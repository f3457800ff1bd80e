"""How is Muster doing."""

import asyncio

from litestar import Response, get
from litestar.di import NamedDependency

from backend.controllers.http import route_rights as rights
from backend.runtime import metrics
from backend.services.operations.database_metrics import Measuring

PREFIX = ""


@get("/metrics", include_in_schema=False, opt=rights.public(), media_type="text/plain")
async def show_metrics(measuring: NamedDependency[Measuring]) -> Response[bytes]:
    """What all processes of this supervisor measure, and what the database knows, in Prometheus' format."""
    families = await measuring.families()
    # Writing them out takes as long as reading them: both beside the event loop.
    return Response(await asyncio.to_thread(metrics.exposition, families), media_type=metrics.CONTENT_TYPE)
