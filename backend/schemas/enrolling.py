"""Enrolling on the wire: methods, plans, runs, enrollments, the catalog."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from backend.enrollment import addresses
from backend.rules import Rule
from backend.schemas.commons import Id, Input, Output, Text
from backend.schemas.learning import ActivityKind, StepKind
from backend.schemas.people import Instant

MethodKind = Literal["manual", "audience", "group", "segment", "chain", "self", "subpath"]
MethodState = Literal["live", "frozen", "held", "draft"]
OnLeave = Literal["keep", "expire", "erase"]
Role = Literal["learner", "coach"]
EnrollmentState = Literal["active", "completed", "expired", "suspended"]
# What a list can be narrowed to: a state, or one of the numbers on the board.
EnrollmentFilter = Literal[
    "active",
    "completed",
    "expired",
    "suspended",
    "enrolled",
    "in_progress",
    "not_started",
    "overdue",
    "blocked",
]
ChangeKind = Literal["entered", "left", "blocked", "unblocked", "updated"]
RunCause = Literal["confirm", "change", "clock", "import", "act", "self", "approve", "undo", "check"]
RunState = Literal["applying", "applied", "held", "rejected", "undone", "failed"]

DueDays = Annotated[int, Meta(ge=0, le=3660, description="days after enrolling", examples=[30])]
RecertifyMonths = Annotated[int, Meta(ge=1, le=1200, examples=[24])]
PlanHash = Annotated[
    str,
    Meta(min_length=1, max_length=200, description="`hash` of the plan that was shown", examples=["9f2c4e…"]),
]
Key = Annotated[str, Meta(min_length=1, max_length=200, examples=["sesame"])]
# A plan shows whom it is about; the list of members has pages for the rest.
SAMPLE = 20
# What one person can approve by name in one request; more is approved whole.
MOST_LEARNERS = 20_000


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


class PlanRequest(Policy, kw_only=True):
    """What would happen: with `method_id` to an existing method, else with a new one of this kind."""

    method_id: Id | None = None
    kind: MethodKind | UnsetType = UNSET


class ApplyRequest(PlanRequest, kw_only=True):
    """The plan that was shown, with its hash."""

    hash: PlanHash


class Method(Output):
    """An enrollment method. `people` is how many countable people hold its source, `waiting` how many are blocked."""

    id: int
    session_id: int
    kind: MethodKind
    name: str
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
    sentence: str
    people: int
    waiting: int
    held_run_id: int | None


class Person(Output):
    """A learner as lists show them."""

    id: int
    email: str
    first_name: str
    last_name: str


class BlockedPerson(Output):
    """Somebody who is wanted here and enrolled in another session of the same activity."""

    learner: Person
    reason: str
    session_id: int


class Samples(Output):
    """Some of the people of a plan, lowest ids first."""

    entering: list[Person]
    leaving: list[Person]
    blocked: list[BlockedPerson]


class Plan(Output):
    """Who enters, leaves, stays and is blocked if this is confirmed now.

    `held`: so many leave that a dynamic change would wait for approval; confirming the plan is that approval.
    """

    hash: str
    entering: int
    leaving: int
    staying: int
    blocked: int
    held: bool
    samples: Samples
    warnings: list[str]
    position: int


class Applied(Output):
    """What was done. A large plan is only begun (202): `run` its id over the socket or `GET /runs/{id}`."""

    run_id: int
    method_id: int | None
    entered: int = 0
    left: int = 0
    blocked: int = 0
    state: RunState = "applied"


class EnrollmentSource(Output):
    """A method that holds the enrollment."""

    method_id: int
    kind: MethodKind
    name: str
    since: datetime


class Enrollment(Output):
    """One person in one session. `progress` is 0 to 1, `score` 0 to 100.

    In a list of those `blocked`, who have no enrollment here, `id` is negative and `other_session_id` where they have one.
    """

    id: int
    session_id: int
    session_name: str
    activity_id: int
    activity_title: str
    learner: Person
    state: EnrollmentState | Literal["blocked"]
    role: Role
    since: datetime
    until: datetime | None
    due_at: datetime | None
    mandatory: bool
    overdue: bool
    completed_at: datetime | None
    progress: float
    score: float | None
    version: int
    sources: list[EnrollmentSource]
    other_session_id: int | None = None


class Counts(Output):
    """The numbers of a session's board: people who count, as of a position of the change log."""

    enrolled: int
    completed: int
    in_progress: int
    not_started: int
    overdue: int
    blocked: int
    expired: int
    position: int


class Extend(Input):
    """A new due date by hand; null takes the hand-given one back."""

    due_at: Instant | None


class Nudge(Input):
    """A reminder, with a few words of one's own if one likes."""

    note: Text = ""


class Unenroll(Input):
    """What becomes of them; dynamic methods that want the person are told to leave them out."""

    on_leave: OnLeave = "expire"
    reason: Text = ""


class Emails(Input):
    """Addresses as pasted (`text`) or one by one; new people join `group_id` when the plan is applied."""

    text: Annotated[str, Meta(max_length=2_000_000)] | UnsetType = UNSET
    emails: Annotated[list[Annotated[str, Meta(max_length=1_000)]], Meta(max_length=20_000)] | UnsetType = (
        UNSET
    )
    group_id: Id | None = None
    hash: PlanHash | UnsetType = UNSET


class SortedEmail(Output):
    """What one pasted address is."""

    email: str
    kind: addresses.Kind
    learner_id: int | None


class EmailPlan(Output):
    """The sorting. Send the same again with `hash` to apply it: `known` and `new` are enrolled."""

    hash: str
    known: int
    new: int
    duplicate: int
    invalid: int
    excluded: int
    other_session: int
    already_enrolled: int
    items: list[SortedEmail]
    run_id: int | None = None
    method_id: int | None = None
    entered: int = 0
    created: int = 0


class Run(Output):
    """One applied, applying or held plan. `progress` is 0 to 1."""

    id: int
    method_id: int | None
    method_name: str | None
    session_id: int | None
    session_name: str | None
    activity_title: str | None
    cause: RunCause
    state: RunState
    actor: Person | None
    entered: int
    left: int
    blocked: int
    total: int
    done: int
    progress: float
    position: int | None
    undo_of: int | None
    undone_by: int | None
    can_undo: bool
    created_at: datetime
    finished_at: datetime | None


class RunReason(Output):
    """The fact that caused it: what it is about, its name, and its value before and after."""

    facet: str
    ref: int | None = None
    name: str | None = None
    old: Any = None
    new: Any = None
    text: str | None = None


class RunChange(Output):
    """What a run did to one person."""

    learner: Person
    change: ChangeKind
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: RunReason | None


class LeftAlone(Output):
    """Somebody whom the undo did not touch: they were changed since."""

    learner: Person
    reason: str


class Undone(Run, kw_only=True):
    """The undo, a run itself. `left_alone` lists the first of those who were changed since and stay as they are."""

    people: int
    left_alone_total: int
    left_alone: list[LeftAlone]
    cancelled_mail: int
    method_restored: bool | None


class Approve(Input):
    """Approve all of a held removal, or only these people of it (the rest stays held)."""

    learner_ids: Annotated[list[Id], Meta(max_length=MOST_LEARNERS)] | UnsetType = UNSET


class Reject(Input):
    """Why: shown where the method is."""

    reason: Text = ""


class SelfEnroll(Input):
    """The key, where the session asks for one."""

    key: Key | None = None


class Why(Output):
    """One reason for an enrollment, in the reader's language."""

    kind: MethodKind
    method_id: int
    name: str
    sentence: str
    since: datetime


class CatalogStep(Output):
    """A step of an activity in the catalog."""

    id: int
    kind: StepKind
    activity_id: int | None
    title: str
    mandatory: bool


class CatalogActivity(Output):
    """What can be learned."""

    id: int
    kind: ActivityKind
    title: str
    description: str
    steps: list[CatalogStep]


class CatalogSession(Output):
    """When and where it is learned."""

    id: int
    name: str
    starts_at: datetime | None
    ends_at: datetime | None


class CatalogItem(Output):
    """Something the reader has (`mine`), may take (`open`), nearly may (`almost`), or had (`ended`)."""

    activity: CatalogActivity
    session: CatalogSession | None
    section: Literal["mine", "open", "almost", "ended"]
    enrollment_id: int | None
    state: EnrollmentState | None
    progress: float
    due_at: datetime | None
    overdue: bool
    mandatory: bool
    since: datetime | None
    until: datetime | None
    why: list[Why]
    can_self_enroll: bool
    needs_key: bool
    missing: str | None = None


class Catalog(Output):
    """The reader's catalog."""

    items: list[CatalogItem]


class Difference(Output):
    """A method whose people are not whom its audience holds; `repaired` once a run has put that right."""

    method_id: int
    missing: int
    surplus: int
    repaired: bool = False
    problem: str | None = None
