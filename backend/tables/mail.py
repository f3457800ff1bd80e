"""Messages and what they tell."""

from piccolo.columns import JSONB, BigInt, BigSerial, Integer, Text, Timestamptz
from piccolo.table import Table

from backend.database import ENGINE


class Message(Table, tablename="message", db=ENGINE):
    """One e-mail. What it and its notices name is looked at by triggers, once a statement: see migrations/mail_references.sql."""

    id = BigSerial(primary_key=True)
    learner_id = Integer(default=None)
    kind = Text(default=None)
    due_at = Timestamptz(default=None)
    state = Text(default="pending")
    message_id = Text(default=None)
    email = Text(null=True, default=None)
    subject = Text(null=True, default=None)
    html = Text(null=True, default=None)
    body = Text(null=True, default=None)
    attempts = Integer(default=0)
    retry_at = Timestamptz(null=True, default=None)
    error = Text(null=True, default=None)
    created_at = Timestamptz(default=None)
    sent_at = Timestamptz(null=True, default=None)
    cancelled_why = Text(null=True, default=None)
    # What tells the error in any language.
    error_made_of = JSONB(null=True, default=None)


class Notice(Table, tablename="notice", db=ENGINE):
    """One thing a message tells."""

    id = BigSerial(primary_key=True)
    message_id = BigInt(default=None)
    learner_id = Integer(default=None)
    kind = Text(default=None)
    session_id = Integer(null=True, default=None)
    method_id = Integer(null=True, default=None)
    run_id = BigInt(null=True, default=None)
    cancelled_at = Timestamptz(null=True, default=None)
    detail = JSONB(default="{}")
    cancelled_why = Text(null=True, default=None)
