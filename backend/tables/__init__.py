"""Piccolo tables: definitions only. The schema itself is in `migrations/`; a test keeps the two alike.

Piccolo knows no composite keys: where the schema has one, its first column is named as the primary key here.
"""

from backend.tables.access import ApiToken, Audit, Idempotency, Invitation, SignIn, SignInAttempt
from backend.tables.changes import (
    ChangeLog,
    EmptiedValue,
    Follower,
    IndexCheckpoint,
    IndexCheckpointPart,
    LogHead,
    Outbox,
)
from backend.tables.enrolling import (
    Blocked,
    Enrollment,
    EnrollmentMethod,
    Run,
    RunChange,
    RunChangeShared,
    Segment,
    Source,
    Telling,
)
from backend.tables.imports import ImportJob, ImportRow
from backend.tables.learning import (
    Activity,
    Award,
    Certificate,
    CourseGroup,
    Result,
    ResultAttempt,
    Session,
    SessionInstructor,
    Standing,
    Step,
)
from backend.tables.mail import Message, Notice
from backend.tables.people import (
    Environment,
    EnvironmentReseller,
    Field,
    FieldValue,
    Learner,
    LearnerGroup,
    Membership,
    Organisation,
)

__all__ = [
    "Activity",
    "ApiToken",
    "Audit",
    "Award",
    "Blocked",
    "Certificate",
    "ChangeLog",
    "CourseGroup",
    "EmptiedValue",
    "Enrollment",
    "EnrollmentMethod",
    "Environment",
    "EnvironmentReseller",
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
    "Result",
    "ResultAttempt",
    "Run",
    "RunChange",
    "RunChangeShared",
    "Segment",
    "Session",
    "SessionInstructor",
    "SignIn",
    "SignInAttempt",
    "Source",
    "Standing",
    "Step",
    "Telling",
]
