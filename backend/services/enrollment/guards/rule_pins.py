"""Pins of one rule, listed with how they stand, set, taken away, and asked of a rule that is not saved."""

from collections.abc import Sequence
from typing import Any

from piccolo.columns import Column

from backend.index import BrokenRule, FacetIndex
from backend.rules import InvalidRule, Rule, convert
from backend.runtime import clock
from backend.schemas.enrollment.rule_pins import Pin, PinCheck, PinInput
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.audiences.reason_reader import reader_of
from backend.services.audiences.rule_pins import MOST_PINS, PinRow, broken_pins, pins_of
from backend.services.errors import Conflict
from backend.services.people.learner_lists import visible_among
from backend.services.people.person_names import people
from backend.tables import RulePin
from backend.words import Message

NOT_PINNED = Message("Learner {id} is not pinned to this rule.")


class TooManyPins(Conflict):
    """The rule has as many pins as are read through before a plan is confirmed."""

    type, title = "too_many_pins", Message("Too many people are pinned")


async def as_seen(actor: Actor, index: FacetIndex, pins: Sequence[PinRow], stored: object) -> list[Pin]:
    """Pins of people whom the actor may see, with how the rule stands to them now and, where that changed, by what."""
    holding = await _holding(index, pins, stored)
    reader = await reader_of(actor)
    seen = await visible_among(actor, sorted({pin.by_id for pin in pins if pin.by_id is not None}))
    by = {person.id: person for person in await people(sorted(seen))}
    return [
        Pin(
            learner=pin.learner,
            expected=pin.expected,
            note=pin.note,
            by=by.get(pin.by_id or 0),
            at=pin.at,
            holds=holding.get(pin.id),
            broken_since=pin.broken_since,
            cause=reader.tell(index, pin.broken_by, method_id=pin.method_id, learner_id=pin.learner_id),
        )
        for pin in pins
    ]


async def _holding(index: FacetIndex, pins: Sequence[PinRow], stored: object) -> dict[int, bool]:
    """By pin whether the stored rule does what is expected; empty where it cannot be evaluated."""
    try:
        return await _asked_of(index, pins, convert(stored))
    except InvalidRule:
        return {}


async def _asked_of(index: FacetIndex, pins: Sequence[PinRow], rule: Rule) -> dict[int, bool]:
    try:
        broken = {pin.id for pin in await broken_pins(index, rule, pins)}
    except BrokenRule:
        return {}
    return {pin.id: pin.id not in broken for pin in pins}


async def check_draft(index: FacetIndex, pins: Sequence[PinRow], rule: Rule) -> list[PinCheck]:
    """What a rule that is not saved, which is resolved and open to whoever asks, would do with the people pinned."""
    holding = await _asked_of(index, pins, rule)
    return [
        PinCheck(learner=pin.learner, expected=pin.expected, note=pin.note, holds=holding.get(pin.id))
        for pin in pins
    ]


async def put_pin(
    actor: Actor, data: PinInput, *, method_id: int | None = None, segment_id: int | None = None
) -> PinRow:
    """Set a pin, in the caller's transaction, which holds the row of what has it. Raises `TooManyPins`."""
    of = _of(method_id, segment_id)
    mine = of & (RulePin.learner_id == data.learner_id)
    expected: dict[Column | str, Any] = {RulePin.expected: data.expected, RulePin.note: data.note.strip()}
    if await RulePin.exists().where(mine):
        # Whether it holds is another question now.
        await RulePin.update({**expected, RulePin.broken_since: None, RulePin.broken_by: None}).where(mine)
    else:
        if await RulePin.count().where(of) >= MOST_PINS:
            raise TooManyPins(
                Message("At most {most} people can be pinned to a rule: take one away first.", most=MOST_PINS)
            )
        await RulePin.insert(
            RulePin(
                method_id=method_id,
                segment_id=segment_id,
                learner_id=data.learner_id,
                expected=data.expected,
                note=data.note.strip(),
                by_id=actor.id or None,
                at=clock.now(),
            )
        )
    await _record(actor, "pin.put", method_id, segment_id, data.learner_id, expected=data.expected)
    found = await pins_of(method_id=method_id, segment_id=segment_id)
    return next(pin for pin in found if pin.learner_id == data.learner_id)


async def take_over(pins: Sequence[PinRow], method_id: int) -> None:
    """Give a new method the pins of others that have the same rule, in the caller's transaction."""
    if not pins:
        return
    await RulePin.insert(
        *(
            RulePin(
                method_id=method_id,
                learner_id=pin.learner_id,
                expected=pin.expected,
                note=pin.note,
                by_id=pin.by_id,
                at=pin.at,
            )
            for pin in pins
        )
    )


async def remove_pin(
    actor: Actor, learner_id: int, *, method_id: int | None = None, segment_id: int | None = None
) -> None:
    """Take a pin away that there is, in the caller's transaction."""
    await RulePin.delete().where(_of(method_id, segment_id) & (RulePin.learner_id == learner_id))
    await _record(actor, "pin.remove", method_id, segment_id, learner_id)


def _of(method_id: int | None, segment_id: int | None) -> Any:
    return RulePin.method_id == method_id if segment_id is None else RulePin.segment_id == segment_id


async def _record(
    actor: Actor,
    action: str,
    method_id: int | None,
    segment_id: int | None,
    learner_id: int,
    **detail: object,
) -> None:
    kind = "enrollment_method" if segment_id is None else "segment"
    await audit.record(actor, action, kind, method_id or segment_id, learner_id=learner_id, **detail)
