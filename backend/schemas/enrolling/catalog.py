"""The learner's catalog on the wire."""

from datetime import datetime
from typing import Literal

from backend.schemas.commons import Output
from backend.schemas.enrolling import EnrollmentState, MethodKind
from backend.schemas.learning import ActivityKind, StepKind


class Why(Output):
    """One reason for an enrollment, in the reader's language; of a method that is not visible to learners only since when."""

    kind: MethodKind | None
    method_id: int | None
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
