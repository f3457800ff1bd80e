"""The coach's board and the learner's player on the wire."""

from datetime import date, datetime
from typing import Literal

from backend.schemas.base import Output
from backend.schemas.enrollment import EnrollmentState
from backend.schemas.enrollment.reasons import Reason
from backend.schemas.learning.activities import ActivityKind, StepKind

# Where a learner stands on an activity, or with one of its steps.
StandingStatus = Literal["not_started", "started", "completed", "failed"]


class BoardSession(Output):
    """A session on its coach's board; `queue` is how many wait for a place in it."""

    id: int
    activity_id: int
    activity_title: str
    name: str
    external_id: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    queue: int


class TimelinePoint(Output):
    """How many countable people were enrolled, and had completed, at the end of a day."""

    date: date
    enrolled: int
    completed: int


class HappeningLearner(Output):
    """Whom it happened to."""

    id: int
    first_name: str
    last_name: str


class Happening(Output):
    """Something that happened in a session to one person, or to `count` at once; the shape is that of the socket's events."""

    event: str
    learner: HappeningLearner | None
    count: int
    reason: Reason | None
    at: datetime
    position: int


class Happenings(Output):
    """The latest first."""

    items: list[Happening]


class PlayerActivity(Output):
    """What is being taken."""

    id: int
    kind: ActivityKind
    title: str
    description: str


class StepProgress(Output):
    """A step and how far somebody is with it."""

    id: int
    kind: StepKind
    activity_id: int | None
    title: str
    mandatory: bool
    min_score: float | None
    status: StandingStatus
    score: float | None
    completed_at: datetime | None


class PlayerStep(StepProgress):
    """The same with what there is to read. `needs_session`: of the path or program inside no session has been chosen for the reader yet."""

    body: str
    needs_session: bool = False


class PersonProgress(Output):
    """Somebody's progress in a session, and when they were last reminded."""

    steps: list[StepProgress]
    nudged_at: datetime | None


class PlayerEnrollment(Output):
    """The reader's live enrollment, which lets them take the steps."""

    id: int
    session_id: int
    session_name: str
    state: EnrollmentState
    starts_at: datetime | None
    due_at: datetime | None


class PlayerAward(Output):
    """The reader's latest award of the activity's certificate."""

    title: str
    issued_at: datetime
    expires_at: datetime | None


class Player(Output):
    """An activity as its learner takes it. `progress` is 0 to 1."""

    activity: PlayerActivity
    steps: list[PlayerStep]
    enrollment: PlayerEnrollment | None
    status: StandingStatus
    successful: bool
    progress: float
    award: PlayerAward | None
