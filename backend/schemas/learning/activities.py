"""Activities on the wire: courses, programs and paths, with their steps and certificates."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from backend.schemas.base import Code, Id, Input, LongText, Name, Output, Text

ActivityKind = Literal["course", "program", "path"]
StepKind = Literal["content", "course", "program", "path"]

Score = Annotated[float, Meta(ge=0, le=100)]
Minutes = Annotated[int, Meta(ge=0, le=100_000_000)]
Months = Annotated[int, Meta(ge=1, le=1200)]


class Step(Output):
    """One ordered step: content of its own, or another activity."""

    id: int
    kind: StepKind
    activity_id: int | None
    title: str
    body: str
    mandatory: bool
    min_score: float | None


class StepInput(Input):
    """A step; with `id` it is one the activity has already, which keeps what learners did on it."""

    id: Id | UnsetType = UNSET
    kind: StepKind = "content"
    activity_id: Id | None = None
    title: Text = ""
    body: LongText = ""
    mandatory: bool = True
    min_score: Score | None = None


class Certificate(Output):
    """What completing the activity awards."""

    id: int
    title: str
    valid_months: int | None


class CertificateInput(Input):
    """A certificate; without a title it is called like the activity, without months it does not expire."""

    title: Text = ""
    valid_months: Months | None = None
    id: Id | UnsetType = UNSET


class Activity(Output):
    """A course, program or path."""

    id: int
    kind: ActivityKind
    title: str
    description: str
    external_id: str | None
    steps: list[Step]
    min_minutes: int | None
    max_minutes: int | None
    certificate: Certificate | None
    several_sessions: bool
    version: int


class ListedActivity(Activity, kw_only=True):
    """An activity with how many sessions it has and how many people are enrolled in them; null to all but platform admins."""

    session_count: int | None = None
    enrolled: int | None = None


Steps = Annotated[list[StepInput], Meta(max_length=1_000)]


class ActivityInput(Input):
    """A new activity with its steps."""

    kind: ActivityKind
    title: Name
    description: LongText = ""
    external_id: Code | None = None
    steps: Steps = []
    min_minutes: Minutes | None = None
    max_minutes: Minutes | None = None
    certificate: CertificateInput | None = None
    several_sessions: bool = False


class ActivityChange(Input):
    """What to change; what is absent stays. `steps` is the whole list in its new order."""

    title: Name | UnsetType = UNSET
    description: LongText | UnsetType = UNSET
    external_id: Code | UnsetType | None = UNSET
    steps: Steps | UnsetType = UNSET
    min_minutes: Minutes | UnsetType | None = UNSET
    max_minutes: Minutes | UnsetType | None = UNSET
    certificate: CertificateInput | UnsetType | None = UNSET
    several_sessions: bool | UnsetType = UNSET
