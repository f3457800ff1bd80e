"""Enrollment rules: listed, made as drafts, changed and deleted. Whom they enroll changes as it was shown, or not at all."""

from typing import Any

import msgspec
from asyncpg import Record
from piccolo.custom_types import Combinable
from pyroaring import BitMap

from backend.database import transaction
from backend.index import BrokenRule, FacetIndex, Follower
from backend.index.facts.structure_rows import Method
from backend.rules import Rule
from backend.runtime import clock
from backend.schemas.audiences import DescribeRequest
from backend.schemas.base import Page
from backend.schemas.consequence_acts import DeleteEnrollmentRule, SaveEnrollmentRule
from backend.schemas.enrollment.enrollment_rules import EnrollmentRule as Told
from backend.schemas.enrollment.enrollment_rules import RuleTarget
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.audiences.audiences import describe
from backend.services.audiences.index_access import current_index
from backend.services.audiences.rule_pins import pins_of_methods
from backend.services.consequences.acts.enrollment_rule import (
    EnrollmentRuleAct,
    EnrollmentRuleDeleteAct,
    save_rule,
)
from backend.services.consequences.caught_up import CaughtUp
from backend.services.consequences.enrolling.rule_drafts import linked_methods, rule_row, stored_rule
from backend.services.enrollment.methods.methods import NeedsPlan
from backend.services.paging import decode_cursor, page_of
from backend.services.versions import lock_row
from backend.tables import EnrollmentMethod, EnrollmentRule
from backend.words import Message


async def list_rules(
    actor: Actor, follower: Follower, *, q: str | None, limit: int, cursor: str | None
) -> Page[Told]:
    """Rules, the newest first."""
    require_admin(actor)
    index = await current_index(follower)
    (before,) = decode_cursor(cursor, tuple[int]) or (2**31 - 1,)
    table = EnrollmentRule
    wanted: Combinable = table.state != "deleted"
    if q and q.strip():
        wanted = wanted & table.name.ilike(f"%{q.strip().replace('%', '').replace('_', '')}%")
    rows = (
        await table.select()
        .where(wanted, table.id < before)
        .order_by(table.id, ascending=False)
        .limit(limit + 1)
    )
    total = await table.count().where(wanted)
    shown = {row["id"]: await _told(actor, follower, index, row) for row in rows[:limit]}
    return page_of(rows, limit, total, item=lambda row: shown[row["id"]], key=lambda row: [row["id"]])


async def get_rule(actor: Actor, follower: Follower, rule_id: int) -> Told:
    """One rule. Raises `NotFound`."""
    require_admin(actor)
    return await _told(actor, follower, await current_index(follower), await rule_row(rule_id))


async def save(
    actor: Actor,
    follower: Follower,
    change: SaveEnrollmentRule,
    *,
    version: int | None = None,
    confirmed: bool,
) -> Told:
    """Make or change a rule. `confirmed`: its consequences were seen, and it goes live; otherwise a draft is written.

    Raises `NeedsPlan` where a live rule would enroll others and nobody has seen whom.
    """
    require_admin(actor)
    async with transaction():
        if change.id is not None:
            row = await lock_row(EnrollmentRule, change.id, version)
            if not confirmed and (row["state"] != "draft" or await _is_live(change.id)):
                raise NeedsPlan(_ASK_FIRST)
        if confirmed:
            rule_id = await EnrollmentRuleAct().write(actor, follower, change)
        else:
            rule_id, _ = await save_rule(actor, follower, change)
        # What is written from here on is numbered only once it is committed.
        return await get_rule(actor, CaughtUp(follower), rule_id)


_ASK_FIRST = Message("Changing this rule changes who is enrolled: ask for its consequences first.")


async def delete(actor: Actor, follower: Follower, change: DeleteEnrollmentRule, *, confirmed: bool) -> None:
    """Delete it with its methods. Raises `NeedsPlan` for a live one whose consequences nobody has seen."""
    require_admin(actor)
    async with transaction():
        row = await rule_row(change.id)
        if not confirmed and (row["state"] != "draft" or await _is_live(change.id)):
            raise NeedsPlan(_ASK_FIRST)
        await EnrollmentRuleDeleteAct().write(actor, follower, change)


async def _is_live(rule_id: int) -> bool:
    method = EnrollmentMethod
    return await method.exists().where(
        method.enrollment_rule_id == rule_id, method.deleted_at.is_null(), method.state != "draft"
    )


async def _told(actor: Actor, follower: Follower, index: FacetIndex, row: Record | dict[str, Any]) -> Told:
    rule = stored_rule(row)
    linked = await linked_methods(row["id"])
    pins = await pins_of_methods(linked.values())
    methods = {session: index.methods.get(method) for session, method in linked.items()}
    terms = {name: value for name, value in row["policy"].items() if name in Told.__struct_fields__}
    sentence = None
    if rule is not None:
        sentence = (await describe(actor, follower, DescribeRequest(rule=rule))).sentence
    people = [index.source_holders(method) for method in linked.values()]
    return msgspec.convert(
        {
            **terms,
            "id": row["id"],
            "name": row["name"],
            "state": row["state"],
            "rule": rule,
            "sentence": sentence,
            "targets": [
                _target(index, session, linked, methods)
                for session in row["targets"]
                if session in index.sessions
            ],
            "people": (BitMap() | BitMap.union(BitMap(), *people)).intersection_cardinality(index.countable),
            "matching": await _matching(index, rule),
            "version": row["version"],
            "pins": len(pins),
            "broken_pins": sum(pin.broken_since is not None for pin in pins),
        },
        Told,
    )


def _target(
    index: FacetIndex, session_id: int, linked: dict[int, int], methods: dict[int, Method | None]
) -> RuleTarget:
    session = index.sessions[session_id]
    activity = index.activities[session.activity_id]
    method = methods.get(session_id)
    method_id = linked.get(session_id)
    held = index.source_holders(method_id) if method_id else BitMap()
    return RuleTarget(
        session_id=session_id,
        session_name=session.name,
        activity_id=activity.id,
        activity_kind=activity.kind,  # type: ignore[arg-type]  # as the table has it
        activity_title=activity.title,
        method_id=method_id,
        state=None if method is None else method.state,
        people=held.intersection_cardinality(index.countable),
    )


async def _matching(index: FacetIndex, rule: Rule | None) -> int | None:
    if rule is None:
        return None
    try:
        return len(await index.sliced(lambda: index.evaluate_steps(rule, clock.today(index.timezone))))
    except BrokenRule:
        return None
