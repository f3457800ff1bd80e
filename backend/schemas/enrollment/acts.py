"""Acts on enrollments by hand, one by one and many at once; and whom a session leaves out."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from backend.schemas.base import Id, Input, Output, Text
from backend.schemas.people import Instant, Person

ActKind = Literal["suspend", "resume", "extend", "unenroll", "exclude", "move"]
# What is written while somebody waits; more is chosen in several goes.
MOST_AT_ONCE = 10_000
# How much later at once: ten years and a bit, as due dates of methods.
Days = Annotated[int, Meta(ge=1, le=3660)]
Weeks = Annotated[int, Meta(ge=1, le=520)]
Months = Annotated[int, Meta(ge=1, le=120)]


class Because(Input):
    """Why, in a few words: whoever asks reads them."""

    reason: Text = ""


class Extend(Because):
    """A new due date by hand; null takes the hand-given one back. Or so many days, weeks or months later than it is due now."""

    due_at: Instant | UnsetType | None = UNSET
    days: Days | None = None
    weeks: Weeks | None = None
    months: Months | None = None


class Move(Because, kw_only=True):
    """Into another session of the same activity. `mail: false` does not tell them of it."""

    session_id: Id
    mail: bool = True


class Act(Extend, kw_only=True):
    """One act on many enrollments. `until` belongs to `exclude`, the due date or how much later to `extend`, the session to `move`."""

    ids: Annotated[list[Id], Meta(min_length=1, max_length=MOST_AT_ONCE)]
    do: ActKind
    until: date | None = None
    session_id: Id | None = None
    mail: bool = True


class Skipped(Output):
    """An enrollment that the act does not fit, and why."""

    id: int
    learner: Person
    reason: str


class Acted(Output):
    """What was done: a run for each session, and to how many people. `skipped` was left as it is."""

    run_ids: list[int]
    done: int
    skipped: list[Skipped]


class Exclude(Because):
    """Whom the session leaves out from now on, whatever its methods say: people, or addresses that people have.

    `until`: the first day on which its methods decide again. Nobody is made, and nobody invited.
    """

    learner_id: Id | None = None
    learner_ids: Annotated[list[Id], Meta(max_length=MOST_AT_ONCE)] = []
    emails: Annotated[list[Text], Meta(max_length=MOST_AT_ONCE)] = []
    until: date | None = None


class DirectEnrollment(Input):
    """Who is enrolled in a legacy session, or unenrolled: people, or addresses that people have."""

    learner_ids: Annotated[list[Id], Meta(max_length=MOST_AT_ONCE)] = []
    emails: Annotated[list[Text], Meta(max_length=MOST_AT_ONCE)] = []


class DirectlyEnrolled(Output):
    """What was done, as one run; none where nobody was to come or go.

    `blocked`: enrolled in another session of the path; they come when they are free. `unchanged`: they stand so already, have completed,
    or their account cannot be enrolled now.
    """

    run_id: int | None
    entered: int = 0
    left: int = 0
    blocked: int = 0
    unchanged: int = 0


class Exclusion(Output):
    """Somebody whom the session leaves out. `sentence` tells it in the reader's language, with who did it and why."""

    learner_id: int
    learner: Person
    reason: str
    until: date | None
    moved_to_id: int | None
    by: Person | None
    at: datetime
    run_id: int | None
    sentence: str


class Excluded(Output):
    """What was done, as one run. `learner_id` is null where it was done to several people."""

    run_id: int
    learner_id: int | None
    reason: str
    until: date | None
    items: list[Exclusion]


class Lift(Because, kw_only=True):
    """Whom the session no longer leaves out."""

    learner_ids: Annotated[list[Id], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class Lifted(Output):
    """The run, and how many people it concerned; no run where nobody was left out."""

    run_id: int | None
    done: int
