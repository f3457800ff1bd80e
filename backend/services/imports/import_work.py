"""The work of imports, done by whichever worker is free.

The sheet and its rows live in PostgreSQL, and every step is one transaction, so an import goes on where it was when its
worker died.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import asyncpg
import msgspec
import structlog
from piccolo.querystring import QueryString

from backend.database import Row, any_of, execute, logged_as, row_by_id, transaction
from backend.runtime import clock
from backend.services.access.actor import SYSTEM, Actor
from backend.services.access.sign_ins import MAY_SIGN_IN
from backend.services.errors import Conflict, MusterError
from backend.services.imports import statements
from backend.services.imports.applying import CHUNK
from backend.services.imports.import_lists import COLUMNS, COUNTS
from backend.services.imports.imports import end, require_ready
from backend.services.imports.row_reader import reader_for
from backend.services.imports.sheet_check import read_import
from backend.services.imports.trial import WrittenPeople, kept_mistake, written
from backend.sheets import SheetError
from backend.tables import ImportJob, ImportRow, Learner
from backend.words import Message
from backend.words.stored import to_record

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

# What is written and taken back while somebody waits for the answer, which takes half a minute.
MOST_FORESEEN = 100_000
# What a worker has to do something about.
AT_WORK = ("reading", "applying")

_log = structlog.get_logger("muster.imports")


async def drain() -> None:
    """Read and apply until nothing is left to do. Any number of workers may; each step is taken by one of them."""
    while await _step():
        pass


async def _step() -> bool:
    reading_first = QueryString("{} = 'reading'", ImportJob.state)
    row = (
        await ImportJob.select()
        .where(any_of(ImportJob.state, AT_WORK))
        .order_by(reading_first, ascending=False)
        .order_by(ImportJob.id)
        .first()
    )
    return row is not None and await _work_on(row)


async def work_on(import_id: int) -> None:
    """Do what this import waits for, whatever others wait for: the command line does not wait for a worker."""
    asked = ImportJob.select().where(ImportJob.id == import_id, any_of(ImportJob.state, AT_WORK)).first()
    while (row := await asked) is not None:
        await _work_on(row)


async def _work_on(row: Row) -> bool:
    try:
        if row["state"] == "reading":
            await read_import(row, await _actor(row))
        else:
            await _apply_chunk(row)
    except (MusterError, SheetError) as error:
        await _fail(row["id"], error.detail)
    except TRY_AGAIN:
        raise
    except Exception:  # noqa: BLE001 - see below
        # It would fail again every time, and stand in the way of the others.
        _log.exception("an import failed", import_id=row["id"])
        await _fail(row["id"], Message("Something went wrong in Muster; the log says what."))
    return True


async def _actor(row: Row) -> Actor:
    """Whoever began it, with the rights they have now. Raises `Conflict` when they may not any more."""
    if row["created_by"] is None and row["detail"].get("system"):
        return SYSTEM
    found = None if row["created_by"] is None else await row_by_id(Learner, row["created_by"])
    if found is None or not found["is_admin"] or found["status"] not in MAY_SIGN_IN:
        raise Conflict(Message("Whoever began this import may not import any more."))
    return Actor(id=found["id"], is_admin=True, email=found["email"])


async def foresee(actor: Actor, import_id: int) -> None:
    """Write all good rows as applying would, in the caller's transaction, which keeps nothing of it. Raises `Conflict` for too many."""
    job = await require_ready(actor, import_id)
    if job["valid"] > MOST_FORESEEN:
        raise Conflict(
            Message(
                "What more than {most:,} rows do is not foreseen: apply it, or divide the sheet.",
                most=MOST_FORESEEN,
            )
        )
    for first in range(0, job["valid"], CHUNK):
        if not (rows := await _valid_rows(job["id"]).offset(first)):
            break
        await _write(job, rows, actor)


def _valid_rows(import_id: int) -> Any:
    return (
        ImportRow.select(ImportRow.row, ImportRow.line, ImportRow.data, ImportRow.problem)
        .where(ImportRow.job_id == import_id, ImportRow.outcome == "valid")
        .order_by(QueryString("coalesce({}, {})", ImportRow.turn, ImportRow.row))
        .limit(CHUNK)
    )


async def _write(job: Row, rows: Sequence[Row], actor: Actor) -> WrittenPeople:
    decisions = job["detail"].get("decisions", [])
    decided = {one["id"]: one["value"] for one in decisions if one["value"] is not None}
    headers = [column["header"] for column in job["detail"]["columns"]]
    reader = await reader_for(job["kind"], headers, decided)
    return await written(
        actor,
        job["kind"],
        [reader.read(one["data"], one["problem"]) for one in rows],
        [one["line"] or one["row"] for one in rows],
    )


async def _apply_chunk(row: Row) -> None:
    """Write the next rows, and note what became of them, in one transaction."""
    async with transaction():
        job = (
            await ImportJob.select(*COLUMNS)
            .where(ImportJob.id == row["id"], ImportJob.state == "applying")
            .lock_rows()
            .first()
        )
        if job is None:
            return
        rows = await _valid_rows(job["id"])
        if not rows:
            await end(job["id"], "done")
            return
        detail = dict(job["detail"])
        if not detail.get("counting"):
            # What was foreseen makes room for what is done.
            detail |= dict.fromkeys(COUNTS, 0) | {"counting": True}
        async with logged_as(job["run_id"]) if job["run_id"] is not None else nullcontext():
            done = await _write(job, rows, await _actor(row))
        await _note(job["id"], rows, done)
        for name in ("created", "updated", "unchanged"):
            detail[name] += getattr(done.answer, name)
        for name in ("reactivated", "left"):
            detail[name] += done.count(name)
        await execute(
            statements.COUNT_PROGRESS,
            job["id"],
            detail,
            len({mistake.row for mistake in done.answer.errors}),
        )


async def _note(import_id: int, rows: Sequence[Row], done: WrittenPeople) -> None:
    """What became of each row; what was left out of a row that was written stays beside it."""
    problems = {mistake.row: kept_mistake(mistake) for mistake in done.answer.errors}
    places = range(len(rows))
    await execute(
        statements.NOTE_OUTCOMES,
        import_id,
        [one["row"] for one in rows],
        ["error" if at in problems else "applied" for at in places],
        [problems.get(at, done.notes.get(at, rows[at]["problem"])) for at in places],
        [done.actions.get(at) for at in places],
        [msgspec.json.encode(done.changes.get(at, [])).decode() for at in places],
    )


async def _fail(import_id: int, reason: Message) -> None:
    await execute(statements.FAIL, import_id, str(reason), clock.now(), to_record(reason))
