"""Sign-ins, tokens, throttles, idempotency keys, audit."""

from piccolo.columns import (
    JSONB,
    Array,
    BigInt,
    BigSerial,
    Bytea,
    ForeignKey,
    Integer,
    OnDelete,
    Serial,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from backend.database import ENGINE
from backend.tables.people import Learner


class SignIn(Table, tablename="sign_in", db=ENGINE):
    """One browser that is signed in."""

    id = BigSerial(primary_key=True)
    token_hash = Bytea(required=True)
    learner_id = ForeignKey(Learner, null=False, required=True)
    created_at = Timestamptz(required=True)
    seen_at = Timestamptz(required=True)
    expires_at = Timestamptz(required=True)


class ApiToken(Table, tablename="api_token", db=ENGINE):
    """A token of the API; no scopes: everything its owner may do."""

    id = Serial(primary_key=True)
    learner_id = ForeignKey(Learner, null=False, required=True)
    name = Text()
    token_hash = Bytea(required=True)
    scopes = Array(base_column=Text(), default=list)
    created_at = Timestamptz(required=True)
    used_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(null=True, default=None)


class Invitation(Table, tablename="invitation", db=ENGINE):
    """A link with which somebody chooses their first password."""

    token_hash = Bytea(primary_key=True, required=True)
    learner_id = ForeignKey(Learner, null=False, required=True)
    created_at = Timestamptz(required=True)
    expires_at = Timestamptz(required=True)


class SignInAttempt(Table, tablename="sign_in_attempt", db=ENGINE):
    """How often somebody tried to sign in; key `account:<e-mail>` or `address:<ip>`."""

    key = Text(primary_key=True, required=True)
    failures = Integer(required=True)
    since = Timestamptz(required=True)


class Idempotency(Table, tablename="idempotency", db=ENGINE):
    """A write that was sent with a key, and what was answered."""

    learner_id = Integer(primary_key=True, required=True)
    key = Text(required=True)
    request_hash = Bytea(required=True)
    status = Integer(null=True, default=None)
    body = Bytea(null=True, default=None)
    media_type = Text(null=True, default=None)
    created_at = Timestamptz(required=True)


class Audit(Table, tablename="audit", db=ENGINE):
    """Who did what to which object."""

    id = BigSerial(primary_key=True)
    at = Timestamptz(required=True)
    actor_id = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    action = Text(required=True)
    object_kind = Text(required=True)
    object_id = BigInt(null=True, default=None)
    detail = JSONB(default="{}")
