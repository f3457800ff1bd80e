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
    token_hash = Bytea(default=None)
    learner_id = ForeignKey(Learner, null=False)
    created_at = Timestamptz(default=None)
    seen_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)


class ApiToken(Table, tablename="api_token", db=ENGINE):
    """A token of the API; no scopes: everything its owner may do."""

    id = Serial(primary_key=True)
    learner_id = ForeignKey(Learner, null=False)
    name = Text()
    token_hash = Bytea(default=None)
    scopes = Array(base_column=Text(), default=list)
    created_at = Timestamptz(default=None)
    used_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(null=True, default=None)


class Invitation(Table, tablename="invitation", db=ENGINE):
    """A link with which somebody chooses their first password."""

    token_hash = Bytea(primary_key=True, default=None)
    learner_id = ForeignKey(Learner, null=False)
    created_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)


class SignInAttempt(Table, tablename="sign_in_attempt", db=ENGINE):
    """How often somebody tried to sign in; key `account:<e-mail>` or `address:<ip>`."""

    key = Text(primary_key=True, default=None)
    failures = Integer(default=None)
    since = Timestamptz(default=None)


class Idempotency(Table, tablename="idempotency", db=ENGINE):
    """A write that was sent with a key, and what was answered."""

    learner_id = Integer(primary_key=True, default=None)
    key = Text(default=None)
    request_hash = Bytea(default=None)
    status = Integer(null=True, default=None)
    body = Bytea(null=True, default=None)
    media_type = Text(null=True, default=None)
    run_id = BigInt(null=True, default=None)
    created_at = Timestamptz(default=None)


class Audit(Table, tablename="audit", db=ENGINE):
    """Who did what to which object."""

    id = BigSerial(primary_key=True)
    at = Timestamptz(default=None)
    actor_id = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    action = Text(default=None)
    object_kind = Text(default=None)
    object_id = BigInt(null=True, default=None)
    detail = JSONB(default="{}")
