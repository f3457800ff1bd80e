"""Pins of an enrollment rule, for platform admins: each of its methods has them, and those that it gets take them over."""

from backend.database import transaction
from backend.index import Follower
from backend.schemas.base import Page
from backend.schemas.enrollment.rule_pins import Pin, PinCheck, PinCheckRequest, PinInput
from backend.services.access.actor import Actor
from backend.services.access.rights import learner_for, require_admin
from backend.services.audiences.audiences import check_rule
from backend.services.audiences.index_access import current_index
from backend.services.audiences.rule_pins import pins_of_methods
from backend.services.consequences.enrolling.rule_drafts import linked_methods, rule_row
from backend.services.enrollment.guards import rule_pins
from backend.services.enrollment.guards.rule_pins import NOT_PINNED
from backend.services.errors import Conflict, NotFound
from backend.services.versions import lock_row
from backend.tables import EnrollmentMethod, EnrollmentRule
from backend.words import Message


class RuleIsDraft(Conflict):
    """The rule has no method yet that could hold a pin."""

    type, title = "rule_is_draft", Message("The rule enrolls nowhere yet")


async def list_pins(actor: Actor, follower: Follower, rule_id: int) -> Page[Pin]:
    """Its pins, by name. Raises `NotFound`."""
    require_admin(actor)
    row = await rule_row(rule_id)
    index = await current_index(follower)
    pins = await pins_of_methods((await linked_methods(rule_id)).values())
    items = await rule_pins.as_seen(actor, index, pins, row["rule"])
    return Page(items=items, total=len(items))


async def put_pin(actor: Actor, follower: Follower, rule_id: int, data: PinInput) -> Pin:
    """Pin somebody in all its sessions. Raises `NotFound`, `RuleIsDraft`, `TooManyPins`."""
    require_admin(actor)
    index = await current_index(follower)
    async with transaction():
        row = await rule_row(rule_id)
        methods = await _methods_to_change(rule_id)
        if not methods:
            raise RuleIsDraft(Message("Pin people once the rule is live and enrolls in a session."))
        await learner_for(actor, data.learner_id)
        pins = [await rule_pins.put_pin(actor, data, method_id=method_id) for method_id in methods]
        (told,) = await rule_pins.as_seen(actor, index, pins[:1], row["rule"])
        return told


async def remove_pin(actor: Actor, rule_id: int, learner_id: int) -> None:
    """Take a pin away in all its sessions. Raises `NotFound`."""
    require_admin(actor)
    async with transaction():
        await rule_row(rule_id)
        methods = await _methods_to_change(rule_id)
        if all(pin.learner_id != learner_id for pin in await pins_of_methods(methods)):
            raise NotFound(NOT_PINNED.fill(id=learner_id))
        for method_id in methods:
            await rule_pins.remove_pin(actor, learner_id, method_id=method_id)


async def check_pins(
    actor: Actor, follower: Follower, rule_id: int, request: PinCheckRequest
) -> list[PinCheck]:
    """What a rule that is not saved would do with the people pinned. Raises `Invalid` for the rule."""
    require_admin(actor)
    await rule_row(rule_id)
    index = await current_index(follower)
    rule = await check_rule(request.rule, index)
    return await rule_pins.check_draft(
        index, await pins_of_methods((await linked_methods(rule_id)).values()), rule
    )


async def _methods_to_change(rule_id: int) -> list[int]:
    """Its methods, their rows locked: pins are counted one at a time, and no session is added meanwhile."""
    await lock_row(EnrollmentRule, rule_id, None)
    methods = sorted((await linked_methods(rule_id)).values())
    for method_id in methods:
        await lock_row(EnrollmentMethod, method_id, None)
    return methods
