"""Imports of sheets on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from backend.schemas.base import Code, Id, Input, Output
from backend.schemas.people import Email, Instant, LearnerRow, MemberRole

ImportKind = Literal["learners", "groups", "memberships", "results", "enrollments"]
QuestionKind = Literal[
    "sheet", "encoding", "delimiter", "date_order", "decimal_mark", "zeros", "unused_columns"
]
RowAction = Literal["created", "updated", "unchanged", "reactivated", "left"]
ImportState = Literal["reading", "ready", "applying", "done", "failed", "cancelled"]
RowOutcome = Literal["valid", "error", "applied"]


class MembershipRow(Input):
    """Somebody (external id, else e-mail address) in a group (external id)."""

    learner: Code
    group: Code
    role: MemberRole | None = None


class SheetMembership(MembershipRow):
    """As a sheet tells it: `gone` says that they are no longer in the group."""

    gone: bool = False


class SheetLearner(LearnerRow):
    """As a sheet tells it. `present`: listed as there, so whoever was out is back; `gone`: not to be created when unknown.

    A row without an address is about whoever has its external id.
    """

    email: Email = ""
    present: bool = False
    gone: bool = False


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


class CellChange(Output):
    """A value that the sheet replaces: what is here now, and what comes from the file."""

    column: str
    here: str | None
    file: str | None


class PreviewRow(Output):
    """A row as it stands in the sheet; `row` is its line in a text file, its row in a workbook.

    `problem` of a row that is not an error says what of it was left out. `action` and `changes` are those of learners: what will
    be done, and after applying, what was done.
    """

    row: int
    cells: list[str]
    outcome: RowOutcome
    problem: dict[str, Any] | None
    action: RowAction | None = None
    changes: list[CellChange] = []


class ImportQuestion(Output):
    """Something about the sheet that its cells leave open, or (`value`) what was decided; `samples` are cells of it."""

    id: str
    kind: QuestionKind
    options: list[str]
    samples: list[str]
    column: str | None
    value: str | None


class ImportPreview(Output):
    """What the sheet was taken for."""

    columns: list[ImportColumn]
    rows: list[PreviewRow]


class Import(Output):
    """A sheet being imported: read and checked first, applied when somebody says so.

    Counts are what applying would do until it is applied, and then what it did. `questions` have to be answered before; `settings` are
    what the sheet was taken for, and can be answered likewise.
    """

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
    reactivated: int
    left: int
    questions: list[ImportQuestion]
    settings: list[ImportQuestion]
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


# Answers by the ids of questions: the options are checked against them. No sheet has more questions than columns and some.
ImportAnswers = Annotated[
    dict[str, Annotated[str, Meta(max_length=300)]], Meta(max_length=1_000, examples=[{"encoding": "cp1252"}])
]
