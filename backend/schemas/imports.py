"""Imports of sheets on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from backend.schemas.commons import Code, Id, Input, Output
from backend.schemas.people import Instant, MemberRole

ImportKind = Literal["learners", "groups", "memberships", "results", "enrollments"]
ImportState = Literal["reading", "ready", "applying", "done", "failed", "cancelled"]
RowOutcome = Literal["valid", "error", "applied"]


class MembershipRow(Input):
    """Somebody (external id, else e-mail address) in a group (external id)."""

    learner: Code
    group: Code
    role: MemberRole | None = None


class EnrollmentRow(Input):
    """Somebody in a session (external id). Without `since` they are enrolled now; with `until` they no longer are."""

    learner: Code
    session: Code
    since: Instant | None = None
    until: Instant | None = None


class ImportColumn(Output):
    """A column of the sheet and what it is taken for; null: it is not used."""

    header: str
    meaning: str | None


class PreviewRow(Output):
    """A row as it stands in the sheet; `row` counts as spreadsheet programs do."""

    row: int
    cells: list[str]
    outcome: RowOutcome
    problem: dict[str, Any] | None


class ImportPreview(Output):
    """What the sheet was taken for."""

    columns: list[ImportColumn]
    rows: list[PreviewRow]


class Import(Output):
    """A sheet being imported: read and checked first, applied when somebody says so."""

    id: int
    kind: ImportKind
    state: ImportState
    filename: str
    rows: int
    valid: int
    errors: int
    created: int
    updated: int
    unchanged: int
    progress: Annotated[float, Meta(ge=0, le=1)]
    error: str | None
    created_at: datetime
    finished_at: datetime | None
    preview: ImportPreview | None


class ImportMade(Output):
    """Where to follow it."""

    id: int


class TemplateInput(Input):
    """Sessions to enroll in, one column each."""

    session_ids: Annotated[list[Id], Meta(min_length=1, max_length=200)]
