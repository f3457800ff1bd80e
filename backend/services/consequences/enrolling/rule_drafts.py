"""What an enrollment rule is to become: what was asked, on top of what is stored; its sessions, and the methods it has there."""

from typing import Any

import msgspec
from asyncpg import Record
from msgspec import UNSET, Struct
from pyroaring import BitMap

from backend.database import as_json, row_by_id
from backend.index import FacetIndex
from backend.rules import InvalidRule, Rule, convert
from backend.schemas.consequence_acts import DeleteMethod, SaveEnrollmentRule
from backend.schemas.enrollment.methods import Policy
from backend.schemas.enrollment.plans import PlanRequest
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.audiences.rule_pins import pins_of_methods
from backend.services.consequences.enrolling.assigning import Removal
from backend.services.consequences.enrolling.targets import sessions_of_targets
from backend.services.enrollment.drafts.method_drafts import MethodDraft
from backend.services.enrollment.drafts.method_requests import merge_request, with_due_field
from backend.services.enrollment.plans.plan_writing import EvaluatedPlan
from backend.services.enrollment.plans.plans import decide_within
from backend.services.enrollment.rights.enrollment_rights import permit_for
from backend.services.errors import Invalid, NotFound
from backend.tables import EnrollmentMethod, EnrollmentRule
from backend.words import Message
from backend.words.nouns import there_is_no

# What of a method's policy a rule has: it is the same in all its sessions.
TERMS = (
    "active", "visible", "role", "dynamic", "on_leave", "mandatory", "due_at", "due_days", "due_field", "due_field_days", "priority",
    "recertify_months",
    "follow", "reenter", "reenter_days", "starts_at", "ends_at",
)  # fmt: skip


class RuleDraft(Struct, frozen=True):
    """A rule as it would be stored; `id` is 0 for a new one."""

    id: int
    name: str
    rule: Rule
    terms: dict[str, Any]
    targets: list[int]

    def columns(self) -> dict[str, Any]:
        """What is written to its row."""
        return {
            "name": self.name,
            "rule": as_json(self.rule),
            "policy": as_json(self.terms),
            "targets": self.targets,
        }

    def request(self, method_id: int | None) -> PlanRequest:
        """The plan of its method in one session: a new one, or this one."""
        return PlanRequest(kind="audience", method_id=method_id, name=self.name, rule=self.rule, **self.terms)


class RulePlans(Struct, frozen=True):
    """What it comes to: a plan for each session, and the methods that go."""

    decided: list[EvaluatedPlan]
    removals: list[Removal]

    @property
    def sessions(self) -> set[int]:
        """Where people may come or go."""
        return {one.draft.session_id for one in self.decided} | {one.session_id for one in self.removals}


async def rule_row(rule_id: int) -> Record:
    """The row of a rule that is not deleted. Raises `NotFound`."""
    row = await row_by_id(EnrollmentRule, rule_id)
    if row is None or row["state"] == "deleted":
        raise NotFound(there_is_no("enrollment_rule", rule_id))
    return row


async def draft_of(
    actor: Actor, index: FacetIndex, change: SaveEnrollmentRule, row: Record | None
) -> RuleDraft:
    """The rule as it would be. Raises `Invalid` with what does not fit, and what choosing sessions raises."""
    unfit = [
        name
        for name in Policy.__struct_fields__
        if name not in {*TERMS, "name", "rule"} and getattr(change, name) not in {UNSET, None}
    ]
    if unfit:
        message = Message("An enrollment rule has no {field}: leave it out.", field=unfit[0])
        raise Invalid.at(unfit[0], "unused", message)
    stored = {} if row is None else row["policy"]
    base = msgspec.convert({"session_id": 0, "id": -1, "dynamic": True, **stored}, MethodDraft)
    asked, unknown = with_due_field(merge_request(base, change, "audience"), index)
    if unknown:
        raise Invalid.about(unknown, told=1)
    rule = change.rule if isinstance(change.rule, Rule) else stored_rule(row)
    if rule is None:
        raise Invalid.at("rule", "required", Message("Say who is to be enrolled."))
    name = change.name if isinstance(change.name, str) else ("" if row is None else row["name"])
    if not name.strip():
        raise Invalid.at("name", "required", Message("Give the rule a name."))
    targets = [] if row is None else list(row["targets"])
    if change.targets is not UNSET:
        targets = await sessions_of_targets(actor, index, change.targets)
    terms = {name: getattr(asked, name) for name in TERMS}
    return RuleDraft(0 if row is None else row["id"], name.strip(), rule, terms, targets)


def stored_rule(row: Record | dict[str, Any] | None) -> Rule | None:
    """The rule as it is stored; None where that cannot be read any more."""
    try:
        return None if row is None else convert(row["rule"])
    except InvalidRule:
        return None


async def linked_methods(rule_id: int) -> dict[int, int]:
    """The rule's methods by session."""
    method = EnrollmentMethod
    rows = await method.select(method.id, method.session_id).where(
        method.enrollment_rule_id == rule_id, method.deleted_at.is_null()
    )
    return {row["session_id"]: row["id"] for row in rows}


async def plans_of(actor: Actor, index: FacetIndex, draft: RuleDraft, people: str) -> RulePlans:
    """A plan for each of its sessions, and the methods in others that go; `people` is what becomes of whom these alone hold."""
    linked = await linked_methods(draft.id) if draft.id else {}
    pins = await pins_of_methods(linked.values())
    decided = []
    for session_id in draft.targets:
        permit = await permit_for(actor, index, await session_for(actor, session_id, "enroll"))
        request = draft.request(linked.get(session_id))
        decided.append(
            await decide_within(permit, index, session_id, request, of_rule=draft.id, taken_over=pins)
        )
    gone = {session: method for session, method in linked.items() if session not in draft.targets}
    return RulePlans(decided, [removal_of(index, *one, people) for one in gone.items()])


def removal_of(index: FacetIndex, session_id: int, method_id: int, people: str) -> Removal:
    """A method of a rule that goes, with whom it holds."""
    change = msgspec.convert({"act": "method_delete", "id": method_id, "people": people}, DeleteMethod)
    return Removal(change, session_id, list(index.sources(method_id) | BitMap()))
