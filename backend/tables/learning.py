"""Activities, sessions, results, awards."""

from piccolo.columns import (
    BigSerial,
    Boolean,
    DoublePrecision,
    ForeignKey,
    Integer,
    OnDelete,
    Serial,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from backend.database import ENGINE
from backend.tables.people import Learner, LearnerGroup


class Activity(Table, tablename="activity", db=ENGINE):
    """A course, program or path."""

    id = Serial(primary_key=True)
    kind = Text(required=True)
    title = Text(required=True)
    description = Text()
    external_id = Text(null=True, default=None)
    min_minutes = Integer(null=True, default=None)
    max_minutes = Integer(null=True, default=None)
    several_sessions = Boolean(default=False)
    created_by = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    version = Integer(default=1)


class Step(Table, tablename="step", db=ENGINE):
    """One ordered step of an activity: content, or another activity."""

    id = Serial(primary_key=True)
    activity_id = ForeignKey(Activity, null=False, required=True)
    position = Integer(required=True)
    kind = Text(required=True)
    child_activity_id = ForeignKey(Activity, on_delete=OnDelete.restrict, null=True, default=None)
    title = Text(required=True)
    body = Text()
    mandatory = Boolean(default=True)
    min_score = DoublePrecision(null=True, default=None)


class Certificate(Table, tablename="certificate", db=ENGINE):
    """What completing an activity awards."""

    id = Serial(primary_key=True)
    activity_id = ForeignKey(Activity, null=False, required=True)
    title = Text(required=True)
    valid_months = Integer(null=True, default=None)


class Session(Table, tablename="session", db=ENGINE):
    """An instance of an activity that people are enrolled in."""

    id = Serial(primary_key=True)
    activity_id = ForeignKey(Activity, null=False, required=True)
    name = Text(required=True)
    external_id = Text(null=True, default=None)
    starts_at = Timestamptz(null=True, default=None)
    ends_at = Timestamptz(null=True, default=None)
    group_id = ForeignKey(LearnerGroup, on_delete=OnDelete.restrict, null=True, default=None)
    catalog = Text(default="hidden")
    fuse_count = Integer(default=50)
    fuse_percent = DoublePrecision(default=10)
    fuse_most = Integer(null=True, default=None)
    fuse_entering = Integer(null=True, default=None)
    created_by = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    version = Integer(default=1)


class SessionInstructor(Table, tablename="session_instructor", db=ENGINE):
    """Who instructs a session."""

    session_id = Integer(primary_key=True, required=True)
    learner_id = ForeignKey(Learner, null=False, required=True)


class CourseGroup(Table, tablename="course_group", db=ENGINE):
    """A group inside a course."""

    id = Serial(primary_key=True)
    activity_id = ForeignKey(Activity, null=False, required=True)
    name = Text(required=True)


class Result(Table, tablename="result", db=ENGINE):
    """What was reported of a learner on an activity or a step."""

    id = BigSerial(primary_key=True)
    learner_id = ForeignKey(Learner, null=False, required=True)
    activity_id = ForeignKey(Activity, null=False, required=True)
    step_id = ForeignKey(Step, null=True, default=None)
    session_id = ForeignKey(Session, on_delete=OnDelete.set_null, null=True, default=None)
    status = Text(required=True)
    score = DoublePrecision(null=True, default=None)
    started_at = Timestamptz(null=True, default=None)
    completed_at = Timestamptz(null=True, default=None)
    note = Text(null=True, default=None)


class ResultAttempt(Table, tablename="result_attempt", db=ENGINE):
    """A report that came after a completion: kept, and takes nothing back."""

    id = BigSerial(primary_key=True)
    learner_id = ForeignKey(Learner, null=False, required=True)
    activity_id = ForeignKey(Activity, null=False, required=True)
    step_id = ForeignKey(Step, null=True, default=None)
    session_id = ForeignKey(Session, on_delete=OnDelete.set_null, null=True, default=None)
    status = Text(required=True)
    score = DoublePrecision(null=True, default=None)
    started_at = Timestamptz(null=True, default=None)
    completed_at = Timestamptz(null=True, default=None)
    note = Text(null=True, default=None)
    reported_at = Timestamptz(required=True)


class Standing(Table, tablename="standing", db=ENGINE):
    """Where a learner stands on an activity; derived by triggers, never written."""

    learner_id = ForeignKey(Learner, null=False, required=True)
    activity_id = Integer(primary_key=True, required=True)
    status = Text(required=True)
    successful = Boolean(required=True)
    score = DoublePrecision(null=True, default=None)
    steps_done = Integer(required=True)
    started_at = Timestamptz(null=True, default=None)
    completed_at = Timestamptz(null=True, default=None)


class Award(Table, tablename="award", db=ENGINE):
    """A certificate issued to a learner."""

    id = BigSerial(primary_key=True)
    learner_id = ForeignKey(Learner, null=False, required=True)
    certificate_id = ForeignKey(Certificate, null=False, required=True)
    issued_at = Timestamptz(required=True)
    expires_at = Timestamptz(null=True, default=None)
