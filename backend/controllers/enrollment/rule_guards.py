"""Versions of the rules of methods and segments, and people pinned to them."""

from typing import Annotated

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.parameters import DEFAULT_LIMIT, CurrentFollower, Cursor, Limit
from backend.schemas.base import LARGEST_ID, Page
from backend.schemas.enrollment.rule_pins import Pin, PinCheck, PinCheckRequest, PinInput
from backend.schemas.enrollment.rule_versions import RuleVersion, RuleVersionDetail
from backend.services.enrollment.guards import method_pins, method_versions, segment_pins, segment_versions

TAGS = ["Rules"]
METHOD = "/sessions/{session_id:int}/methods/{method_id:int}"
SEGMENT = "/segments/{segment_id:int}"
Against = Annotated[
    int | None,
    QueryParameter(
        ge=1, le=LARGEST_ID, description="the version that it is compared with; the one before it"
    ),
]


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@get(f"{METHOD}/versions", operation_id="listMethodVersions", opt=rights.method("see"), tags=TAGS)
async def list_method_versions(
    session_id: FromPath[int],
    method_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[RuleVersion]:
    """The rules that the method has had, the latest first, each with what differs from the one before it."""
    return await method_versions.list_versions(
        actor, follower, session_id, method_id, limit=limit, cursor=cursor
    )


@get(
    f"{METHOD}/versions/{{number:int}}",
    operation_id="getMethodVersion",
    opt=rights.method("see"),
    tags=TAGS,
)
async def get_method_version(
    session_id: FromPath[int],
    method_id: FromPath[int],
    number: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    against: Against = None,
) -> RuleVersionDetail:
    """One of them with its rule. To have it again, plan with `restore` and `method_id`: nothing is written before that is confirmed."""
    return await method_versions.get_version(actor, follower, session_id, method_id, number, against)


@get(f"{SEGMENT}/versions", operation_id="listSegmentVersions", opt=rights.admins(), tags=TAGS)
async def list_segment_versions(
    segment_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[RuleVersion]:
    """The rules that the segment has had, the latest first, each with what differs from the one before it."""
    return await segment_versions.list_versions(actor, follower, segment_id, limit=limit, cursor=cursor)


@get(f"{SEGMENT}/versions/{{number:int}}", operation_id="getSegmentVersion", opt=rights.admins(), tags=TAGS)
async def get_segment_version(
    segment_id: FromPath[int],
    number: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    against: Against = None,
) -> RuleVersionDetail:
    """One of them with its rule. To have it again, change the segment to `restore`, whose consequences are asked for like any other's."""
    return await segment_versions.get_version(actor, follower, segment_id, number, against)


# ── pins ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@get(f"{METHOD}/pins", operation_id="listMethodPins", opt=rights.method("see"), tags=TAGS)
async def list_method_pins(
    session_id: FromPath[int], method_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower
) -> Page[Pin]:
    """People who must be in the method's rule, or out of it, of those whom one may see; none of a sealed method."""
    return await method_pins.list_pins(actor, follower, session_id, method_id)


@post(
    f"{METHOD}/pins",
    operation_id="pinToMethod",
    opt=rights.method("manage"),
    tags=TAGS,
    status_code=HTTP_201_CREATED,
)
async def pin_to_method(
    session_id: FromPath[int],
    method_id: FromPath[int],
    data: JSONBody[PinInput],
    actor: CurrentActor,
    follower: CurrentFollower,
) -> Pin:
    """Pin somebody whom one may enroll. Given again, it replaces what was expected of them."""
    return await method_pins.put_pin(actor, follower, session_id, method_id, data)


@delete(
    f"{METHOD}/pins/{{learner_id:int}}",
    operation_id="unpinFromMethod",
    opt=rights.method("manage"),
    tags=TAGS,
)
async def unpin_from_method(
    session_id: FromPath[int],
    method_id: FromPath[int],
    learner_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
) -> None:
    """Take a pin away."""
    await method_pins.remove_pin(actor, follower, session_id, method_id, learner_id)


@post(
    f"{METHOD}/pins/check",
    operation_id="checkMethodPins",
    opt=rights.method("manage", reads=True),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def check_method_pins(
    session_id: FromPath[int],
    method_id: FromPath[int],
    data: JSONBody[PinCheckRequest],
    actor: CurrentActor,
    follower: CurrentFollower,
) -> list[PinCheck]:
    """What a rule that is not saved would do with the people pinned. Nothing is written."""
    return await method_pins.check_pins(actor, follower, session_id, method_id, data)


@get(f"{SEGMENT}/pins", operation_id="listSegmentPins", opt=rights.admins(), tags=TAGS)
async def list_segment_pins(
    segment_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower
) -> Page[Pin]:
    """People who must be in the segment, or out of it."""
    return await segment_pins.list_pins(actor, follower, segment_id)


@post(
    f"{SEGMENT}/pins",
    operation_id="pinToSegment",
    opt=rights.admins(),
    tags=TAGS,
    status_code=HTTP_201_CREATED,
)
async def pin_to_segment(
    segment_id: FromPath[int], data: JSONBody[PinInput], actor: CurrentActor, follower: CurrentFollower
) -> Pin:
    """Pin somebody. Given again, it replaces what was expected of them."""
    return await segment_pins.put_pin(actor, follower, segment_id, data)


@delete(f"{SEGMENT}/pins/{{learner_id:int}}", operation_id="unpinFromSegment", opt=rights.admins(), tags=TAGS)
async def unpin_from_segment(
    segment_id: FromPath[int], learner_id: FromPath[int], actor: CurrentActor
) -> None:
    """Take a pin away."""
    await segment_pins.remove_pin(actor, segment_id, learner_id)


@post(
    f"{SEGMENT}/pins/check",
    operation_id="checkSegmentPins",
    opt=rights.admins(reads=True),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def check_segment_pins(
    segment_id: FromPath[int],
    data: JSONBody[PinCheckRequest],
    actor: CurrentActor,
    follower: CurrentFollower,
) -> list[PinCheck]:
    """What a rule that is not saved would do with the people pinned. Nothing is written."""
    return await segment_pins.check_pins(actor, follower, segment_id, data)
