"""Piccolo tables: definitions only. The schema itself is in `migrations/`; a test keeps the two alike.

A column without a default in the schema has `default=None` here, so that a row without it is refused: Piccolo's own defaults
would be an empty text or the moment of the process. Piccolo knows no composite keys: where the schema has one, its first column
is named as the primary key here.
"""

from backend.tables.access import ApiToken, Audit, Idempotency, Invitation, SignIn, SignInAttempt
from backend.tables.audiences import AudienceSize, Segment
from backend.tables.changes import ChangeLog, Follower, IndexCheckpoint, IndexCheckpointPart, LogHead, Outbox
from backend.tables.consequences import Proposal, Rehearsal
from backend.tables.enrollment import (
    Blocked,
    CourseGroupPlace,
    Departure,
    DueRecheck,
    Enrollment,
    Exclusion,
    PickedUntil,
    Source,
    WaitingPlace,
)
from backend.tables.enrollment_methods import EnrollmentMethod, EnrollmentRule
from backend.tables.groups import Environment, EnvironmentReseller, LearnerGroup, Membership
from backend.tables.imports import ImportJob, ImportRow
from backend.tables.learning import (
    Activity,
    Award,
    Certificate,
    CourseGroup,
    CourseGroupInstructor,
    Result,
    ResultAttempt,
    Session,
    SessionInstructor,
    Standing,
    Step,
)
from backend.tables.mail import Message, Notice
from backend.tables.operations import EmptiedValue
from backend.tables.people import Field, FieldValue, Learner, Organisation
from backend.tables.rule_guards import AudienceJump, RulePin, RuleVersion
from backend.tables.runs import Run, RunChange, RunChangeShared, RunFact, Telling

__all__ = [
    "Activity",
    "ApiToken",
    "AudienceJump",
    "AudienceSize",
    "Audit",
    "Award",
    "Blocked",
    "Certificate",
    "ChangeLog",
    "CourseGroup",
    "CourseGroupInstructor",
    "CourseGroupPlace",
    "Departure",
    "DueRecheck",
    "EmptiedValue",
    "Enrollment",
    "EnrollmentMethod",
    "EnrollmentRule",
    "Environment",
    "EnvironmentReseller",
    "Exclusion",
    "Field",
    "FieldValue",
    "Follower",
    "Idempotency",
    "ImportJob",
    "ImportRow",
    "IndexCheckpoint",
    "IndexCheckpointPart",
    "Invitation",
    "Learner",
    "LearnerGroup",
    "LogHead",
    "Membership",
    "Message",
    "Notice",
    "Organisation",
    "Outbox",
    "PickedUntil",
    "Proposal",
    "Rehearsal",
    "Result",
    "ResultAttempt",
    "RulePin",
    "RuleVersion",
    "Run",
    "RunChange",
    "RunChangeShared",
    "RunFact",
    "Segment",
    "Session",
    "SessionInstructor",
    "SignIn",
    "SignInAttempt",
    "Source",
    "Standing",
    "Step",
    "Telling",
    "WaitingPlace",
]
