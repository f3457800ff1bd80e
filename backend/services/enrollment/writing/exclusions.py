"""The one writer of exclusions. Each run keeps those that it took away or replaced, so that an undo brings them back."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from pyroaring import BitMap

from backend.database import execute, fetch, fetch_value, logged_as
from backend.database.stored_json import stored_as, stored_object
from backend.runtime import clock
from backend.services.enrollment.writing import exclusion_statements as sql

# What a run keeps of exclusions: those that it took away or replaced, and those that it brought back.
LIFTED, BROUGHT = "exclusions", "brought_exclusions"


async def put_exclusions(  # noqa: PLR0913 - what is said of these people
    run_id: int,
    session_id: int,
    learner_ids: Sequence[int],
    *,
    reason: str,
    until: date | None,
    moved_to_id: int | None,
    by: int | None,
) -> None:
    """The session leaves them out from now on. The caller holds its lock."""
    async with logged_as(run_id):
        before = await fetch_value(
            sql.PUT, session_id, list(learner_ids), reason, until, moved_to_id, by, clock.now(), run_id
        )
    await _keep(run_id, before)


async def lift_exclusions(run_id: int, session_id: int, learner_ids: Sequence[int]) -> int:
    """It leaves them out no longer; how many it had left out."""
    async with logged_as(run_id):
        lifted: list[dict[str, Any]] = await fetch_value(sql.LIFT, session_id, list(learner_ids))
    await _keep(run_id, lifted)
    return len(lifted)


async def left_out(pairs: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those of the (learner, session) whom the session leaves out now, and who are not enrolled in it all the same."""
    rows = await fetch(
        sql.LEFT_OUT, [session for _, session in pairs], [one for one, _ in pairs], clock.now()
    )
    return {(row["learner_id"], row["session_id"]) for row in rows}


async def undo_exclusions(run_id: int, detail: object, undo_id: int, among: BitMap | None) -> None:
    """Whom the run left out is left out no longer, and whom it let in again is; what somebody has said since stands.

    `detail` is what the run keeps; `among`: only of these people.
    """
    kept = stored_object(detail) or {}
    lifted: list[dict[str, Any]] = stored_as(kept.get(LIFTED), list[dict[str, Any]], [])
    brought: list[dict[str, Any]] = stored_as(kept.get(BROUGHT), list[dict[str, Any]], [])
    alone, some = among is not None, list(among or ())
    async with logged_as(undo_id):
        gone = await fetch_value(sql.TAKE_BACK, run_id, some, alone, brought)
        back = await fetch_value(sql.BRING_BACK, lifted, some, alone) if lifted else []
    await _keep(undo_id, gone)
    await _keep(undo_id, back, BROUGHT)


async def _keep(run_id: int, rows: list[dict[str, Any]], name: str = LIFTED) -> None:
    if rows:
        await execute(sql.KEEP, run_id, name, rows)
