"""Pins of a segment, for platform admins: nobody else reads its rule."""

from asyncpg import Record

from backend.database import row_by_id, transaction
from backend.index import Follower
from backend.schemas.base import Page
from backend.schemas.enrollment.rule_pins import Pin, PinCheck, PinCheckRequest, PinInput
from backend.services.access.actor import Actor
from backend.services.access.rights import learner_for, require_admin
from backend.services.audiences.audiences import check_rule
from backend.services.audiences.index_access import current_index
from backend.services.audiences.rule_pins import pins_of
from backend.services.enrollment.guards import rule_pins
from backend.services.enrollment.guards.rule_pins import NOT_PINNED
from backend.services.errors import NotFound
from backend.services.versions import lock_row
from backend.tables import Segment
from backend.words.nouns import there_is_no


async def list_pins(actor: Actor, follower: Follower, segment_id: int) -> Page[Pin]:
    """Its pins, by name. Raises `NotFound`."""
    row = await _segment(actor, segment_id)
    index = await current_index(follower)
    items = await rule_pins.as_seen(actor, index, await pins_of(segment_id=segment_id), row["rule"])
    return Page(items=items, total=len(items))


async def put_pin(actor: Actor, follower: Follower, segment_id: int, data: PinInput) -> Pin:
    """Pin somebody. Raises `NotFound`, `TooManyPins`."""
    index = await current_index(follower)
    async with transaction():
        await _segment(actor, segment_id)
        row = await lock_row(Segment, segment_id, None)
        await learner_for(actor, data.learner_id)
        pin = await rule_pins.put_pin(actor, data, segment_id=segment_id)
        (told,) = await rule_pins.as_seen(actor, index, [pin], row["rule"])
        return told


async def remove_pin(actor: Actor, segment_id: int, learner_id: int) -> None:
    """Take a pin away. Raises `NotFound`."""
    async with transaction():
        await _segment(actor, segment_id)
        if all(pin.learner_id != learner_id for pin in await pins_of(segment_id=segment_id)):
            raise NotFound(NOT_PINNED.fill(id=learner_id))
        await rule_pins.remove_pin(actor, learner_id, segment_id=segment_id)


async def check_pins(
    actor: Actor, follower: Follower, segment_id: int, request: PinCheckRequest
) -> list[PinCheck]:
    """What a rule that is not saved would do with the people pinned. Raises `Invalid` for the rule."""
    await _segment(actor, segment_id)
    index = await current_index(follower)
    rule = await check_rule(request.rule, index, inside_segment=segment_id)
    return await rule_pins.check_draft(index, await pins_of(segment_id=segment_id), rule)


async def _segment(actor: Actor, segment_id: int) -> Record:
    require_admin(actor)
    row = await row_by_id(Segment, segment_id)
    if row is None:
        raise NotFound(there_is_no("segment", segment_id))
    return row
