"""The work of imports, done by whichever worker is free.

The sheet and its rows live in PostgreSQL, and every step is one transaction, so an import goes on where it was when its
worker died.
"""

from collections.abc import Sequence

import asyncpg
import msgspec
import structlog
from asyncpg import Record

from backend import clock
from backend.database import execute, fetch, fetch_row, transaction
from backend.services.actor import SYSTEM, Actor
from backend.services.errors import Conflict, MusterError
from backend.services.import_reader import reader_for
from backend.services.import_reading import read_import
from backend.services.import_trial import Written, told, written
from backend.services.importing import CHUNK
from backend.services.imports import COLUMNS, COUNTS, end
from backend.sheets import SheetError

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

_NEXT = "SELECT id, state, kind, content, created_by, detail FROM import_job"

_log = structlog.get_logger("muster.imports")


async def drain() -> None:
    """Read and apply until nothing is left to do. Any number of workers may; each step is taken by one of them."""
    while await _step():
        pass


async def _step() -> bool:
    row = await fetch_row(
        f"{_NEXT} WHERE state IN ('reading', 'applying') ORDER BY state = 'reading' DESC, id LIMIT 1"
    )
    return row is not None and await _work_on(row)


async def work_on(import_id: int) -> None:
    """Do what this import waits for, whatever others wait for: the command line does not wait for a worker."""
    while (
        row := await fetch_row(f"{_NEXT} WHERE id = $1 AND state IN ('reading', 'applying')", import_id)
    ) is not None:
        await _work_on(row)


async def _work_on(row: Record) -> bool:
    try:
        if row["state"] == "reading":
            await read_import(row, await _actor(row))
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
    if row["created_by"] is None and row["detail"].get("system"):
        return SYSTEM
    found = await fetch_row(
        "SELECT id, email, is_admin FROM learner WHERE id = $1 AND status IN ('invited', 'active')",
        row["created_by"],
    )
    if found is None or not found["is_admin"]:
        raise Conflict("Whoever began this import may not import any more.")
    return Actor(id=found["id"], is_admin=True, email=found["email"])


async def _apply_chunk(row: Record) -> None:
    """Write the next rows, and note what became of them, in one transaction."""
    async with transaction():
        job = await fetch_row(
            f"SELECT {COLUMNS} FROM import_job WHERE id = $1 AND state = 'applying' FOR UPDATE", row["id"]
        )
        if job is None:
            return
        rows = await fetch(
            "SELECT row, line, data, problem FROM import_row WHERE job_id = $1 AND outcome = 'valid'"
            " ORDER BY coalesce(turn, row) LIMIT $2",
            job["id"],
            CHUNK,
        )
        if not rows:
            await end(job["id"], "done")
            return
        detail = dict(job["detail"])
        if not detail.get("counting"):
            # What was foreseen makes room for what is done.
            detail |= dict.fromkeys(COUNTS, 0) | {"counting": True}
        decided = {one["id"]: one["value"] for one in detail.get("decisions", []) if one["value"] is not None}
        reader = await reader_for(job["kind"], [column["header"] for column in detail["columns"]], decided)
        done = await written(
            await _actor(row),
            job["kind"],
            [reader.read(one["data"], one["problem"]) for one in rows],
            [one["line"] or one["row"] for one in rows],
        )
        await _note(job["id"], rows, done)
        for name in ("created", "updated", "unchanged"):
            detail[name] += getattr(done.answer, name)
        for name in ("reactivated", "left"):
            detail[name] += done.count(name)
        await execute(
            "UPDATE import_job SET detail = $2, valid = valid - $3, errors = errors + $3,"
            " progress = (SELECT count(*) FILTER (WHERE outcome <> 'valid')::float8 / greatest(count(*), 1)"
            " FROM import_row WHERE job_id = $1) WHERE id = $1",
            job["id"],
            detail,
            len({mistake.row for mistake in done.answer.errors}),
        )


async def _note(import_id: int, rows: Sequence[Record], done: Written) -> None:
    """What became of each row; what was left out of a row that was written stays beside it."""
    problems = {mistake.row: told(mistake) for mistake in done.answer.errors}
    places = range(len(rows))
    await execute(
        "UPDATE import_row r SET outcome = w.outcome, problem = w.problem, action = w.action, changes = w.changes"
        " FROM unnest($2::integer[], $3::text[], $4::jsonb[], $5::text[], $6::jsonb[])"
        " AS w(row, outcome, problem, action, changes) WHERE r.job_id = $1 AND r.row = w.row",
        import_id,
        [one["row"] for one in rows],
        ["error" if at in problems else "applied" for at in places],
        [problems.get(at, done.notes.get(at, rows[at]["problem"])) for at in places],
        [done.actions.get(at) for at in places],
        [msgspec.json.encode(done.changes.get(at, [])).decode() for at in places],
    )


async def _fail(import_id: int, reason: str) -> None:
    await execute(
        "UPDATE import_job SET state = 'failed', error = $2, finished_at = $3, content = NULL"
        " WHERE id = $1 AND state IN ('reading', 'applying')",
        import_id,
        reason,
        clock.now(),
    )
