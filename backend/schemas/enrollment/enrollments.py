"""Enrollments on the wire, and what can be done about one."""

from datetime import date, datetime
from typing import Literal

from backend.schemas.base import Input, Output, Text
from backend.schemas.enrollment import EnrollmentState, Key, MethodKind, OnLeave, Role
from backend.schemas.enrollment.course_groups import EnrollmentCourseGroup
from backend.schemas.enrollment.erasure import EraseFigures
from backend.schemas.enrollment.reasons import Reason
from backend.schemas.people import Person

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


class EnrollmentSource(Output):
    """A method that holds the enrollment; of one that is sealed to the reader only since when.

    `kept`: they stay since then although what enrolled them has ended. `until`: the first day on which it no longer holds them, of those
    who were picked until a day.
    """

    method_id: int | None
    kind: MethodKind | None
    name: str | None
    since: datetime
    kept: bool = False
    until: date | None = None
    # Whether it is the session's hand-picked method: of whoever that holds, an end can be said.
    picked: bool = False


class EnrollmentEnd(Output):
    """Who ended it by hand, when and why; undoing the run takes it back."""

    run_id: int
    at: datetime
    by: Person | None
    reason: str


class Enrollment(Output):
    """One person in one session. `progress` is 0 to 1, `score` 0 to 100.

    In a list of those `blocked`, who have no enrollment here, `id` is negative and `other_session_id` where they have one, for
    those who may see it. `reason`: why it ended, why they wait, or why they stay without a method.
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
    # The classes of the session that they are in.
    course_groups: list[EnrollmentCourseGroup] = []
    # Told of one enrollment that was ended by hand; never in lists.
    ended: EnrollmentEnd | None = None
    reason: Reason | None = None


class Counts(Output):
    """The numbers of a session's board: people who count, as of a position of the change log."""

    enrolled: int
    completed: int
    in_progress: int
    not_started: int
    overdue: int
    blocked: int
    expired: int
    capacity: int | None
    position: int


class Nudge(Input):
    """A reminder, with a few words of one's own if one likes."""

    note: Text = ""


class Unenroll(Input):
    """What becomes of them; the session leaves them out from then on, whatever its methods say, until that is lifted.

    `erase` takes results too, completed ones as well, and with `certificates` those; `confirm` names how many go.
    """

    on_leave: OnLeave = "expire"
    reason: Text = ""
    certificates: bool = False
    confirm: EraseFigures | None = None


class SelfEnroll(Input):
    """The key, where the session asks for one."""

    key: Key | None = None


class Waiting(Output):
    """All places are taken: whose turn it is, from 1. Whoever moves up is told by mail."""

    position: int
    state: Literal["waiting"] = "waiting"


class Left(Output):
    """Whether one is still enrolled, by somebody else's doing."""

    state: Literal["left", "enrolled"]
