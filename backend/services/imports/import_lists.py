"""Imports as admins read them: lists, one with a preview of its rows, and the rows that were refused."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from backend.database import Row
from backend.database.stored_json import stored_as, stored_object
from backend.schemas import imports as wire
from backend.schemas.base import LARGEST_ID, Page
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.errors import NotFound
from backend.services.imports.columns import NOTHING, PROBLEM_HEADERS
from backend.services.paging import decode_cursor, page_of
from backend.sheets import Cell, xlsx_bytes
from backend.tables import ImportJob, ImportRow
from backend.words.nouns import there_is_no
from backend.words.stored import failure_told, text_in, told_record

PREVIEW_ROWS = 20
# What is counted of rows: foreseen before applying, done afterwards. The last two are among those updated.
COUNTS = ("created", "updated", "unchanged", "reactivated", "left")
# Everything but the sheet itself.
COLUMNS = ImportJob.all_columns(exclude=[ImportJob.content])
_ROW_COLUMNS = (
    ImportRow.row,
    ImportRow.line,
    ImportRow.outcome,
    ImportRow.data,
    ImportRow.problem,
    ImportRow.action,
    ImportRow.changes,
)


async def list_imports(actor: Actor, limit: int, cursor: str | None) -> Page[wire.Import]:
    """Imports, the latest first. For platform admins."""
    require_admin(actor)
    before = decode_cursor(cursor, tuple[int])
    rows = (
        await ImportJob.select(*COLUMNS)
        .where(ImportJob.id < (LARGEST_ID if before is None else before[0]))
        .order_by(ImportJob.id, ascending=False)
        .limit(limit + 1)
    )
    total = await ImportJob.count()
    return page_of(rows, limit, total, item=lambda row: _wire(row, None, actor), key=lambda row: (row["id"],))


async def get_import(actor: Actor, import_id: int) -> wire.Import:
    """One import with a preview of its rows. For platform admins."""
    row = await import_row(actor, import_id)
    preview = None
    if columns := _columns(row):
        rows = await _rows(import_id, None, PREVIEW_ROWS, 0)
        preview = wire.ImportPreview(columns=columns, rows=[_preview(one, actor) for one in rows])
    return _wire(row, preview, actor)


async def list_rows(
    actor: Actor, import_id: int, outcome: wire.RowOutcome | None, limit: int, cursor: str | None
) -> Page[wire.PreviewRow]:
    """The rows of an import, perhaps only those of one outcome. For platform admins."""
    await import_row(actor, import_id)
    after = decode_cursor(cursor, tuple[int])
    rows = await _rows(import_id, outcome, limit + 1, 0 if after is None else after[0])
    counted = ImportRow.count().where(ImportRow.job_id == import_id)
    total = await (counted if outcome is None else counted.where(ImportRow.outcome == outcome))
    return page_of(rows, limit, total, item=lambda row: _preview(row, actor), key=lambda row: (row["row"],))


async def mistakes(actor: Actor, import_id: int, limit: int) -> Page[wire.PreviewRow]:
    """The first rows of which something was not imported. For platform admins."""
    await import_row(actor, import_id)
    refused = (ImportRow.job_id == import_id) & ImportRow.problem.is_not_null()
    rows = await ImportRow.select(*_ROW_COLUMNS).where(refused).order_by(ImportRow.row).limit(limit)
    total = await ImportRow.count().where(refused)
    return Page(items=[_preview(row, actor) for row in rows], total=total)


async def rejects(actor: Actor, import_id: int) -> bytes:
    """An xlsx of the rows that were refused, with why, to be mended and imported again. For platform admins."""
    row = await import_row(actor, import_id)
    header = [column.header for column in _columns(row) if column.meaning != NOTHING]
    refused = await _rows(import_id, "error", row["rows"] + 1, 0)

    def lines() -> Iterator[Sequence[Cell]]:
        for one in refused:
            data = _cells(one)
            cells: list[str] = [*data, *[""] * len(header)][: len(header)]
            problem = stored_object(one["problem"]) or {}
            # Cells beyond the headers stay beyond them, so that the row is refused again until it has been put right.
            beyond = data[len(header) :] if problem.get("code") == "cells" else []
            yield [*cells, text_in(problem, actor.reads), one["line"] or one["row"], *beyond]

    return await asyncio.to_thread(xlsx_bytes, [*header, *PROBLEM_HEADERS], lines())


async def import_row(actor: Actor, import_id: int, *, lock: bool = False) -> Row:
    """The import, locked on request. For platform admins. Raises `NotFound`."""
    require_admin(actor)
    found = ImportJob.select(*COLUMNS).where(ImportJob.id == min(import_id, LARGEST_ID))
    row = await (found.lock_rows() if lock else found).first()
    if row is None:
        raise NotFound(there_is_no("import", import_id))
    return row


def detail_of(row: Row) -> dict[str, Any]:
    """What an import has come to; of a row that holds something else, nothing, so that it stops no list."""
    return stored_object(row["detail"]) or {}


def decisions_of(row: Row) -> list[wire.ImportQuestion]:
    """What the sheet leaves open, and what it was taken for."""
    return stored_as(detail_of(row).get("decisions"), list[wire.ImportQuestion], [])


def _columns(row: Row) -> list[wire.ImportColumn]:
    return stored_as(detail_of(row).get("columns"), list[wire.ImportColumn], [])


async def _rows(import_id: int, outcome: str | None, limit: int, after: int) -> list[dict[str, Any]]:
    found = ImportRow.select(*_ROW_COLUMNS).where(ImportRow.job_id == import_id, ImportRow.row > after)
    if outcome is not None:
        found = found.where(ImportRow.outcome == outcome)
    return await found.order_by(ImportRow.row).limit(limit)


def _preview(row: Row, actor: Actor) -> wire.PreviewRow:
    return wire.PreviewRow(
        row=row["line"] or row["row"],
        cells=_cells(row),
        outcome=row["outcome"],
        problem=None
        if (problem := stored_object(row["problem"])) is None
        else told_record(problem, actor.reads),
        action=row["action"],
        changes=stored_as(row["changes"], list[wire.CellChange], []),
    )


def _cells(row: Row) -> list[str]:
    return stored_as(row["data"], list[str], [])


def _wire(row: Row, preview: wire.ImportPreview | None, actor: Actor) -> wire.Import:
    values = {
        name: row[name]
        for name in ("id", "kind", "state", "filename", "rows", "valid", "errors", "progress",
                     "created_at", "finished_at")
    }  # fmt: skip
    counts: dict[str, Any] = {name: stored_as(detail_of(row).get(name), int, 0) for name in COUNTS}
    decisions = decisions_of(row) if row["state"] == "ready" else []
    return wire.Import(
        **values,
        **counts,
        error=failure_told(row["error"], detail_of(row), actor.reads),
        questions=[one for one in decisions if one.value is None],
        settings=[one for one in decisions if one.value is not None],
        preview=preview,
    )
