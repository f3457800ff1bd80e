"""What watches over rules: their versions, people pinned to them, and audiences that jumped."""

from piccolo.columns import (
    JSONB,
    BigInt,
    BigSerial,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    Serial,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from backend.database import ENGINE
from backend.tables.audiences import Segment
from backend.tables.enrollment_methods import EnrollmentMethod
from backend.tables.people import Learner
from backend.tables.runs import Run


class RuleVersion(Table, tablename="rule_version", db=ENGINE):
    """A rule of a method or a segment as it was stored. Triggers write it: see migrations/rule_guards.sql."""

    id = BigSerial(primary_key=True)
    method_id = ForeignKey(EnrollmentMethod, null=True, default=None)
    # Without a reference: a segment comes back under its id when its deletion is undone.
    segment_id = Integer(null=True, default=None)
    number = Integer(default=None)
    rule = JSONB(default=None)
    at = Timestamptz(null=True, default=None)
    by_id = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    run_id = ForeignKey(Run, on_delete=OnDelete.set_null, null=True, default=None)
    written_in = BigInt(default=None)


class RulePin(Table, tablename="rule_pin", db=ENGINE):
    """Somebody who must be in the audience of a method or a segment, or out of it. The reconciler notes since when they are not."""

    id = Serial(primary_key=True)
    method_id = ForeignKey(EnrollmentMethod, null=True, default=None)
    segment_id = Integer(null=True, default=None)
    learner_id = ForeignKey(Learner, null=False)
    expected = Text(default=None)
    note = Text()
    by_id = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    at = Timestamptz(default=None)
    broken_since = Timestamptz(null=True, default=None)
    broken_by = JSONB(null=True, default=None)


class AudienceJump(Table, tablename="audience_jump", db=ENGINE):
    """A change of an audience's size within a day that is beyond what is usual for it, until somebody says that it is right."""

    id = Serial(primary_key=True)
    method_id = ForeignKey(EnrollmentMethod, null=True, default=None)
    segment_id = ForeignKey(Segment, null=True, default=None)
    day = Date(default=None)
    size = Integer(default=None)
    net = Integer(default=None)
    low = Integer(default=None)
    high = Integer(default=None)
    causes = JSONB(default="[]")
    owner_id = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    at = Timestamptz(default=None)
    state = Text(default="open")
    dismissed_by_id = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    dismissed_at = Timestamptz(null=True, default=None)
