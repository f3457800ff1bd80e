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
from backend.tables.runs import Run


class ImportJob(Table, tablename="import_job", db=ENGINE):
    """One sheet being imported."""

    id = Serial(primary_key=True)
    kind = Text(default=None)
    state = Text(default=None)
    filename = Text()
    content = Bytea(null=True, default=None)
    rows = Integer(default=0)
    valid = Integer(default=0)
    errors = Integer(default=0)
    progress = DoublePrecision(default=0)
    error = Text(null=True, default=None)
    detail = JSONB(default="{}")
    run_id = ForeignKey(Run, on_delete=OnDelete.set_null, null=True, default=None)
    created_by = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    created_at = Timestamptz(default=None)
    finished_at = Timestamptz(null=True, default=None)


class ImportRow(Table, tablename="import_row", db=ENGINE):
    """One row of it."""

    job_id = Integer(primary_key=True, default=None)
    row = Integer(default=None)
    outcome = Text(default=None)
    data = JSONB(default=None)
    problem = JSONB(null=True, default=None)
    line = Integer(null=True, default=None)
    turn = Integer(null=True, default=None)
    action = Text(null=True, default=None)
    changes = JSONB(null=True, default=None)
