"""Pins of a method: people who must be in its rule, or out of it. Its own pins are for those to whom it is not sealed."""

from asyncpg import Record

from backend.database import transaction
from backend.index import FacetIndex, Follower
from backend.schemas.audiences import PreviewRequest
from backend.schemas.base import Page
from backend.schemas.enrollment.rule_pins import Pin, PinCheck, PinCheckRequest, PinInput
from backend.services.access.actor import Actor
from backend.services.access.rights import learner_for, session_for
from backend.services.audiences.audiences import draft_audience
from backend.services.audiences.index_access import current_index
from backend.services.audiences.rule_pins import PinRow, pins_of
from backend.services.enrollment.drafts.method_drafts import stored_draft
from backend.services.enrollment.drafts.method_rows import method_row
from backend.services.enrollment.guards import rule_pins
from backend.services.enrollment.guards.rule_pins import NOT_PINNED
from backend.services.enrollment.rights.enrollment_rights import OUT_OF_REACH, Permit, permit_for
from backend.services.enrollment.rights.legacy_sessions import refuse_legacy
from backend.services.errors import Conflict, Forbidden, NotFound
from backend.services.versions import lock_row
from backend.tables import EnrollmentMethod
from backend.words import Message


class NoRule(Conflict):
    """People come into the method one by one: there is no rule to hold anybody against."""

    type, title = "no_rule", Message("This method has no rule")


async def list_pins(actor: Actor, follower: Follower, session_id: int, method_id: int) -> Page[Pin]:
    """Its pins, of people whom the actor may see; none of a sealed method. Raises `NotFound`."""
    permit, index, row = await _method(actor, follower, session_id, method_id)
    pins = await _seen_pins(permit, index, row)
    items = await rule_pins.as_seen(actor, index, pins, row["rule"])
    return Page(items=items, total=len(items))


async def put_pin(actor: Actor, follower: Follower, session_id: int, method_id: int, data: PinInput) -> Pin:
    """Pin somebody within the actor's reach. Raises `Forbidden`, `NotFound`, `NoRule`, `TooManyPins`."""
    async with transaction():
        permit, index, row = await _method_to_change(actor, follower, session_id, method_id)
        if row["hand_picked"] or row["rule"] is None:
            raise NoRule(Message("People come into this method one by one: nobody can be pinned to it."))
        await learner_for(actor, data.learner_id)
        if not permit.everything and data.learner_id not in permit.reach:
            raise Forbidden(OUT_OF_REACH)
        pin = await rule_pins.put_pin(actor, data, method_id=method_id)
        (told,) = await rule_pins.as_seen(actor, index, [pin], row["rule"])
        return told


async def remove_pin(
    actor: Actor, follower: Follower, session_id: int, method_id: int, learner_id: int
) -> None:
    """Take a pin away. Raises `Forbidden`, and `NotFound` also for one that the actor does not see."""
    async with transaction():
        permit, index, row = await _method_to_change(actor, follower, session_id, method_id)
        if all(pin.learner_id != learner_id for pin in await _seen_pins(permit, index, row)):
            raise NotFound(NOT_PINNED.fill(id=learner_id))
        await rule_pins.remove_pin(actor, learner_id, method_id=method_id)


async def check_pins(
    actor: Actor, follower: Follower, session_id: int, method_id: int, request: PinCheckRequest
) -> list[PinCheck]:
    """What a rule that is not saved would do with the people pinned. Raises `Invalid` for the rule, `Forbidden`."""
    permit, index, row = await _method(actor, follower, session_id, method_id)
    permit.require_open(index, stored_draft(row))
    question = await draft_audience(actor, index, PreviewRequest(rule=request.rule))
    return await rule_pins.check_draft(index, await _seen_pins(permit, index, row), question.opened)


async def _method(
    actor: Actor, follower: Follower, session_id: int, method_id: int
) -> tuple[Permit, FacetIndex, Record]:
    session = await session_for(actor, session_id, "enroll")
    index = await current_index(follower)
    return await permit_for(actor, index, session), index, await method_row(session_id, method_id)


async def _method_to_change(
    actor: Actor, follower: Follower, session_id: int, method_id: int
) -> tuple[Permit, FacetIndex, Record]:
    """The same, its row locked: pins are counted one at a time."""
    refuse_legacy(await session_for(actor, session_id, "enroll"))
    await method_row(session_id, method_id)
    await lock_row(EnrollmentMethod, method_id, None)
    permit, index, row = await _method(actor, follower, session_id, method_id)
    permit.require_open(index, stored_draft(row))
    return permit, index, row


async def _seen_pins(permit: Permit, index: FacetIndex, row: Record) -> list[PinRow]:
    pins = await pins_of(method_id=row["id"])
    if permit.everything or not pins:
        return pins
    sealed = permit.reader.seals_method(row["kind"], row["rule"], index)
    if sealed or not permit.reads(index, stored_draft(row)):
        return []
    seen = permit.reader.people(index)
    return [pin for pin in pins if pin.learner_id in seen]
