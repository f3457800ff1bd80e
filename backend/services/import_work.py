"""The work of imports, done by whichever worker is free.

The sheet and its rows live in PostgreSQL, and every step is one transaction, so an import goes on where it was when its
worker died.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import asyncpg
import msgspec
import structlog
from asyncpg import Record

from backend import clock
from backend.database import execute, fetch, fetch_row, fetch_value, transaction
from backend.schemas.commons import BadRow
from backend.services.actor import Actor
from backend.services.errors import Conflict, MusterError
from backend.services.importing import CHUNK, Reader, reader_for, unpivoted, write_rows
from backend.services.imports import COLUMNS, end
from backend.sheets import SheetError, read_sheet

# The first row below the header, as spreadsheet programs count.
FIRST_ROW = 2

# Not the sheet's fault: the database went away, or two transactions met.
TRY_AGAIN = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
)

_log = structlog.get_logger("muster.imports")


class _NotKeptError(Exception):
    """Ends the transaction of a trial."""


async def drain() -> None:
    """Read and apply until nothing is left to do. Any number of workers may; each step is taken by one of them."""
    while await _step():
        pass


async def _step() -> bool:
    row = await fetch_row(
        "SELECT id, state, kind, content, created_by FROM import_job WHERE state IN ('reading', 'applying')"
        " ORDER BY state = 'reading' DESC, id LIMIT 1"
    )
    if row is None:
        return False
    try:
        if row["state"] == "reading":
            await _read(row)
        else:
            await _apply_chunk(row)
    except (MusterError, SheetError) as error:
        await _fail(row["id"], str(error))
    except TRY_AGAIN:
        raise
    except Exception:  # noqa: BLE001 - see below
        # It would fail again every time, and stand in the way of the others.
        _log.exception("an import failed", import_id=row["id"])
        await _fail(row["id"], "Something went wrong in Muster; the log says what.")
    return True


async def _actor(row: Record) -> Actor:
    """Whoever began it, with the rights they have now. Raises `Conflict` when they may not any more."""
    found = await fetch_row(
        "SELECT id, email, is_admin FROM learner WHERE id = $1 AND status IN ('invited', 'active')",
        row["created_by"],
    )
    if found is None or not found["is_admin"]:
        raise Conflict("Whoever began this import may not import any more.")
    return Actor(id=found["id"], is_admin=True, email=found["email"])


async def _read(row: Record) -> None:
    """Parse the sheet outside any transaction, then keep its rows with what a trial said of them."""
    sheet = await read_sheet(row["content"])
    header, cells = unpivoted(row["kind"], sheet[0], sheet[1:]) if sheet else ([], [])
    reader = await reader_for(row["kind"], header)
    read = [reader.read(one) for one in cells]
    problems: dict[int, dict[str, Any]] = {
        number: msgspec.to_builtins(one) for number, one in enumerate(read) if isinstance(one, BadRow)
    }
    if len(read) <= CHUNK:
        problems |= await _tried(await _actor(row), reader, read)
    async with transaction():
        state = await fetch_value("SELECT state FROM import_job WHERE id = $1 FOR UPDATE", row["id"])
        if state != "reading":
            return
        # In bites, for COPY has no binary form of jsonb.
        for start in range(0, len(cells), CHUNK):
            numbers = range(start, min(start + CHUNK, len(cells)))
            await execute(
                "INSERT INTO import_row (job_id, row, outcome, data, problem)"
                " SELECT $1, w.* FROM unnest($2::integer[], $3::text[], $4::jsonb[], $5::jsonb[]) AS w",
                row["id"],
                [number + FIRST_ROW for number in numbers],
                ["error" if number in problems else "valid" for number in numbers],
                # Encoded here: a list of lists would be taken for an array of two dimensions.
                [msgspec.json.encode(cells[number]).decode() for number in numbers],
                [problems.get(number) for number in numbers],
            )
        await execute(
            "UPDATE import_job SET state = 'ready', rows = $2, valid = $3, errors = $4, progress = 1, content = NULL,"
            " detail = $5 WHERE id = $1",
            row["id"],
            len(cells),
            len(cells) - len(problems),
            len(problems),
            {"columns": msgspec.to_builtins(reader.columns), "timezone": reader.timezone},
        )


async def _tried(actor: Actor, reader: Reader, read: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """What would be refused: everything is written, and nothing kept."""
    problems: dict[int, dict[str, Any]] = {}
    with suppress(_NotKeptError):
        async with transaction():
            answer = await write_rows(actor, reader.kind, read)
            for mistake in answer.errors:
                problems.setdefault(
                    mistake.row, {"path": mistake.path, "code": mistake.code, "message": mistake.message}
                )
            raise _NotKeptError
    return problems


async def _apply_chunk(row: Record) -> None:
    """Write the next rows, and note what became of them, in one transaction."""
    async with transaction():
        job = await fetch_row(
            f"SELECT {COLUMNS} FROM import_job WHERE id = $1 AND state = 'applying' FOR UPDATE", row["id"]
        )
        if job is None:
            return
        rows = await fetch(
            "SELECT row, data FROM import_row WHERE job_id = $1 AND outcome = 'valid' ORDER BY row LIMIT $2",
            job["id"],
            CHUNK,
        )
        if not rows:
            await end(job["id"], "done")
            return
        reader = await reader_for(job["kind"], [column["header"] for column in job["detail"]["columns"]])
        answer = await write_rows(await _actor(row), job["kind"], [reader.read(one["data"]) for one in rows])
        problems = {mistake.row: msgspec.to_builtins(mistake) for mistake in answer.errors}
        await execute(
            "UPDATE import_row r SET outcome = w.outcome, problem = w.problem"
            " FROM unnest($2::integer[], $3::text[], $4::jsonb[]) AS w(row, outcome, problem)"
            " WHERE r.job_id = $1 AND r.row = w.row",
            job["id"],
            [one["row"] for one in rows],
            ["error" if number in problems else "applied" for number in range(len(rows))],
            [problems.get(number) for number in range(len(rows))],
        )
        detail = dict(job["detail"])
        for name in ("created", "updated", "unchanged"):
            detail[name] = detail.get(name, 0) + getattr(answer, name)
        await execute(
            "UPDATE import_job SET detail = $2, valid = valid - $3, errors = errors + $3,"
            " progress = (SELECT count(*) FILTER (WHERE outcome <> 'valid')::float8 / greatest(count(*), 1)"
            " FROM import_row WHERE job_id = $1) WHERE id = $1",
            job["id"],
            detail,
            len(problems),
        )


async def _fail(import_id: int, reason: str) -> None:
    await execute(
        "UPDATE import_job SET state = 'failed', error = $2, finished_at = $3, content = NULL"
        " WHERE id = $1 AND state IN ('reading', 'applying')",
        import_id,
        reason,
        clock.now(),
    )
