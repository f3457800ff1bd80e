"""Sheets imported over the web: read and tried out first, applied when somebody says so. `import_work` does the work."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from asyncpg import Record

from backend import clock
from backend.database import after_commit, execute, fetch, fetch_row, fetch_value, transaction
from backend.schemas import imports as wire
from backend.schemas.commons import LARGEST_ID, Page
from backend.schemas.imports import ImportKind
from backend.schemas.problem import Mistake
from backend.services import audit, jobs
from backend.services.actor import Actor
from backend.services.errors import Conflict, Invalid, NotFound, TooLarge
from backend.services.import_columns import NOTHING, PROBLEM_HEADERS
from backend.services.paging import decode_cursor, page_of
from backend.services.rights import require_admin
from backend.sheets import Cell, xlsx_bytes
from backend.sheets.limits import MOST_BYTES

PREVIEW_ROWS = 20
# What is counted of rows: foreseen before applying, done afterwards. The last two are among those updated.
COUNTS = ("created", "updated", "unchanged", "reactivated", "left")
LONGEST_NAME = 300
# A sheet about people is not kept for nothing.
UNANSWERED_FOR = timedelta(days=30)
COLUMNS = "id, kind, state, filename, rows, valid, errors, progress, error, detail, created_by, created_at, finished_at"


class OpenQuestions(Conflict):
    """The sheet leaves something open that only a person knows; the questions come with it."""

    type, title = "open_questions", "There are open questions"

    def __init__(self, questions: Sequence[wire.ImportQuestion]) -> None:
        named = ", ".join(f"“{one.id}”" for one in questions)
        super().__init__(
            f"Answer what the sheet leaves open first: {named}.", extra={"questions": list(questions)}
        )


async def begin(actor: Actor, kind: ImportKind, filename: str, content: bytes) -> int:
    """Take in a sheet; a worker reads it. For platform admins. Raises `TooLarge`."""
    require_admin(actor)
    if len(content) > MOST_BYTES:
        raise TooLarge(f"A sheet may have {MOST_BYTES // 1024**2} MB.")
    async with transaction():
        import_id: int = await fetch_value(
            "INSERT INTO import_job (kind, state, filename, content, created_by, created_at, detail)"
            " VALUES ($1, 'reading', $2, $3, $4, $5, $6) RETURNING id",
            kind,
            filename[:LONGEST_NAME],
            content,
            actor.id or None,
            clock.now(),
            # The command line acts for nobody in particular.
            {} if actor.id else {"system": True},
        )
        await audit.record(
            actor, "import.begin", "import", import_id, kind=kind, filename=filename[:LONGEST_NAME]
        )
        after_commit(_wake)
    return import_id


async def list_imports(actor: Actor, limit: int, cursor: str | None) -> Page[wire.Import]:
    """Imports, the latest first. For platform admins."""
    require_admin(actor)
    before = decode_cursor(cursor, tuple[int])
    rows = await fetch(
        f"SELECT {COLUMNS} FROM import_job WHERE id < $1 ORDER BY id DESC LIMIT $2",
        LARGEST_ID if before is None else before[0],
        limit + 1,
    )
    total = await fetch_value("SELECT count(*) FROM import_job")
    return page_of(rows, limit, total, item=lambda row: _wire(row, None), key=lambda row: (row["id"],))


async def get_import(actor: Actor, import_id: int) -> wire.Import:
    """One import with a preview of its rows. For platform admins."""
    row = await _job(actor, import_id)
    preview = None
    if row["detail"].get("columns"):
        rows = await _rows(import_id, None, PREVIEW_ROWS, 0)
        columns = [wire.ImportColumn(**column) for column in row["detail"]["columns"]]
        preview = wire.ImportPreview(columns=columns, rows=[_preview(one) for one in rows])
    return _wire(row, preview)


async def list_rows(
    actor: Actor, import_id: int, outcome: wire.RowOutcome | None, limit: int, cursor: str | None
) -> Page[wire.PreviewRow]:
    """The rows of an import, perhaps only those of one outcome. For platform admins."""
    await _job(actor, import_id)
    after = decode_cursor(cursor, tuple[int])
    rows = await _rows(import_id, outcome, limit + 1, 0 if after is None else after[0])
    total = await fetch_value(
        "SELECT count(*) FROM import_row WHERE job_id = $1 AND ($2::text IS NULL OR outcome = $2)",
        import_id,
        outcome,
    )
    return page_of(rows, limit, total, item=_preview, key=lambda row: (row["row"],))


async def mistakes(actor: Actor, import_id: int, limit: int) -> Page[wire.PreviewRow]:
    """The first rows of which something was not imported. For platform admins."""
    await _job(actor, import_id)
    rows = await fetch(
        "SELECT row, line, outcome, data, problem, action, changes FROM import_row"
        " WHERE job_id = $1 AND problem IS NOT NULL ORDER BY row LIMIT $2",
        import_id,
        limit,
    )
    total = await fetch_value(
        "SELECT count(*) FROM import_row WHERE job_id = $1 AND problem IS NOT NULL", import_id
    )
    return Page(items=[_preview(row) for row in rows], total=total)


async def apply(actor: Actor, import_id: int) -> wire.Import:
    """Let a worker write the good rows. For platform admins. Raises `Conflict` unless it is ready, and nothing is open."""
    async with transaction():
        row = await _job(actor, import_id, lock=True)
        if row["state"] not in {"ready", "applying"}:
            raise Conflict(f"This import is {row['state']}; only one that is ready can be applied.")
        if open_ones := [one for one in _decisions(row) if one.value is None]:
            raise OpenQuestions(open_ones)
        await execute(
            "UPDATE import_job SET state = 'applying', progress = 0 WHERE id = $1 AND state = 'ready'",
            import_id,
        )
        await audit.record(actor, "import.apply", "import", import_id)
        after_commit(_wake)
    return await get_import(actor, import_id)


async def answer(actor: Actor, import_id: int, answers: Mapping[str, str]) -> wire.Import:
    """Answer questions, or change what the sheet was taken for: it is read anew. For platform admins.

    Raises `Conflict` unless it is ready, `Invalid` for what is not asked or cannot be answered so.
    """
    async with transaction():
        row = await _job(actor, import_id, lock=True)
        if row["state"] != "ready":
            raise Conflict(
                f"This import is {row['state']}; only of one that is ready questions are answered."
            )
        _check_answers(_decisions(row), answers)
        detail = {name: value for name, value in row["detail"].items() if name not in COUNTS}
        detail["answers"] = row["detail"].get("answers", {}) | dict(answers)
        await execute("DELETE FROM import_row WHERE job_id = $1", import_id)
        await execute(
            "UPDATE import_job SET state = 'reading', progress = 0, rows = 0, valid = 0, errors = 0, detail = $2 WHERE id = $1",
            import_id,
            detail,
        )
        await audit.record(actor, "import.answer", "import", import_id, answers=dict(answers))
        after_commit(_wake)
    return await get_import(actor, import_id)


def _check_answers(decisions: Sequence[wire.ImportQuestion], answers: Mapping[str, str]) -> None:
    options = {one.id: one.options for one in decisions}
    mistakes = [
        Mistake(id_, "unknown", "This is not asked about the sheet.")
        if id_ not in options
        else Mistake(id_, "choice", f"Choose one of {', '.join(options[id_])}.")
        for id_, value in answers.items()
        if value not in options.get(id_, ())
    ]
    if mistakes:
        raise Invalid("These answers do not fit the questions.", errors=mistakes)


async def cancel(actor: Actor, import_id: int) -> wire.Import:
    """Stop it; what was written stays. For platform admins. Raises `Conflict` when it has ended."""
    async with transaction():
        row = await _job(actor, import_id, lock=True)
        if row["state"] not in {"reading", "ready", "applying"}:
            raise Conflict(f"This import is {row['state']} already.")
        await end(import_id, "cancelled")
        await audit.record(actor, "import.cancel", "import", import_id)
    return await get_import(actor, import_id)


async def rejects(actor: Actor, import_id: int) -> bytes:
    """An xlsx of the rows that were refused, with why, to be mended and imported again. For platform admins."""
    row = await _job(actor, import_id)
    kept = [column for column in row["detail"].get("columns", []) if column["meaning"] != NOTHING]
    header = [column["header"] for column in kept]
    refused = await _rows(import_id, "error", row["rows"] + 1, 0)

    def lines() -> Iterator[Sequence[Cell]]:
        for one in refused:
            cells: list[str] = [*one["data"], *[""] * len(header)][: len(header)]
            problem = one["problem"] or {}
            # Cells beyond the headers stay beyond them, so that the row is refused again until it has been put right.
            beyond = one["data"][len(header) :] if problem.get("code") == "cells" else []
            yield [*cells, problem.get("message", ""), one["line"] or one["row"], *beyond]

    return await asyncio.to_thread(xlsx_bytes, [*header, *PROBLEM_HEADERS], lines())


async def template(actor: Actor, session_ids: Sequence[int]) -> bytes:
    """An empty xlsx with one column a session, to be marked and imported as enrollments. For platform admins."""
    require_admin(actor)
    rows = await fetch(
        "SELECT s.id, s.name, a.title FROM session s JOIN activity a ON a.id = s.activity_id WHERE s.id = ANY($1)",
        list(session_ids),
    )
    named = {row["id"]: f"{row['title']}: {row['name']} [#{row['id']}]" for row in rows}
    unknown = [i for i, session_id in enumerate(session_ids) if session_id not in named]
    if unknown:
        raise Invalid.at(f"session_ids[{unknown[0]}]", "unknown", "There is no such session.")
    header = ["E-mail", *(named[session_id] for session_id in dict.fromkeys(session_ids))]
    return await asyncio.to_thread(xlsx_bytes, header, [])


async def forget_unanswered() -> None:
    """Imports that nobody has applied for long end, for their sheets are kept until then."""
    await execute(
        "UPDATE import_job SET state = 'cancelled', content = NULL, finished_at = $1 WHERE state = 'ready' AND created_at < $2",
        clock.now(),
        clock.now() - UNANSWERED_FOR,
    )


async def _wake() -> None:
    await jobs.enqueue("run_imports")


async def end(import_id: int, state: wire.ImportState) -> None:
    """The import is over; the sheet itself is not kept."""
    await execute(
        "UPDATE import_job SET state = $2, finished_at = $3, content = NULL,"
        " progress = CASE WHEN $2 = 'done' THEN 1 ELSE progress END WHERE id = $1",
        import_id,
        state,
        clock.now(),
    )


async def _job(actor: Actor, import_id: int, *, lock: bool = False) -> Record:
    require_admin(actor)
    row = await fetch_row(
        f"SELECT {COLUMNS} FROM import_job WHERE id = $1{' FOR UPDATE' if lock else ''}",
        min(import_id, LARGEST_ID),
    )
    if row is None:
        raise NotFound(f"There is no import {import_id}.")
    return row


async def _rows(import_id: int, outcome: str | None, limit: int, after: int) -> list[Record]:
    return await fetch(
        "SELECT row, line, outcome, data, problem, action, changes FROM import_row"
        " WHERE job_id = $1 AND row > $2 AND ($3::text IS NULL OR outcome = $3) ORDER BY row LIMIT $4",
        import_id,
        after,
        outcome,
        limit,
    )


def _preview(row: Record) -> wire.PreviewRow:
    return wire.PreviewRow(
        row=row["line"] or row["row"],
        cells=row["data"],
        outcome=row["outcome"],
        problem=row["problem"],
        action=row["action"],
        changes=[wire.CellChange(**change) for change in row["changes"] or []],
    )


def _wire(row: Record, preview: wire.ImportPreview | None) -> wire.Import:
    values = {
        name: row[name]
        for name in ("id", "kind", "state", "filename", "rows", "valid", "errors", "progress", "error",
                     "created_at", "finished_at")
    }  # fmt: skip
    counts = {name: row["detail"].get(name, 0) for name in COUNTS}
    decisions = _decisions(row) if row["state"] == "ready" else []
    return wire.Import(
        **values,
        **counts,
        questions=[one for one in decisions if one.value is None],
        settings=[one for one in decisions if one.value is not None],
        preview=preview,
    )


def _decisions(row: Record) -> list[wire.ImportQuestion]:
    return [wire.ImportQuestion(**one) for one in row["detail"].get("decisions", [])]
