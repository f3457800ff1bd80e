"""`/audiences`: questions about a rule. All of them are POST because a rule does not fit into an address."""

from litestar import post

from backend.controllers.route_options import READS
from backend.index import Follower
from backend.schemas.audience import Preview, PreviewRequest
from backend.services import audiences
from backend.services.actor import Actor

TAGS = ["Audiences"]


@post("/audiences/preview", operation_id="previewAudience", tags=TAGS, status_code=200, opt={READS: True})
async def preview_audience(data: PreviewRequest, actor: Actor, follower: Follower) -> Preview:
    """How many people a rule holds, and how each of its parts narrows it."""
    return await audiences.preview(actor, follower, data)
