"""Methods that wait for a person: held removals, frozen rules."""

from collections.abc import Sequence
from typing import Protocol

from asyncpg import Record

from backend import clock
from backend.database import execute, fetch, fetch_row, fetch_value
from backend.enrollment.fuse import blows
from backend.enrollment.state_causes import Stated
from backend.index.structure_rows import Method
from backend.schemas.enrolling import MethodState
from backend.services import notices
from backend.services.enrollment_writer import Reason

_IN_CHARGE = """
SELECT id FROM learner WHERE is_admin AND status IN ('invited', 'active')
UNION SELECT m.created_by FROM enrollment_method m JOIN learner l ON l.id = m.created_by
    AND l.status IN ('invited', 'active') WHERE m.id = $1
"""
_HELD_RUN = "SELECT * FROM run WHERE method_id = $1 AND state = 'held' ORDER BY id DESC LIMIT 1 FOR UPDATE"
_ADD = """
INSERT INTO run_change (run_id, learner_id, change, reason)
SELECT $1, w.l, 'left', w.reason FROM unnest($2::integer[], $3::jsonb[]) AS w(l, reason)
ON CONFLICT (run_id, learner_id, change) DO NOTHING
"""
_TAKE_OFF = "DELETE FROM run_change WHERE run_id = $1 AND change = 'left' AND learner_id = ANY($2::integer[])"


class Removal(Protocol):
    """What a decision says about a removal."""

    @property
    def method(self) -> Method: ...
    @property
    def leaving(self) -> list[int]: ...
    @property
    def staying(self) -> list[int]: ...
    @property
    def remaining(self) -> int: ...
    @property
    def reasons(self) -> dict[int, Reason]: ...


async def pass_or_hold(removal: Removal, session: Record, left_lately: int, position: int) -> list[int]:
    """Those who may leave `session`, which is locked, now. The others are put on the list of a held run, and those in charge are told."""
    if removal.method.state == "held":
        run = await held_run(removal.method.id)
        if run is not None:
            await _on_and_off(run, removal)
            return []
    if not removal.leaving:
        return []
    if not blows(
        leaving=len(removal.leaving),
        left_lately=left_lately,
        remaining=removal.remaining,
        most=session["fuse_count"],
        percent=session["fuse_percent"],
    ):
        return removal.leaving
    await _hold(removal, position)
    return []


async def held_run(method_id: int) -> Record | None:
    """The method's removal that waits for a person, its row locked."""
    return await fetch_row(_HELD_RUN, method_id)


async def _hold(removal: Removal, position: int) -> None:
    method = removal.method
    run_id: int = await fetch_value(
        "INSERT INTO run (method_id, session_id, cause, state, position, created_at)"
        " VALUES ($1, $2, 'change', 'held', $3, $4) RETURNING id",
        method.id,
        method.session_id,
        position,
        clock.now(),
    )
    await _put_on(run_id, removal.leaving, removal.reasons)
    why = Stated("fuse", {"leaving": len(removal.leaving), "remaining": removal.remaining})
    await set_state(method.id, "held", why)
    await tell_those_in_charge("held", method, run_id)


async def _on_and_off(run: Record, removal: Removal) -> None:
    """The list follows the facts: who would leave is on it, who would stay again is not."""
    if removal.staying:
        await execute(_TAKE_OFF, run["id"], removal.staying)
    await _put_on(run["id"], removal.leaving, removal.reasons)
    if not await count_list(run["id"]):
        await close(run["id"], "rejected")
        await set_state(removal.method.id, "live")


async def _put_on(run_id: int, learner_ids: Sequence[int], reasons: dict[int, Reason]) -> None:
    if learner_ids:
        await execute(_ADD, run_id, list(learner_ids), [reasons.get(one) for one in learner_ids])
    await count_list(run_id)


async def count_list(run_id: int) -> int:
    """How many wait on the run's list; kept on the run as its total."""
    people: int = await fetch_value(
        "UPDATE run SET total = (SELECT count(*) FROM run_change WHERE run_id = $1 AND change = 'left')"
        " WHERE id = $1 RETURNING total",
        run_id,
    )
    return people


async def listed(run_id: int) -> list[int]:
    """Who waits on the run's list."""
    rows = await fetch(
        "SELECT learner_id FROM run_change WHERE run_id = $1 AND change = 'left' ORDER BY learner_id", run_id
    )
    return [row["learner_id"] for row in rows]


async def close(run_id: int, state: str) -> None:
    """The held run has been decided."""
    await execute("UPDATE run SET state = $2, finished_at = $3 WHERE id = $1", run_id, state, clock.now())


async def freeze(method: Method, why: Stated) -> None:
    """Nobody is added or removed any more; those in charge are told."""
    await set_state(method.id, "frozen", why)
    await tell_those_in_charge("frozen", method, None)


async def set_state(method_id: int, state: MethodState, why: Stated | None = None) -> None:
    """Write the method's state; a new version, so that every index looks at it again."""
    await execute(
        "UPDATE enrollment_method SET state = $2, state_cause = $3, state_details = $4, state_reason = $5,"
        " version = version + 1 WHERE id = $1",
        method_id,
        state,
        None if why is None else why.cause,
        None if why is None else why.details,
        # Read by the previous release alone.
        "" if why is None else why.stored_text()[:2_000],
    )


async def tell_those_in_charge(kind: str, method: Method, run_id: int | None) -> None:
    """An alert to the platform admins and whoever made the method."""
    people = [row["id"] for row in await fetch(_IN_CHARGE, method.id)]
    if kind == "held":
        await notices.file_alert(
            people, "held", session_id=method.session_id, method_id=method.id, run_id=run_id
        )
    else:
        await notices.file_alert(people, "frozen", session_id=method.session_id, method_id=method.id)
