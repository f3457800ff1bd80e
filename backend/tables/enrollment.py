"""Who is enrolled: sources, enrollments, and what stands in the way of them."""

from piccolo.columns import BigInt, BigSerial, Boolean, Date, ForeignKey, Integer, OnDelete, Text, Timestamptz
from piccolo.table import Table

from backend.database import ENGINE
from backend.tables.enrollment_methods import EnrollmentMethod
from backend.tables.learning import CourseGroup, Session
from backend.tables.people import Learner
from backend.tables.runs import Run


class Enrollment(Table, tablename="enrollment", db=ENGINE):
    """A learner in a session. Its references are looked at by triggers, once a statement: see migrations/references.sql."""

    id = BigSerial(primary_key=True)
    session_id = Integer(default=None)
    activity_id = Integer(default=None)
    learner_id = Integer(default=None)
    state = Text(default=None)
    exclusive = Boolean(default=None)
    role = Text(default="learner")
    since = Timestamptz(default=None)
    until = Timestamptz(null=True, default=None)
    due_at = Timestamptz(null=True, default=None)
    due_by_hand = Boolean(default=False)
    mandatory = Boolean(default=False)
    completed_at = Timestamptz(null=True, default=None)
    course_group_id = ForeignKey(CourseGroup, on_delete=OnDelete.set_null, null=True, default=None)
    version = Integer(default=1)
    # The run that wrote it last, where one did.
    run_id = BigInt(null=True, default=None)


class Source(Table, tablename="source", db=ENGINE):
    """Why somebody is enrolled: a method that covers them, from when to when. Its references are looked at like an enrollment's."""

    id = BigSerial(primary_key=True)
    method_id = Integer(default=None)
    learner_id = Integer(default=None)
    session_id = Integer(default=None)
    since = Timestamptz(default=None)
    until = Timestamptz(null=True, default=None)
    run_id = BigInt(null=True, default=None)
    end_run_id = BigInt(null=True, default=None)
    # The method whose place it has taken, of somebody who was kept.
    kept_from = Integer(null=True, default=None)
    # Of a method that does not take everybody back: the day on which they had left it before. Written by a trigger.
    left_before = Date(null=True, default=None)


class Blocked(Table, tablename="blocked", db=ENGINE):
    """Somebody a method wants who is enrolled in another session of the same activity."""

    method_id = Integer(primary_key=True, default=None)
    learner_id = ForeignKey(Learner, null=False)
    session_id = ForeignKey(Session, null=False)
    other_session_id = ForeignKey(Session, null=False)
    since = Timestamptz(default=None)
    run_id = ForeignKey(Run, on_delete=OnDelete.set_null, null=True, default=None)


class CourseGroupPlace(Table, tablename="course_group_place", db=ENGINE):
    """Somebody whom a method puts into its class without enrolling them."""

    method_id = Integer(primary_key=True, default=None)
    learner_id = ForeignKey(Learner, null=False)
    since = Timestamptz(default=None)


class WaitingPlace(Table, tablename="waiting_place", db=ENGINE):
    """Somebody who wants to enroll themselves by a method that is full; who came first has the lower id."""

    id = BigSerial(primary_key=True)
    method_id = ForeignKey(EnrollmentMethod, null=False)
    session_id = ForeignKey(Session, null=False)
    learner_id = ForeignKey(Learner, null=False)
    since = Timestamptz(default=None)


class PickedUntil(Table, tablename="picked_until", db=ENGINE):
    """Until when somebody is enrolled who was picked by name: the first day on which they are so no longer.

    It is about the source that was open when it was written (`at`), and about no later one.
    """

    method_id = Integer(primary_key=True, default=None)
    learner_id = ForeignKey(Learner, null=False)
    until = Date(default=None)
    at = Timestamptz(default=None)


class DueRecheck(Table, tablename="due_recheck", db=ENGINE):
    """A person whose value of a field has changed by which methods tell due dates. Written by triggers."""

    id = BigSerial(primary_key=True)
    field_id = Integer(default=None)
    learner_id = Integer(default=None)


class Exclusion(Table, tablename="exclusion", db=ENGINE):
    """Somebody who is left out of a session whatever its methods say. `until`: the first day on which these decide again."""

    session_id = Integer(primary_key=True, default=None)
    learner_id = ForeignKey(Learner, null=False)
    reason = Text()
    until = Date(null=True, default=None)
    moved_to_id = ForeignKey(Session, on_delete=OnDelete.set_null, null=True, default=None)
    by_id = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    at = Timestamptz(default=None)
    run_id = ForeignKey(Run, on_delete=OnDelete.set_null, null=True, default=None)


class Departure(Table, tablename="departure", db=ENGINE):
    """Somebody who left a method that does not take everybody back at once, and on which day. Written by triggers."""

    method_id = Integer(primary_key=True, default=None)
    learner_id = ForeignKey(Learner, null=False)
    left_on = Date(default=None)
