"""Enrollment methods, and the rules that make them."""

from piccolo.columns import JSONB, Array, Boolean, ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from backend.database import ENGINE
from backend.tables.audiences import Segment
from backend.tables.groups import LearnerGroup
from backend.tables.learning import Activity, CourseGroup, Session
from backend.tables.people import Field, Learner


class EnrollmentRule(Table, tablename="enrollment_rule", db=ENGINE):
    """A rule with sessions as its targets: in each of them a method of kind audience."""

    id = Serial(primary_key=True)
    name = Text(default=None)
    state = Text(default="draft")
    rule = JSONB(default=None)
    policy = JSONB(default=None)
    targets = Array(base_column=Integer(), default=list)
    created_by = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    created_at = Timestamptz(default=None)
    version = Integer(default=1)


class EnrollmentMethod(Table, tablename="enrollment_method", db=ENGINE):
    """An audience and a policy on a session."""

    id = Serial(primary_key=True)
    session_id = ForeignKey(Session, null=False)
    kind = Text(default=None)
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
    # Due so many days after the date that the person has in this field.
    due_field = ForeignKey(Field, on_delete=OnDelete.set_null, null=True, default=None)
    due_field_days = Integer(null=True, default=None)
    # Where two methods want somebody for two sessions of one activity at once, the higher one gets them; of equals the older.
    priority = Integer(default=0)
    recertify_months = Integer(null=True, default=None)
    course_group_id = ForeignKey(CourseGroup, on_delete=OnDelete.set_null, null=True, default=None)
    segment_id = ForeignKey(Segment, on_delete=OnDelete.restrict, null=True, default=None)
    group_id = ForeignKey(LearnerGroup, on_delete=OnDelete.restrict, null=True, default=None)
    after_activity_id = ForeignKey(Activity, on_delete=OnDelete.restrict, null=True, default=None)
    after_status = Text(null=True, default=None)
    # How many calendar days after that, and whether who did so before it was confirmed counts, too.
    delay_days = Integer(null=True, default=None)
    earlier = Boolean(null=True, default=None)
    # The session whose people a subpath holds.
    parent_session_id = ForeignKey(Session, on_delete=OnDelete.set_null, null=True, default=None)
    key = Text(null=True, default=None)
    # Whether whoever sees the session may come without a key.
    open = Boolean(null=True, default=None)
    capacity = Integer(null=True, default=None)
    opens_at = Timestamptz(null=True, default=None)
    closes_at = Timestamptz(null=True, default=None)
    follow = Text(default="both")
    reenter = Text(default="always")
    reenter_days = Integer(null=True, default=None)
    starts_at = Timestamptz(null=True, default=None)
    ends_at = Timestamptz(null=True, default=None)
    # The rule through which alone it is changed.
    enrollment_rule_id = ForeignKey(EnrollmentRule, on_delete=OnDelete.set_null, null=True, default=None)
    # The qualification that its group was linked to.
    qualification_id = ForeignKey(LearnerGroup, on_delete=OnDelete.set_null, null=True, default=None)
    # One a session: whoever is picked, pasted, imported or kept is enrolled by it.
    hand_picked = Boolean(default=False)
    state = Text(default="draft")
    state_reason = Text()
    state_cause = Text(null=True, default=None)
    state_details = JSONB(null=True, default=None)
    created_by = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    created_at = Timestamptz(default=None)
    deleted_at = Timestamptz(null=True, default=None)
    version = Integer(default=1)
