"""Reading an import's sheet: what it is taken for, what is asked, and what applying it would do to each row."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from backend.database import Row, as_json, execute, fetch, transaction
from backend.schemas.base import UNSET, BadRow
from backend.schemas.imports import ImportKind, SheetLearner
from backend.services.access.actor import Actor
from backend.services.errors import Invalid
from backend.services.imports import manager_columns, statements
from backend.services.imports.applying import CHUNK
from backend.services.imports.cells import Reading
from backend.services.imports.column_decisions import ColumnDecision, decide_columns, of_file
from backend.services.imports.columns import Column
from backend.services.imports.row_reader import RowReader, reader_for
from backend.services.imports.sheet_table import Table, table_of
from backend.services.imports.trial import kept_mistake, try_rows
from backend.sheets import Sheet, Wishes, read_sheet
from backend.tables import ImportJob
from backend.text import address_key
from backend.words import Message

# Rows of sheets that have several for one line are numbered from here, as spreadsheet programs do below a header.
FIRST_ROW = 2


class ReadSheet(msgspec.Struct):
    """A sheet as it was read: the rows of the wire or what is wrong with them, and what is left out of a row."""

    table: Table
    reader: RowReader
    decisions: list[ColumnDecision]
    rows: list[Any]
    notes: dict[int, dict[str, Any]]

    @property
    def open(self) -> bool:
        """Whether somebody has to answer first."""
        return any(one.open for one in self.decisions)


async def read(kind: ImportKind, content: bytes, answers: Mapping[str, str]) -> ReadSheet:
    """Read a sheet. Raises `SheetError`, or `Invalid` when a column is missing."""
    sheet = await read_sheet(
        content, Wishes(answers.get("sheet"), answers.get("encoding"), answers.get("delimiter"))
    )
    table = table_of(kind, sheet)
    try:
        plain = await reader_for(kind, table.header, {})
    except Invalid:
        found = of_file(sheet, answers)
        if any(one.open for one in found):
            # The headers may be there once it is known how the file is read.
            return ReadSheet(Table(table.header, []), _no_reader(kind, table.header), found, [], {})
        raise
    decisions = await _decisions(sheet, table, plain, answers)
    decided = {one.id: one.value for one in decisions if one.value is not None}
    reader = await reader_for(kind, table.header, decided)
    rows: list[Any] = [row.problem or reader.read(row.cells, None, row.rounded) for row in table.rows]
    _refuse_second_rows(table, rows)
    notes = await manager_columns.notes_of(rows)
    for at in notes:
        rows[at].manager_external_id = UNSET
    return ReadSheet(table, reader, decisions, rows, notes)


def _no_reader(kind: ImportKind, header: Sequence[str]) -> RowReader:
    """Of a sheet that may have other headers: none of them means anything yet."""
    return RowReader(kind, Reading([Column(title, None) for title in header], {}, "UTC", {}))


async def _decisions(
    sheet: Sheet, table: Table, reader: RowReader, answers: Mapping[str, str]
) -> list[ColumnDecision]:
    stored: dict[str, int] = {}
    for at, column in enumerate(reader.columns):
        meaning = column.meaning or ""
        if (reader.kind, meaning) == ("learners", "external_id") or meaning in {
            "learner",
            "manager_external_id",
        }:
            digits = [row.cells[at] for row in table.rows if row.problem is None and row.cells[at].isdigit()]
            widths = [row["width"] for row in await fetch(statements.WIDTHS, digits)] if digits else []
            if len(widths) == 1:
                stored[meaning] = widths[0]
    return decide_columns(
        sheet, table, reader.columns, kinds=reader.reading.kinds, answers=answers, stored=stored
    )


def _refuse_second_rows(table: Table, rows: list[Any]) -> None:
    """A person has one row in a sheet. Those far apart are written one after another, and would not see each other."""
    if len(rows) <= CHUNK:
        return
    lines: dict[str, int] = {}
    for at, row in enumerate(rows):
        if isinstance(row, SheetLearner):
            names = [f"id {row.external_id}"] if row.external_id else []
            names += [f"@ {address_key(row.email)}"] if row.email else []
            first = next((lines[name] for name in names if name in lines), None)
            if first is not None:
                rows[at] = BadRow(
                    "",
                    "duplicate",
                    Message(
                        "{named} is about the same learner.", named=Message("Line {number}", number=first)
                    ),
                )
            else:
                lines |= dict.fromkeys(names, table.rows[at].line)


async def read_import(row: Row, actor: Actor) -> None:
    """Parse the sheet outside any transaction, try its rows out, and keep them with what was found."""
    found = await read(row["kind"], row["content"], row["detail"].get("answers", {}))
    turns = manager_columns.managers_first(found.rows, found.notes)
    outcome = _Outcome(
        {at: kept_mistake(one) for at, one in enumerate(found.rows) if isinstance(one, BadRow)}
    )
    if not found.open:
        for start in range(0, len(turns), CHUNK):
            await _try(actor, found, turns[start : start + CHUNK], outcome)
            await ImportJob.update({ImportJob.progress: min((start + CHUNK) / len(turns), 1)}).where(
                ImportJob.id == row["id"], ImportJob.state == "reading"
            )
    async with transaction():
        now = (
            await ImportJob.select(ImportJob.state, ImportJob.detail)
            .where(ImportJob.id == row["id"])
            .lock_rows()
            .first()
        )
        # Another worker may have been faster, and somebody may have answered since.
        answered = now is not None and now["detail"].get("answers") != row["detail"].get("answers")
        if now is not None and now["state"] == "reading" and not answered:
            await _keep(row, found, turns, outcome)


class _Outcome(msgspec.Struct):
    """What is wrong with rows, what would be done, and how often."""

    problems: dict[int, dict[str, Any]]
    actions: dict[int, str] = {}
    changes: dict[int, list[dict[str, Any]]] = {}
    counts: dict[str, int] = {}
    made: set[str] = set()


async def _try(actor: Actor, found: ReadSheet, places: Sequence[int], outcome: _Outcome) -> None:
    lines = [found.table.rows[at].line for at in places]
    rows = [_without_manager(found.rows[at], outcome.made) for at in places]
    done = await try_rows(actor, found.reader.kind, rows, lines)
    for mistake in done.answer.errors:
        outcome.problems.setdefault(places[mistake.row], kept_mistake(mistake))
    for at, note in done.notes.items():
        found.notes.setdefault(places[at], note)
    outcome.made.update(
        name
        for row in rows
        if isinstance(row, SheetLearner)
        for name in (row.external_id, address_key(row.email))
        if name
    )
    outcome.actions |= {places[at]: action for at, action in done.actions.items()}
    outcome.changes |= {places[at]: changes for at, changes in done.changes.items()}
    for name in ("created", "updated", "unchanged"):
        outcome.counts[name] = outcome.counts.get(name, 0) + getattr(done.answer, name)
    for name in ("reactivated", "left"):
        outcome.counts[name] = outcome.counts.get(name, 0) + done.count(name)


def _without_manager(row: Any, made: set[str]) -> Any:
    """Managers that an earlier chunk makes are not there in the trial of a later one."""
    if isinstance(row, SheetLearner) and isinstance(row.manager_external_id, str):
        name = row.manager_external_id
        if name in made or address_key(name) in made:
            return msgspec.structs.replace(row, manager_external_id=UNSET)
    return row


async def _keep(row: Row, found: ReadSheet, turns: Sequence[int], outcome: _Outcome) -> None:
    turn_of = {at: turn for turn, at in enumerate(turns)}
    table = found.table
    # In bites, for COPY has no binary form of jsonb.
    for start in range(0, len(table.rows), CHUNK):
        places = range(start, min(start + CHUNK, len(table.rows)))
        await execute(
            statements.KEEP_ROWS,
            row["id"],
            [table.rows[at].line if table.one_each else at + FIRST_ROW for at in places],
            [table.rows[at].line for at in places],
            [turn_of[at] for at in places],
            ["error" if at in outcome.problems else "valid" for at in places],
            # Encoded here: a list of lists would be taken for an array of two dimensions.
            [msgspec.json.encode(table.rows[at].cells).decode() for at in places],
            [outcome.problems.get(at, found.notes.get(at)) for at in places],
            [outcome.actions.get(at) for at in places],
            [msgspec.json.encode(outcome.changes.get(at, [])).decode() for at in places],
        )
    detail = row["detail"] | {
        "columns": msgspec.to_builtins(found.reader.columns),
        "decisions": msgspec.to_builtins(found.decisions),
        **outcome.counts,
    }
    await ImportJob.update(
        {
            ImportJob.state: "ready",
            ImportJob.rows: len(table.rows),
            ImportJob.valid: len(table.rows) - len(outcome.problems),
            ImportJob.errors: len(outcome.problems),
            ImportJob.progress: 1,
            ImportJob.detail: as_json(detail),
        }
    ).where(ImportJob.id == row["id"])
