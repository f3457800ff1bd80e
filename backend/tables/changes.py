"""The change log, its followers, and checkpoints of the index that follows it."""

from piccolo.columns import (
    JSONB,
    Array,
    BigInt,
    BigSerial,
    Bytea,
    Integer,
    Serial,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from backend.database import ENGINE


class Outbox(Table, tablename="outbox", db=ENGINE):
    """Changes that triggers wrote and the sequencer has yet to number."""

    id = BigSerial(primary_key=True)
    at = Timestamptz(default=None)
    facet = Text(default=None)
    learner_id = Integer(null=True, default=None)
    ref_id = BigInt(null=True, default=None)
    old = JSONB(null=True, default=None)
    new = JSONB(null=True, default=None)
    learners = Array(base_column=Integer(), null=True, default=None)
    # The run that did it, or the one that the act is recorded as.
    run_id = BigInt(null=True, default=None)


class ChangeLog(Table, tablename="change_log", db=ENGINE):
    """Every change of a fact or of structure, numbered without gaps."""

    seq = BigInt(primary_key=True, default=None)
    at = Timestamptz(default=None)
    facet = Text(default=None)
    learner_id = Integer(null=True, default=None)
    ref_id = BigInt(null=True, default=None)
    old = JSONB(null=True, default=None)
    new = JSONB(null=True, default=None)
    learners = Array(base_column=Integer(), null=True, default=None)
    # The run that did it, or the one that the act is recorded as.
    run_id = BigInt(null=True, default=None)


class LogHead(Table, tablename="log_head", db=ENGINE):
    """The number of the last change: always row 1."""

    id = SmallInt(primary_key=True, default=1)
    seq = BigInt(default=0)


class Follower(Table, tablename="follower", db=ENGINE):
    """Where a reader of the change log stands."""

    name = Text(primary_key=True, default=None)
    position = BigInt(default=0)
    detail = JSONB(default="{}")
    updated_at = Timestamptz(null=True, default=None)


class IndexCheckpoint(Table, tablename="index_checkpoint", db=ENGINE):
    """The index as it stood at a position of the log; whole, because it is written in one transaction."""

    id = Serial(primary_key=True)
    made_at = Timestamptz(default=None)
    version = Text(default=None)
    timezone = Text(default=None)
    position = BigInt(default=None)
    complete_at = BigInt(default=None)
    digest = Bytea(default=None)


class IndexCheckpointPart(Table, tablename="index_checkpoint_part", db=ENGINE):
    """Some of a checkpoint's bitmaps, or its structure."""

    checkpoint_id = Integer(primary_key=True, default=None)
    number = Integer(default=None)
    body = Bytea(default=None)
    digest = Bytea(default=None)
