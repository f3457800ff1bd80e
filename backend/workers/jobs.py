"""arq jobs: each drains a table, may run twice, may die anywhere. What wakes them is lost without harm."""

from typing import Any

import structlog

from backend import clock
from backend.services import (
    chunks,
    full_check,
    idempotency,
    import_work,
    imports,
    sending,
    signing_in,
    telling,
    throttling,
)

# A job hands over to the next one after this many chunks or batches, so that no job outlives arq's patience.
ROUNDS = 200

_log = structlog.get_logger("muster.jobs")


async def apply_runs(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq's signature
    """Write what is left of large runs, a chunk of each in turn; then tell their people."""
    for _ in range(ROUNDS):
        more = [await chunks.apply_next_chunk(run_id) for run_id in await chunks.open_runs()]
        if not any(more):
            await telling.tell_all(wait=False)
            return


async def send_mail(ctx: dict[Any, Any]) -> None:
    """Send or keep what is due; all that somebody is owed by then is to be in it."""
    await telling.tell_all()
    await sending.send_due(ctx["mail"], clock.now())


async def run_imports(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq's signature
    """Read and apply sheets, a chunk at a time."""
    await import_work.drain()


async def check_enrollments(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq's signature
    """Once a day: is everybody enrolled whom the audiences hold, and nobody else? If not, put it right."""
    for difference in await full_check.run(repair=True):
        _log.error("enrollments differed from their audience", **full_check.as_dict(difference))


async def forget(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq's signature
    """Drop what has had its time."""
    await idempotency.forget_old_keys()
    await imports.forget_unanswered()
    await throttling.forget_old_attempts()
    await signing_in.forget_ended_access()
