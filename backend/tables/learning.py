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
from backend.tables.groups import LearnerGroup
from backend.tables.people import Learner


class Activity(Table, tablename="activity", db=ENGINE):
    """A course, program or path."""

    id = Serial(primary_key=True)
    kind = Text(default=None)
    title = Text(default=None)
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
    activity_id = ForeignKey(Activity, null=False)
    position = Integer(default=None)
    kind = Text(default=None)
    child_activity_id = ForeignKey(Activity, on_delete=OnDelete.restrict, null=True, default=None)
    title = Text(default=None)
    body = Text()
    mandatory = Boolean(default=True)
    min_score = DoublePrecision(null=True, default=None)


class Certificate(Table, tablename="certificate", db=ENGINE):
    """What completing an activity awards."""

    id = Serial(primary_key=True)
    activity_id = ForeignKey(Activity, null=False)
    title = Text(default=None)
    valid_months = Integer(null=True, default=None)


class Session(Table, tablename="session", db=ENGINE):
    """An instance of an activity that people are enrolled in."""

    id = Serial(primary_key=True)
    activity_id = ForeignKey(Activity, null=False)
    name = Text(default=None)
    external_id = Text(null=True, default=None)
    starts_at = Timestamptz(null=True, default=None)
    ends_at = Timestamptz(null=True, default=None)
    group_id = ForeignKey(LearnerGroup, on_delete=OnDelete.restrict, null=True, default=None)
    catalog = Text(default="hidden")
    # How many are enrolled at most, as far as people enroll themselves.
    capacity = Integer(null=True, default=None)
    # Made by the legacy route: people are enrolled directly, without methods.
    legacy = Boolean(default=False)
    fuse_count = Integer(default=50)
    fuse_percent = DoublePrecision(default=10)
    fuse_most = Integer(null=True, default=None)
    fuse_entering = Integer(null=True, default=None)
    created_by = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    version = Integer(default=1)


class SessionInstructor(Table, tablename="session_instructor", db=ENGINE):
    """Who instructs a session."""

    session_id = Integer(primary_key=True, default=None)
    learner_id = ForeignKey(Learner, null=False)


class CourseGroup(Table, tablename="course_group", db=ENGINE):
    """A class: a group inside a session of a course."""

    id = Serial(primary_key=True)
    activity_id = ForeignKey(Activity, null=False)
    session_id = ForeignKey(Session, null=True, default=None)
    name = Text(default=None)
    external_id = Text(null=True, default=None)
    version = Integer(default=1)


class CourseGroupInstructor(Table, tablename="course_group_instructor", db=ENGINE):
    """Who instructs a class."""

    course_group_id = Integer(primary_key=True, default=None)
    learner_id = ForeignKey(Learner, null=False)


class Result(Table, tablename="result", db=ENGINE):
    """What was reported of a learner on an activity or a step."""

    id = BigSerial(primary_key=True)
    learner_id = ForeignKey(Learner, null=False)
    activity_id = ForeignKey(Activity, null=False)
    step_id = ForeignKey(Step, null=True, default=None)
    session_id = ForeignKey(Session, on_delete=OnDelete.set_null, null=True, default=None)
    status = Text(default=None)
    score = DoublePrecision(null=True, default=None)
    started_at = Timestamptz(null=True, default=None)
    completed_at = Timestamptz(null=True, default=None)
    note = Text(null=True, default=None)


class ResultAttempt(Table, tablename="result_attempt", db=ENGINE):
    """A report that came after a completion: kept, and takes nothing back."""

    id = BigSerial(primary_key=True)
    learner_id = ForeignKey(Learner, null=False)
    activity_id = ForeignKey(Activity, null=False)
    step_id = ForeignKey(Step, null=True, default=None)
    session_id = ForeignKey(Session, on_delete=OnDelete.set_null, null=True, default=None)
    status = Text(default=None)
    score = DoublePrecision(null=True, default=None)
    started_at = Timestamptz(null=True, default=None)
    completed_at = Timestamptz(null=True, default=None)
    note = Text(null=True, default=None)
    reported_at = Timestamptz(default=None)


class Standing(Table, tablename="standing", db=ENGINE):
    """Where a learner stands on an activity; derived by triggers, never written."""

    learner_id = ForeignKey(Learner, null=False)
    activity_id = Integer(primary_key=True, default=None)
    status = Text(default=None)
    successful = Boolean(default=None)
    score = DoublePrecision(null=True, default=None)
    steps_done = Integer(default=None)
    started_at = Timestamptz(null=True, default=None)
    completed_at = Timestamptz(null=True, default=None)
    # Since when somebody is successful who has not completed.
    succeeded_at = Timestamptz(null=True, default=None)


class Award(Table, tablename="award", db=ENGINE):
    """A certificate issued to a learner."""

    id = BigSerial(primary_key=True)
    learner_id = ForeignKey(Learner, null=False)
    certificate_id = ForeignKey(Certificate, null=False)
    issued_at = Timestamptz(default=None)
    expires_at = Timestamptz(null=True, default=None)
