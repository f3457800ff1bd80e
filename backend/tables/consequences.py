"""Acts that are tried out, or asked for."""

from piccolo.columns import JSONB, ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from backend.database import ENGINE
from backend.tables.learning import Session
from backend.tables.people import Learner
from backend.tables.runs import Run


class Rehearsal(Table, tablename="rehearsal", db=ENGINE):
    """A draft of acts, with a name."""

    id = Serial(primary_key=True)
    name = Text(default=None)
    changes = JSONB(default=None)
    state = Text(default="draft")
    run_id = ForeignKey(Run, on_delete=OnDelete.set_null, null=True, default=None)
    # The hash and the position of the log that somebody saw last.
    seen = JSONB(null=True, default=None)
    created_by = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    created_at = Timestamptz(default=None)
    changed_at = Timestamptz(default=None)
    version = Integer(default=1)


class Proposal(Table, tablename="proposal", db=ENGINE):
    """What somebody asks to be enrolled who may not do it themselves; `body` is that of /enrollments/plan."""

    id = Serial(primary_key=True)
    session_id = ForeignKey(Session, null=False)
    body = JSONB(default=None)
    by_id = ForeignKey(Learner, null=False)
    state = Text(default="open")
    message = Text()
    note = Text()
    at = Timestamptz(default=None)
    decided_by_id = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    run_id = ForeignKey(Run, on_delete=OnDelete.set_null, null=True, default=None)
