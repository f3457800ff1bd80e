"""Enrollment rules on the wire: one rule, one policy, several sessions."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from backend.enrollment.follow_modes import Follow, Reenter
from backend.rules import Rule
from backend.schemas.base import Id, Input, Name, Output
from backend.schemas.enrollment import MethodState, OnLeave, Role
from backend.schemas.enrollment.enrollment_requests import MOST_TARGETS, Target
from backend.schemas.enrollment.methods import Policy
from backend.schemas.learning.activities import ActivityKind

Targets = Annotated[list[Target], Meta(max_length=MOST_TARGETS, examples=[[{"session_id": 7}]])]


class EnrollmentRuleInput(Policy, kw_only=True):
    """A new rule: a draft, unless its consequences were seen (`If-Consequences`). With `mail: false` nobody who enters by it is told."""

    name: Name
    rule: Rule
    targets: Targets
    mail: bool = True


class EnrollmentRuleChange(Policy, kw_only=True):
    """What is left out stays as it is. `people`: what becomes of whom it alone enrolled in sessions that are no target any more.

    `accept_broken_pins`: that people pinned to it are put elsewhere than they must be is meant.
    """

    name: Name | UnsetType = UNSET
    targets: Targets | UnsetType = UNSET
    people: Literal["keep", "expire"] = "keep"
    mail: bool = True
    accept_broken_pins: bool = False


class EnrollmentRuleRemoval(Input):
    """What becomes of whom it alone enrolled: they stay enrolled (`keep`), or lose access."""

    people: Literal["keep", "expire"] = "keep"


class RuleTarget(Output):
    """A session in which the rule enrolls; `method_id` is that of its method there, once it is live. `people`: whom that holds."""

    session_id: Id
    session_name: str
    activity_id: Id
    activity_kind: ActivityKind
    activity_title: str
    method_id: Id | None
    state: MethodState | None
    people: int


class EnrollmentRule(Output):
    """A rule with its targets. `people`: how many different people it holds in them; `matching`: who meets it now (null: it is broken).

    `pins`: how many people are pinned to it, of whom `broken_pins` are not where they must be.
    """

    id: int
    name: str
    state: Literal["draft", "live"]
    active: bool
    rule: Rule | None
    sentence: str | None
    targets: list[RuleTarget]
    people: int
    matching: int | None
    visible: bool
    role: Role
    dynamic: bool
    on_leave: OnLeave
    mandatory: bool
    due_at: datetime | None
    due_days: int | None
    recertify_months: int | None
    follow: Follow
    reenter: Reenter
    reenter_days: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    version: int
    due_field: int | None = None
    due_field_days: int | None = None
    priority: int = 0
    pins: int = 0
    broken_pins: int = 0
