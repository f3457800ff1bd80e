"""What people did on activities, and the certificates they were awarded, on the wire."""

from datetime import datetime
from typing import Literal

from msgspec import UNSET, UnsetType

from backend.schemas.base import Bulk, Code, Id, Input, LongText, Output
from backend.schemas.learning.activities import Score
from backend.schemas.people import Instant

ResultStatus = Literal["started", "completed", "failed"]
# An id, or the external id (of learners: or the e-mail address) that stands for it.
Reference = Id | Code


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
