"""Messages and what they tell."""

from piccolo.columns import JSONB, BigSerial, ForeignKey, Integer, OnDelete, Text, Timestamptz
from piccolo.table import Table

from backend.database import ENGINE
from backend.tables.enrolling import EnrollmentMethod, Run
from backend.tables.learning import Session
from backend.tables.people import Learner


class Message(Table, tablename="message", db=ENGINE):
    """One e-mail."""

    id = BigSerial(primary_key=True)
    learner_id = ForeignKey(Learner, null=False, required=True)
    kind = Text(required=True)
    due_at = Timestamptz(required=True)
    state = Text(default="pending")
    message_id = Text(required=True)
    email = Text(null=True, default=None)
    subject = Text(null=True, default=None)
    html = Text(null=True, default=None)
    body = Text(null=True, default=None)
    attempts = Integer(default=0)
    retry_at = Timestamptz(null=True, default=None)
    error = Text(null=True, default=None)
    created_at = Timestamptz(required=True)
    sent_at = Timestamptz(null=True, default=None)


class Notice(Table, tablename="notice", db=ENGINE):
    """One thing a message tells."""

    id = BigSerial(primary_key=True)
    message_id = ForeignKey(Message, null=False, required=True)
    learner_id = ForeignKey(Learner, null=False, required=True)
    kind = Text(required=True)
    session_id = ForeignKey(Session, null=True, default=None)
    method_id = ForeignKey(EnrollmentMethod, null=True, default=None)
    run_id = ForeignKey(Run, on_delete=OnDelete.set_null, null=True, default=None)
    cancelled_at = Timestamptz(null=True, default=None)
    detail = JSONB(default="{}")
