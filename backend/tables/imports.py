"""Sheets being imported."""

from piccolo.columns import (
    JSONB,
    Bytea,
    DoublePrecision,
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


class ImportJob(Table, tablename="import_job", db=ENGINE):
    """One sheet being imported."""

    id = Serial(primary_key=True)
    kind = Text(required=True)
    state = Text(required=True)
    filename = Text()
    content = Bytea(null=True, default=None)
    rows = Integer(default=0)
    valid = Integer(default=0)
    errors = Integer(default=0)
    progress = DoublePrecision(default=0)
    error = Text(null=True, default=None)
    detail = JSONB(default="{}")
    created_by = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    created_at = Timestamptz(required=True)
    finished_at = Timestamptz(null=True, default=None)


class ImportRow(Table, tablename="import_row", db=ENGINE):
    """One row of it."""

    job_id = Integer(primary_key=True, required=True)
    row = Integer(required=True)
    outcome = Text(required=True)
    data = JSONB(required=True)
    problem = JSONB(null=True, default=None)
    line = Integer(null=True, default=None)
    turn = Integer(null=True, default=None)
    action = Text(null=True, default=None)
    changes = JSONB(null=True, default=None)
