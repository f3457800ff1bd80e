"""Assignments on the wire: what groups give access to, each a method of kind group; many made and removed at once."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from backend.schemas.base import Code, Id, Input, Output
from backend.schemas.enrollment import MethodState, OnLeave, Role
from backend.schemas.enrollment.methods import DueDays, DueFieldDays, Priority, RecertifyMonths
from backend.schemas.enrollment.plans import PlanHash
from backend.schemas.groups import Color, GroupKind
from backend.schemas.learning.activities import ActivityKind
from backend.schemas.people import Instant

# What one transaction writes while a person waits, in some seconds: forty groups times twenty-five courses.
MOST_ASSIGNMENTS = 1_000


class NewAssignment(Input):
    """Enroll the members of a group in a session, in an activity, which stands for its one open session, or in all that a qualification requires.

    Where the session has this group already, its terms become these.
    """

    group_id: Id
    activity_id: Id | None = None
    session_id: Id | None = None
    qualification_id: Id | None = None
    subgroups: bool | UnsetType = UNSET
    mandatory: bool | UnsetType = UNSET
    due_at: Instant | UnsetType | None = UNSET
    due_days: DueDays | UnsetType | None = UNSET
    due_field: Id | Code | UnsetType | None = UNSET
    due_field_days: DueFieldDays | UnsetType | None = UNSET
    priority: Priority | UnsetType = UNSET
    recertify_months: RecertifyMonths | UnsetType | None = UNSET
    role: Role | UnsetType = UNSET
    on_leave: OnLeave | UnsetType = UNSET


class EndedAssignment(Input):
    """An assignment to remove. `people`: with `keep` nobody is unenrolled, with `expire` whom it alone enrolled loses access."""

    method_id: Id
    people: Literal["keep", "expire"] = "keep"


class AssignmentsRequest(Input):
    """Assignments to make and to remove, all of them as one act. With `mail: false` nobody who enters by it is told."""

    add: Annotated[list[NewAssignment], Meta(max_length=MOST_ASSIGNMENTS)] = []
    remove: Annotated[list[EndedAssignment], Meta(max_length=MOST_ASSIGNMENTS)] = []
    mail: bool = True


class AssignmentsConfirmation(AssignmentsRequest, kw_only=True):
    """The same with the hash of what was shown."""

    hash: PlanHash


class AssignmentsDone(Output):
    """The runs of what was done, one a method; they belong to one act, which is undone as one."""

    run_ids: list[int]


class Assignment(Output):
    """What a group gives access to; `id` is the method's. `people`: how many whom it enrolls count now.

    `editable`: whether the reader may change or remove it.
    """

    id: int
    group_id: int
    group_name: str
    group_kind: GroupKind
    group_color: Color | None
    activity_id: int
    activity_kind: ActivityKind
    activity_title: str
    session_id: int
    session_name: str
    subgroups: bool
    mandatory: bool
    due_at: datetime | None
    due_days: int | None
    due_field: int | None
    due_field_days: int | None
    priority: int
    recertify_months: int | None
    role: Role
    on_leave: OnLeave
    people: int
    state: MethodState
    editable: bool
    kind: Literal["group"] = "group"


class GridGroup(Output):
    """A row of the grid. `people`: who is in it or below, of whom `inactive` are not active and enrolled nowhere."""

    id: int
    name: str
    kind: GroupKind
    color: Color | None
    parent_id: int | None
    people: int
    inactive: int


class GridSession(Output):
    """A session in which the reader may enroll."""

    id: int
    name: str


class GridActivity(Output):
    """A column of the grid, with its open sessions: where there is one, the activity stands for it."""

    id: int
    kind: ActivityKind
    title: str
    sessions: list[GridSession]


class GridCell(Output):
    """That a group gives access to an activity, by which method."""

    group_id: int
    activity_id: int
    session_id: int
    method_id: int
    people: int
    mandatory: bool
    subgroups: bool


class AssignmentGrid(Output):
    """Groups by activities, both by name; `groups_total` and `activities_total` where there are more than are shown."""

    groups: list[GridGroup]
    activities: list[GridActivity]
    cells: list[GridCell]
    groups_total: int
    activities_total: int
