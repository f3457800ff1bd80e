"""`/segments`: named audiences."""

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.confirming import IfConsequences, act
from backend.controllers.http.parameters import DEFAULT_LIMIT, CurrentFollower, Cursor, IfMatch, Limit, Search
from backend.schemas.base import Page
from backend.schemas.consequence_acts import DeleteSegment, EditSegment
from backend.schemas.problem import Dependents
from backend.schemas.segments import Segment, SegmentChange, SegmentInput
from backend.services.audiences import segments

TAGS = ["Segments"]


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
    data: JSONBody[SegmentChange],
    actor: CurrentActor,
    if_match: IfMatch,
    confirmation: IfConsequences,
) -> Response[Segment]:
    """Change its name or rule; everything that uses it follows. A segment cannot contain itself through others."""
    return await confirmation.carry_out(
        act(EditSegment, data, id=segment_id),
        lambda follower: segments.change_segment(actor, follower, segment_id, data, if_match),
    )


@get(
    "/segments/{segment_id:int}/dependents",
    operation_id="listSegmentDependents",
    opt=rights.admins(),
    tags=TAGS,
)
async def list_dependents(segment_id: FromPath[int], actor: CurrentActor) -> Dependents:
    """What refers to it: what deleting it would break, with the sessions of methods. Nothing is done."""
    return await segments.list_dependents(actor, segment_id)


@delete("/segments/{segment_id:int}", operation_id="deleteSegment", opt=rights.admins(), tags=TAGS)
async def delete_segment(
    segment_id: FromPath[int], actor: CurrentActor, confirmation: IfConsequences
) -> Response[None]:
    """Delete it; 409 with `dependents` while methods or other segments use it, unless its consequences were seen."""
    return await confirmation.carry_out(
        lambda: DeleteSegment(id=segment_id),
        lambda _: segments.delete_segment(actor, segment_id, with_dependents=confirmation.given),
    )
