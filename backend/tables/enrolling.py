"""Audiences with names, methods, sources, enrollments, runs."""

from piccolo.columns import (
    JSONB,
    Array,
    BigInt,
    BigSerial,
    Boolean,
    ForeignKey,
    Integer,
    OnDelete,
    Serial,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from backend.database import ENGINE
from backend.tables.learning import Activity, CourseGroup, Session
from backend.tables.people import Learner, LearnerGroup


class Segment(Table, tablename="segment", db=ENGINE):
    """A named audience that others refer to."""

    id = Serial(primary_key=True)
    name = Text(required=True)
    rule = JSONB(required=True)
    created_by = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    version = Integer(default=1)


class EnrollmentMethod(Table, tablename="enrollment_method", db=ENGINE):
    """An audience and a policy on a session."""

    id = Serial(primary_key=True)
    session_id = ForeignKey(Session, null=False, required=True)
    kind = Text(required=True)
    name = Text()
    active = Boolean(default=True)
    visible = Boolean(default=True)
    role = Text(default="learner")
    rule = JSONB(null=True, default=None)
    dynamic = Boolean(default=False)
    on_leave = Text(default="expire")
    mandatory = Boolean(default=False)
    due_at = Timestamptz(null=True, default=None)
    due_days = Integer(null=True, default=None)
    recertify_months = Integer(null=True, default=None)
    course_group_id = ForeignKey(CourseGroup, on_delete=OnDelete.set_null, null=True, default=None)
    segment_id = ForeignKey(Segment, on_delete=OnDelete.restrict, null=True, default=None)
    group_id = ForeignKey(LearnerGroup, on_delete=OnDelete.restrict, null=True, default=None)
    after_activity_id = ForeignKey(Activity, on_delete=OnDelete.restrict, null=True, default=None)
    key = Text(null=True, default=None)
    state = Text(default="draft")
    state_reason = Text()
    state_cause = Text(null=True, default=None)
    state_details = JSONB(null=True, default=None)
    created_by = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    created_at = Timestamptz(required=True)
    deleted_at = Timestamptz(null=True, default=None)
    version = Integer(default=1)


class Run(Table, tablename="run", db=ENGINE):
    """One applied or held plan, with its cause."""

    id = BigSerial(primary_key=True)
    method_id = ForeignKey(EnrollmentMethod, on_delete=OnDelete.set_null, null=True, default=None)
    session_id = ForeignKey(Session, null=True, default=None)
    cause = Text(required=True)
    actor_id = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    state = Text(required=True)
    entered = Integer(default=0)
    left_count = Integer(default=0)
    gaining = Integer(default=0)
    losing = Integer(default=0)
    completed_stay = Integer(default=0)
    blocked = Integer(default=0)
    total = Integer(default=0)
    done = Integer(default=0)
    position = BigInt(null=True, default=None)
    detail = JSONB(default="{}")
    undo_of: "ForeignKey[Run]" = ForeignKey("self", null=True, default=None)
    created_at = Timestamptz(required=True)
    finished_at = Timestamptz(null=True, default=None)


class Enrollment(Table, tablename="enrollment", db=ENGINE):
    """A learner in a session. Its references are looked at by triggers, once a statement: see migrations/references.sql."""

    id = BigSerial(primary_key=True)
    session_id = Integer(required=True)
    activity_id = Integer(required=True)
    learner_id = Integer(required=True)
    state = Text(required=True)
    exclusive = Boolean(required=True)
    role = Text(default="learner")
    since = Timestamptz(required=True)
    until = Timestamptz(null=True, default=None)
    due_at = Timestamptz(null=True, default=None)
    due_by_hand = Boolean(default=False)
    mandatory = Boolean(default=False)
    completed_at = Timestamptz(null=True, default=None)
    course_group_id = ForeignKey(CourseGroup, on_delete=OnDelete.set_null, null=True, default=None)
    version = Integer(default=1)


class Source(Table, tablename="source", db=ENGINE):
    """Why somebody is enrolled: a method that covers them, from when to when. Its references are looked at like an enrollment's."""

    id = BigSerial(primary_key=True)
    method_id = Integer(required=True)
    learner_id = Integer(required=True)
    session_id = Integer(required=True)
    since = Timestamptz(required=True)
    until = Timestamptz(null=True, default=None)
    run_id = BigInt(null=True, default=None)
    end_run_id = BigInt(null=True, default=None)
    # The method whose place it has taken, of somebody who was kept.
    kept_from = Integer(null=True, default=None)


class Blocked(Table, tablename="blocked", db=ENGINE):
    """Somebody a method wants who is enrolled in another session of the same activity."""

    method_id = Integer(primary_key=True, required=True)
    learner_id = ForeignKey(Learner, null=False, required=True)
    session_id = ForeignKey(Session, null=False, required=True)
    other_session_id = ForeignKey(Session, null=False, required=True)
    since = Timestamptz(required=True)
    run_id = ForeignKey(Run, on_delete=OnDelete.set_null, null=True, default=None)


class RunChange(Table, tablename="run_change", db=ENGINE):
    """What one run did to one person. Its references are looked at like an enrollment's."""

    run_id = BigInt(primary_key=True, required=True)
    learner_id = Integer(required=True)
    change = Text(required=True)
    before = JSONB(null=True, default=None)
    after = JSONB(null=True, default=None)
    reason = JSONB(null=True, default=None)


class RunChangeShared(Table, tablename="run_change_shared", db=ENGINE):
    """What one run did alike to many people, who are in order. The database tells the first, the last and how many they are."""

    run_id = BigInt(primary_key=True, required=True)
    change = Text(required=True)
    learners = Array(base_column=Integer(), required=True)
    first_id = Integer(required=True)
    last_id = Integer(required=True)
    people = Integer(required=True)
    before = JSONB(null=True, default=None)
    after = JSONB(null=True, default=None)
    reason = JSONB(null=True, default=None)


class Telling(Table, tablename="telling", db=ENGINE):
    """A large run whose people are still to be told, and how far that is."""

    run_id = BigInt(primary_key=True, required=True)
    session_id = ForeignKey(Session, null=False, required=True)
    enrolled_at = Timestamptz(required=True)
    last_learner_id = Integer(default=0)
