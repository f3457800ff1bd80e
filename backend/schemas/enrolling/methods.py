"""Enrollment methods on the wire."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from backend.enrollment.state_causes import StateCause
from backend.rules import Rule
from backend.schemas.commons import Id, Input, Output, Text
from backend.schemas.enrolling import Key, MethodKind, MethodState, OnLeave, Role
from backend.schemas.erasing import EraseFigures
from backend.schemas.people import Instant

DueDays = Annotated[int, Meta(ge=0, le=3660, description="days after enrolling", examples=[30])]
RecertifyMonths = Annotated[int, Meta(ge=1, le=1200, examples=[24])]


class Policy(Input):
    """How a method enrolls. What is left out stays as it is, or takes its default for a new method."""

    name: Text | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    visible: bool | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    rule: Rule | UnsetType | None = UNSET
    dynamic: bool | UnsetType = UNSET
    on_leave: OnLeave | UnsetType = UNSET
    mandatory: bool | UnsetType = UNSET
    due_at: Instant | UnsetType | None = UNSET
    due_days: DueDays | UnsetType | None = UNSET
    recertify_months: RecertifyMonths | UnsetType | None = UNSET
    course_group_id: Id | UnsetType | None = UNSET
    segment_id: Id | UnsetType | None = UNSET
    group_id: Id | UnsetType | None = UNSET
    after_activity_id: Id | UnsetType | None = UNSET
    key: Key | UnsetType | None = UNSET


class MethodInput(Policy, kw_only=True):
    """A new method, as a draft: it enrolls nobody before a plan of it is applied."""

    kind: MethodKind = "audience"


class Method(Output):
    """An enrollment method. `people` is how many countable people hold its source, `waiting` how many are blocked.

    `state_cause` and `state_details` say why it is frozen or held, `state_reason` says it in the reader's language. A `sealed`
    one has a part outside the reader's rights: it keeps kind, name, rule, sentence and all ids to itself.
    `editable`: whether the reader may change it as a whole.
    """

    id: int
    session_id: int
    kind: MethodKind | None
    name: str | None
    active: bool
    visible: bool
    role: Role
    rule: Rule | None
    dynamic: bool
    on_leave: OnLeave
    mandatory: bool
    due_at: datetime | None
    due_days: int | None
    recertify_months: int | None
    course_group_id: int | None
    segment_id: int | None
    group_id: int | None
    after_activity_id: int | None
    key: str | None
    version: int
    state: MethodState
    state_reason: str
    state_cause: StateCause | None
    state_details: dict[str, Any] | None
    sentence: str | None
    people: int
    waiting: int
    held_run_id: int | None
    sealed: bool = False
    editable: bool = True


class MethodRemoval(Input):
    """What becomes of whom it alone enrolled; erasing names how many completions and certificates go."""

    people: OnLeave = "keep"
    certificates: bool = False
    confirm: EraseFigures | None = None
