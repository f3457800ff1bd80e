"""Activities, sessions, results, awards."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from backend.schemas.commons import Bulk, Code, Id, Input, LongText, Name, Output, Text
from backend.schemas.people import Instant

ActivityKind = Literal["course", "program", "path"]
StepKind = Literal["content", "course", "program", "path"]
Catalog = Literal["hidden", "group", "everyone"]
ResultStatus = Literal["started", "completed", "failed"]

Score = Annotated[float, Meta(ge=0, le=100)]
Minutes = Annotated[int, Meta(ge=0, le=100_000_000)]
Months = Annotated[int, Meta(ge=1, le=1200)]
Count = Annotated[int, Meta(ge=0, le=10_000_000)]
Percent = Annotated[float, Meta(ge=0, le=100)]
# An id, or the external id (of learners: or the e-mail address) that stands for it.
Reference = Id | Code


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


class Fuse(Output):
    """A dynamic removal of more people than `count` and `percent`, or than `most`, is held for a person to approve.

    So is a dynamic change that enrolls more people than `entering` within an hour, if they more than double the session.
    """

    count: int
    percent: float
    most: int
    entering: int


class FuseInput(Input):
    """When a dynamic change waits for a person; of `most` and `entering`, null stands for what the organisation says."""

    count: Count = 50
    percent: Percent = 10
    most: Count | None = None
    entering: Count | None = None


SessionMay = Literal["view", "enroll", "manage"]


class Session(Output):
    """An instance of an activity that people are enrolled in."""

    id: int
    activity_id: int
    activity_title: str
    name: str
    external_id: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    group_id: int | None
    instructor_ids: list[int]
    catalog: Catalog
    fuse: Fuse
    version: int
    # What the asker may do there; told of one session, never in lists.
    may: list[SessionMay] = []


Instructors = Annotated[list[Id], Meta(max_length=1_000)]


class SessionInput(Input):
    """A new session."""

    activity_id: Id
    name: Name
    external_id: Code | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    group_id: Id | None = None
    instructor_ids: Instructors = []
    catalog: Catalog = "hidden"
    fuse: FuseInput | None = None


class SessionChange(Input):
    """What to change; what is absent stays."""

    name: Name | UnsetType = UNSET
    external_id: Code | UnsetType | None = UNSET
    starts_at: Instant | UnsetType | None = UNSET
    ends_at: Instant | UnsetType | None = UNSET
    group_id: Id | UnsetType | None = UNSET
    instructor_ids: Instructors | UnsetType = UNSET
    catalog: Catalog | UnsetType = UNSET
    fuse: FuseInput | UnsetType | None = UNSET


class ResultRow(Input):
    """What a learner did on an activity (one without steps) or on a step.

    `awarded_at`: when its certificate was issued, if not on completion. A result `failed` after `completed` is kept as an
    attempt; `revoke` takes the completion back, everywhere.
    """

    learner: Reference
    activity: Reference
    status: ResultStatus
    step: Id | None = None
    session: Reference | None = None
    score: Score | None = None
    started_at: Instant | None = None
    completed_at: Instant | None = None
    awarded_at: Instant | None = None
    revoke: bool = False


class ResultsBulk(Bulk):
    """Up to 10,000 results."""

    results: list[ResultRow]


class AwardRow(Input):
    """A certificate issued to a learner.

    `certificate` is its id or its activity's external id. Without `expires_at` its validity decides; null means that
    it never expires.
    """

    learner: Reference
    certificate: Reference
    issued_at: Instant
    expires_at: Instant | UnsetType | None = UNSET


class Award(Output):
    """A certificate that somebody holds or held; `expires_at` is null for one that never expires."""

    id: int
    certificate_id: int
    title: str
    activity_id: int
    activity_title: str
    issued_at: Instant
    expires_at: Instant | None


class AwardsBulk(Bulk):
    """Up to 10,000 awards."""

    awards: list[AwardRow]


class StepDone(Input):
    """Nothing is to be said: a score is given by who grades, and refused here."""

    score: Score | None = None


class Grade(Input):
    """What somebody scored on a step, which completes it; `revoke` (platform admins) takes its completion back instead."""

    learner_id: Id
    score: Score
    note: LongText | None = None
    revoke: bool = False


class Standing(Output):
    """Where the learner stands on the activity now."""

    activity_id: int
    status: Literal["not_started", "started", "completed", "failed"]
    successful: bool
    steps_done: int
    score: float | None
    completed_at: datetime | None
