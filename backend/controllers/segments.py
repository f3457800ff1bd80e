"""`/segments`: named audiences."""

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from backend.controllers import route_rights as rights
from backend.controllers.authentication import CurrentActor
from backend.controllers.parameters import DEFAULT_LIMIT, Cursor, IfMatch, Limit, Search
from backend.index import Follower
from backend.schemas.audience import Segment, SegmentInput, SegmentPatch
from backend.schemas.commons import Page
from backend.services import segments

TAGS = ["Segments"]
CurrentFollower = NamedDependency[Follower]


@get("/segments", operation_id="listSegments", opt=rights.staff(), tags=TAGS)
async def list_segments(
    actor: CurrentActor,
    follower: CurrentFollower,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Segment]:
    """Segments by name, with the number of people each holds now."""
    return await segments.list_segments(actor, follower, q=q, limit=limit, cursor=cursor)


@post("/segments", operation_id="createSegment", opt=rights.admins(), tags=TAGS)
async def create_segment(
    data: JSONBody[SegmentInput], actor: CurrentActor, follower: CurrentFollower
) -> Segment:
    """Name an audience. For platform admins."""
    return await segments.create_segment(actor, follower, data)


@get("/segments/{segment_id:int}", operation_id="getSegment", opt=rights.staff(), tags=TAGS)
async def get_segment(segment_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower) -> Segment:
    """One segment."""
    return await segments.get_segment(actor, follower, segment_id)


@patch("/segments/{segment_id:int}", operation_id="changeSegment", opt=rights.admins(), tags=TAGS)
async def change_segment(
    segment_id: FromPath[int],
    data: JSONBody[SegmentPatch],
    actor: CurrentActor,
    follower: CurrentFollower,
    if_match: IfMatch,
) -> Segment:
    """Change its name or rule; everything that uses it follows. A segment cannot contain itself through others."""
    return await segments.update_segment(actor, follower, segment_id, data, if_match)


@delete("/segments/{segment_id:int}", operation_id="deleteSegment", opt=rights.admins(), tags=TAGS)
async def delete_segment(segment_id: FromPath[int], actor: CurrentActor) -> None:
    """Delete it; 409 with `dependents` while methods or other segments use it."""
    await segments.delete_segment(actor, segment_id)
