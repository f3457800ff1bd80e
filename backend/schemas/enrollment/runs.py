"""Runs on the wire, and what can be done about them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from backend.schemas.base import Id, Input, Output, Text
from backend.schemas.enrollment import MethodKind, RunCause, RunState
from backend.schemas.enrollment.reasons import Reason
from backend.schemas.people import Person

ChangeKind = Literal["entered", "left", "gained", "lost", "completed_stay", "blocked", "unblocked", "updated"]
# What one person can approve by name in one request; more is approved whole.
MOST_LEARNERS = 20_000


class RunTotals(Output):
    """What followed from an act: how many runs, of which so many wait for somebody's approval, and what they did together."""

    count: int = 0
    held: int = 0
    entered: int = 0
    left: int = 0
    gaining: int = 0
    losing: int = 0
    completed_stay: int = 0
    blocked: int = 0


class Run(Output):
    """One applied, applying or held plan, or an act. `progress` is 0 to 1.

    An act stands in no session: its `sentence` says what was done, and its `runs` what followed. What followed from an act names
    it in `caused_by`, and what it was in `cause_sentence`. `entered`, `left` are people whose enrollment began or ended. `entering`, `leaving`, `gaining`, `losing` and
    `completed_stay` are what it did in the words of plans; of a held run, what it would do if it were approved now.
    """

    id: int
    method_id: int | None
    method_name: str | None
    method_kind: MethodKind | None
    session_id: int | None
    session_name: str | None
    activity_title: str | None
    cause: RunCause
    state: RunState
    actor: Person | None
    entered: int
    left: int
    blocked: int
    entering: int
    leaving: int
    gaining: int
    losing: int
    completed_stay: int
    total: int
    done: int
    progress: float
    position: int | None
    undo_of: int | None
    undone_by: int | None
    can_undo: bool
    created_at: datetime
    finished_at: datetime | None
    sentence: str | None = None
    caused_by: int | None = None
    cause_sentence: str | None = None
    cause_actor: Person | None = None
    runs: RunTotals | None = None


class RunChange(Output):
    """What a run did to one person; of a held run, what it would do.

    `gained`, `lost`: a source, while they were enrolled before and after. `completed_stay`: they lost it, and have completed.
    """

    learner: Person
    change: ChangeKind
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: Reason | None


class LeftAlone(Output):
    """Somebody whom the undo did not touch: they were changed since."""

    learner: Person
    reason: str


class LeftFact(Output):
    """Something that the undo of an act did not touch: `what` it is, of whom, and who changed it since."""

    what: str
    learner: Person | None
    reason: str
    by: Person | None
    at: datetime | None


class RunDetail(Run, kw_only=True):
    """A run with what it left alone as an undo: the first of those who, and of the facts that, were changed since."""

    left_alone_total: int
    left_alone: list[LeftAlone]
    left_facts_total: int = 0
    left_facts: list[LeftFact] = []


class Undone(RunDetail, kw_only=True):
    """The undo, a run itself."""

    people: int
    cancelled_mail: int
    method_restored: bool | None


class Approve(Input):
    """Approve all of a held removal, or only these people of it (the rest stays held)."""

    learner_ids: Annotated[list[Id], Meta(max_length=MOST_LEARNERS)] | UnsetType = UNSET


class Reject(Input):
    """Why: shown where the method is."""

    reason: Text = ""


class Difference(Output):
    """A method whose people are not whom its audience holds; `repaired` once a run has put that right.

    With `session_id` it is a session whose enrollments are not what their sources say: enrollments that are missing, that no
    source holds (`surplus`), that have another due date or role (`unsettled`), and that are completed while the person's standing is
    not (`uncompleted`).
    """

    method_id: int | None
    missing: int
    surplus: int
    session_id: int | None = None
    unsettled: int = 0
    uncompleted: int = 0
    repaired: bool = False
    problem: str | None = None
