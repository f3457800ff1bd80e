"""arq jobs: each drains a table, may run twice, may die anywhere. What wakes them is lost without harm."""

import asyncio
from typing import Any

import asyncpg
import structlog

from backend.database import DATABASE_LOST
from backend.runtime import clock
from backend.services.access import idempotency, sign_ins, throttling
from backend.services.enrollment.dates import due_by_field, ending_picks
from backend.services.enrollment.reconciler import full_check
from backend.services.enrollment.runs import large_runs, run_notifications
from backend.services.enrollment.self_enrollment import waiting_list
from backend.services.enrollment.undo import act_undo
from backend.services.enrollment.writing import source_repair
from backend.services.groups import groups
from backend.services.imports import import_work, imports
from backend.services.mail import dispatch

# A job hands over to the next one after this many chunks or batches, so that no job outlives arq's patience.
ROUNDS = 200

_log = structlog.get_logger("muster.jobs")
# Senders at once in a process: a mail server that takes minutes must hold up neither other mail nor all other jobs.
SENDERS = 4
_sending = asyncio.Semaphore(SENDERS)


async def apply_runs(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq's signature
    """Write what is left of large runs, a chunk of each in turn; then tell their people.

    A run that fails is left to the next job, and holds up no other.
    """
    failed: set[int] = set()
    for _ in range(ROUNDS):
        waiting = [run_id for run_id in await large_runs.open_runs() if run_id not in failed]
        more = [await _applied_chunk(run_id, failed) for run_id in waiting]
        if not any(more):
            await run_notifications.file_all(wait=False)
            return


async def _applied_chunk(run_id: int, failed: set[int]) -> bool:
    try:
        return await large_runs.apply_next_chunk(run_id)
    except DATABASE_LOST:
        raise
    except asyncpg.TransactionRollbackError as error:
        # A deadlock with somebody's write; one of the two had to give way.
        _log.warning("a chunk of a run was interrupted, trying again", run_id=run_id, error=error)
    except asyncpg.LockNotAvailableError as error:
        _log.warning("a run waits for somebody else's write", run_id=run_id, error=error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it would fail again, and stand in the way of the others
        given_up = await large_runs.record_failure(run_id, f"{type(error).__name__}: {error}")
        _log.exception("a chunk of a run failed", run_id=run_id, given_up=given_up)
    failed.add(run_id)
    return False


async def send_mail(ctx: dict[Any, Any]) -> None:
    """Send or keep what is due; all that somebody is owed by then is to be in it."""
    if _sending.locked():
        return
    async with _sending:
        await run_notifications.file_all()
        await dispatch.send_due(ctx["mail"], clock.now())


async def fill_places(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq's signature
    """Let people who wait for a place move up."""
    await waiting_list.fill_all()


async def settle_due(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq's signature
    """Bring due dates to what people's own dates say since they changed."""
    await due_by_field.settle_all()


async def end_picks(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq's signature
    """Let those go who were picked until a day that has come."""
    await ending_picks.end_all()


async def end_groups(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq's signature
    """Groups that have come to their end: what rests on them freezes."""
    await groups.end_groups()


async def run_imports(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq's signature
    """Read and apply sheets, a chunk at a time."""
    await import_work.drain()


async def check_enrollments(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq's signature
    """Once a day: is everybody enrolled whom the audiences hold, and nobody else? If not, put it right."""
    for difference in await full_check.run(repair=True):
        _log.error("enrollments differed from their audience", **full_check.as_dict(difference))


async def follow_sources(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq's signature
    """At each start: are enrollments what their sources say? A release before this one may have left some without any."""
    for session_id, found in (await source_repair.repair_all(dates=False)).items():
        _log.warning(
            "enrollments differed from their sources",
            session_id=session_id,
            without_source=len(found.sourceless),
            without_enrollment=len(found.unheld),
        )


async def forget(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq's signature
    """Drop what has had its time."""
    await idempotency.forget_old_keys()
    await imports.forget_unanswered()
    await throttling.forget_old_attempts()
    await sign_ins.forget_ended_access()
    await act_undo.forget_old_facts()
