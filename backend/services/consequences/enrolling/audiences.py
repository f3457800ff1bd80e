"""Who is meant, as a method of each session: a new one, the hand-picked one, or the one that has this audience already."""

from datetime import date
from typing import Any

from msgspec import UNSET, structs

from backend.database import fetch
from backend.index import FacetIndex
from backend.rules import Rule, resolve_steps
from backend.schemas.enrollment import MethodKind
from backend.schemas.enrollment.enrollment_requests import EnrollmentRequest, ExistingMethod
from backend.schemas.enrollment.methods import Policy
from backend.schemas.enrollment.plans import PlanRequest
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.consequences.enrolling import statements
from backend.services.enrollment.drafts.method_drafts import stored_draft
from backend.services.enrollment.plans.plans import ENDS_BY_NAME
from backend.services.enrollment.rights.enrollment_rights import permit_for
from backend.services.errors import Invalid
from backend.words import Message

_WHO = ("people", "rule", "segment_id", "emails", "group_id", "after_activity_id")
_KINDS: dict[str, MethodKind] = {
    "people": "manual",
    "emails": "manual",
    "rule": "audience",
    "segment_id": "segment",
    "group_id": "group",
    "after_activity_id": "chain",
}

# What a method of a kind is told apart by, apart from a rule.
_IDENTITY = {
    "segment": ("segment_id",),
    "group": ("group_id",),
    "chain": ("after_activity_id", "after_status", "delay_days", "earlier"),
}


def who_of(request: EnrollmentRequest) -> str:
    """By which of its fields the request says who is meant. Raises `Invalid` unless it is one."""
    given = [name for name in _WHO if getattr(request, name) not in (UNSET, None)]
    if given == ["emails", "group_id"]:
        # The group that new people join.
        given = ["emails"]
    if len(given) != 1:
        raise Invalid.at(
            given[1] if given else "people",
            "either_or",
            Message(
                "Say who is meant by people, a rule, a segment, a group, addresses or what they completed, one of these."
            ),
        )
    return given[0]


def method_request(request: EnrollmentRequest, who: str, learner_ids: list[int]) -> PlanRequest:
    """The plan of a method of one session that holds them; `learner_ids` are those picked, or found by their addresses."""
    policy: dict[str, Any] = {name: getattr(request, name) for name in Policy.__struct_fields__}
    if who not in {"people", "emails"} and isinstance(request.until, date):
        raise Invalid.at("until", "by_name", ENDS_BY_NAME)
    if who in {"people", "emails"}:
        policy |= {"rule": Rule(include=learner_ids), "group_id": UNSET}
    return PlanRequest(kind=_KINDS[who], mail=request.mail, until=request.until, **policy)


async def existing_method(
    actor: Actor, index: FacetIndex, session_id: int, request: PlanRequest
) -> ExistingMethod | None:
    """The session's method of this very audience, whomever it leaves out, that is the actor's to change."""
    if request.kind == "manual":
        return None
    rule = request.rule if isinstance(request.rule, Rule) else None
    if rule is not None:
        asked = rule
        rule, problems = await index.sliced(lambda: resolve_steps(asked, index))
        if problems:
            # Said when it is planned.
            return None
    permit = None
    for row in await fetch(statements.LIVE_METHODS_OF_KIND, session_id, request.kind):
        draft = stored_draft(row)
        if request.kind != "audience":
            names = _IDENTITY[str(request.kind)]
            same = all(getattr(request, name) in {UNSET, getattr(draft, name)} for name in names)
        else:
            same = (
                rule is not None
                and draft.rule is not None
                and _without_exclusions(draft.rule) == _without_exclusions(rule)
            )
        if not same:
            continue
        permit = permit or await permit_for(actor, index, await session_for(actor, session_id, "enroll"))
        if permit.opens(index, draft):
            return ExistingMethod(session_id=session_id, method_id=draft.id, name=draft.name)
    return None


def _without_exclusions(rule: Rule) -> Rule:
    return structs.replace(rule, exclude=[])


def request_to_existing(request: PlanRequest, existing: ExistingMethod) -> PlanRequest:
    """The same of the method that is there: its rule stays as it is, whom it leaves out too."""
    return structs.replace(
        request, method_id=existing.method_id, rule=UNSET, group_id=UNSET, segment_id=UNSET
    )
