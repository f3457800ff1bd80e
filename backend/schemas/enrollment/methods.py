"""Enrollment methods on the wire."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from backend.enrollment.follow_modes import Follow, Reenter
from backend.enrollment.method_kinds.kind import AfterStatus
from backend.enrollment.state_causes import StateCause
from backend.rules import Rule
from backend.schemas.base import Code, Id, Input, Output, Text
from backend.schemas.enrollment import Key, MethodKind, MethodState, OnLeave, Role
from backend.schemas.enrollment.erasure import EraseFigures
from backend.schemas.people import Instant

DueDays = Annotated[int, Meta(ge=0, le=3660, description="days after enrolling", examples=[30])]
DelayDays = Annotated[int, Meta(ge=0, le=3650, description="days after completing", examples=[7])]
Capacity = Annotated[
    int, Meta(ge=1, le=10_000_000, description="places; whoever comes later waits for one", examples=[20])
]
RecertifyMonths = Annotated[int, Meta(ge=1, le=1200, examples=[24])]


ReenterDays = Annotated[
    int, Meta(ge=1, le=3660, description="days after leaving, with `reenter` `after_days`", examples=[90])
]


Priority = Annotated[
    int,
    Meta(
        ge=-1_000,
        le=1_000,
        description="where methods want somebody for two sessions of an activity at once, the higher one gets them",
        examples=[10],
    ),
]
# Days before its date as well: a paper is due before it runs out.
DueFieldDays = Annotated[
    int, Meta(ge=-3660, le=3660, description="days after the date in `due_field`", examples=[90])
]


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
    # A field of type date, by id or key: each person is due so many days after what it says of them.
    due_field: Id | Code | UnsetType | None = UNSET
    due_field_days: DueFieldDays | UnsetType | None = UNSET
    priority: Priority | UnsetType = UNSET
    recertify_months: RecertifyMonths | UnsetType | None = UNSET
    course_group_id: Id | UnsetType | None = UNSET
    segment_id: Id | UnsetType | None = UNSET
    group_id: Id | UnsetType | None = UNSET
    subgroups: bool | UnsetType | None = UNSET
    after_activity_id: Id | UnsetType | None = UNSET
    after_status: AfterStatus | UnsetType | None = UNSET
    delay_days: DelayDays | UnsetType | None = UNSET
    earlier: bool | UnsetType | None = UNSET
    parent_session_id: Id | UnsetType | None = UNSET
    key: Key | UnsetType | None = UNSET
    open: bool | UnsetType | None = UNSET
    capacity: Capacity | UnsetType | None = UNSET
    opens_at: Instant | UnsetType | None = UNSET
    closes_at: Instant | UnsetType | None = UNSET
    follow: Follow | UnsetType = UNSET
    reenter: Reenter | UnsetType = UNSET
    reenter_days: ReenterDays | UnsetType | None = UNSET
    starts_at: Instant | UnsetType | None = UNSET
    ends_at: Instant | UnsetType | None = UNSET


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
    due_field: int | None
    due_field_days: int | None
    priority: int
    recertify_months: int | None
    course_group_id: int | None
    segment_id: int | None
    group_id: int | None
    subgroups: bool | None
    after_activity_id: int | None
    after_status: AfterStatus | None
    delay_days: int | None
    earlier: bool | None
    parent_session_id: int | None
    key: str | None
    open: bool | None
    capacity: int | None
    opens_at: datetime | None
    closes_at: datetime | None
    follow: Follow
    reenter: Reenter
    reenter_days: int | None
    starts_at: datetime | None
    ends_at: datetime | None
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
    # The session's one method of those who were picked, pasted, imported or kept; picking only adds to it.
    hand_picked: bool = False
    # The enrollment rule through which alone it is changed.
    enrollment_rule_id: int | None = None
    # How many wait for a place, in a session that people enroll in themselves.
    queue: int = 0
    # How many people whom the reader may see are pinned to its rule, and how many of them are not where they must be.
    pins: int = 0
    broken_pins: int = 0


class MethodOfActivity(Method, kw_only=True):
    """A method among those of all sessions of an activity."""

    session_name: str


class MethodRemoval(Input):
    """What becomes of whom it alone enrolled; erasing names how many completions and certificates go."""

    people: OnLeave = "keep"
    certificates: bool = False
    confirm: EraseFigures | None = None
