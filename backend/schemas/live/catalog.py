"""The learner's catalog on the wire."""

from datetime import datetime
from typing import Literal

from backend.schemas.base import Output
from backend.schemas.enrollment import EnrollmentState, MethodKind
from backend.schemas.learning.activities import ActivityKind, StepKind


class Why(Output):
    """One reason for an enrollment, in the reader's language; of a method that is not visible to learners only since when.

    `reason` is all of it, as mail tells it, too; `sentence` what the method says of whom it enrolls.
    """

    kind: MethodKind | None
    method_id: int | None
    name: str
    sentence: str
    reason: str
    since: datetime


class CatalogStep(Output):
    """A step of an activity in the catalog. `needs_session`: nobody has chosen yet in which session of it the reader is."""

    id: int
    kind: StepKind
    activity_id: int | None
    title: str
    mandatory: bool
    needs_session: bool = False


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
    # Whose turn it is, from 1, where one waits for a place.
    waiting: int | None = None
    # How many can still join, where places are limited; 0: who joins now waits.
    places: int | None = None
    # How many wait for a place.
    queue: int = 0
    # Whether the reader joined by themselves, or waits, and may leave; and whether they stay enrolled by others all the same.
    can_leave: bool = False
    stays: bool = False
    # To whom the session is offered, where that is said by a rule.
    offered: str | None = None


class Catalog(Output):
    """The reader's catalog."""

    items: list[CatalogItem]
