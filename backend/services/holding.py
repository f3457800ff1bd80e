"""Methods that wait for a person: held removals and entries, frozen rules."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from asyncpg import Record
from pyroaring import BitMap

from backend import clock
from backend.database import execute, fetch, fetch_row, fetch_value
from backend.enrollment.state_causes import Stated
from backend.index.structure_rows import Method
from backend.schemas.enrolling import MethodState
from backend.services import notices
from backend.services.deciding import Decision
from backend.services.fuses import Fuses, entry_floods, removal_blows

_IN_CHARGE = """
SELECT id FROM learner WHERE is_admin AND status IN ('invited', 'active')
UNION SELECT m.created_by FROM enrollment_method m JOIN learner l ON l.id = m.created_by
    AND l.status IN ('invited', 'active') WHERE m.id = $1
"""
_HELD_RUN = "SELECT * FROM run WHERE method_id = $1 AND state = 'held' ORDER BY id DESC LIMIT 1 FOR UPDATE"
# $1 run, $2 change, $3 learners, $4 their reasons.
_ADD = """
INSERT INTO run_change (run_id, learner_id, change, reason)
SELECT $1, w.l, $2, w.reason FROM unnest($3::integer[], $4::jsonb[]) AS w(l, reason)
ON CONFLICT (run_id, learner_id, change) DO NOTHING
"""
_TAKE_OFF = "DELETE FROM run_change WHERE run_id = $1 AND change = $2 AND learner_id = ANY($3::integer[])"

# On the list of a held run: whose source would be opened, whose would end.
Listed = Literal["entered", "left"]
CHANGES: tuple[Listed, ...] = ("entered", "left")


async def pass_or_hold(decision: Decision, known: Fuses, position: int) -> Decision:
    """What may be written of the decision now; its session is locked.

    The others are put on the list of a held run, and those in charge are told. Each direction is held by itself: where
    too many would leave, others still enter.
    """
    run = await held_run(decision.method.id) if decision.method.state == "held" else None
    waiting = {change: BitMap(await listed(run["id"], change)) if run else BitMap() for change in CHANGES}
    if run is not None:
        await _take_off(run["id"], decision, waiting)
    held: list[Listed] = []
    if decision.method.dynamic:
        if decision.leaving and (waiting["left"] or await removal_blows(known, decision)):
            held.append("left")
        if decision.entering and (waiting["entered"] or await entry_floods(known, decision)):
            held.append("entered")
    if held:
        await _hold(decision, held, run, position)
    elif run is not None and not await count_list(run["id"]):
        await close(run["id"], "rejected")
        await set_state(decision.method.id, "live")
    return msgspec.structs.replace(
        decision,
        leaving=[] if "left" in held else decision.leaving,
        entering=[] if "entered" in held else decision.entering,
    )


async def held_run(method_id: int) -> Record | None:
    """The method's change that waits for a person, its row locked."""
    return await fetch_row(_HELD_RUN, method_id)


async def _take_off(run_id: int, decision: Decision, waiting: dict[Listed, BitMap]) -> None:
    """The list follows the facts: who would stay again, or come no longer, is not on it."""
    back = waiting["left"] & BitMap(decision.staying)
    if back:
        await execute(_TAKE_OFF, run_id, "left", list(back))
    gone = waiting["entered"] & decision.unwanted
    if gone:
        await execute(_TAKE_OFF, run_id, "entered", list(gone))


async def _hold(decision: Decision, held: Sequence[Listed], run: Record | None, position: int) -> None:
    method = decision.method
    run_id: int = (
        run["id"]
        if run is not None
        else await fetch_value(
            "INSERT INTO run (method_id, session_id, cause, state, position, created_at)"
            " VALUES ($1, $2, 'change', 'held', $3, $4) RETURNING id",
            method.id,
            method.session_id,
            position,
            clock.now(),
        )
    )
    for change in held:
        people = decision.leaving if change == "left" else decision.entering
        reasons = [decision.reasons.get(one) for one in people]
        await execute(_ADD, run_id, change, people, reasons)
    await count_list(run_id)
    if run is not None:
        return
    why = {"entering": len(decision.entering)} if "entered" in held else {}
    if "left" in held:
        why |= {"leaving": len(decision.leaving), "remaining": decision.remaining}
    await set_state(method.id, "held", Stated("fuse", why))
    await tell_those_in_charge("held", method, run_id)


async def count_list(run_id: int) -> int:
    """How many wait on the run's list; kept on the run as its total."""
    people: int = await fetch_value(
        "UPDATE run SET total = (SELECT count(*) FROM run_change WHERE run_id = $1) WHERE id = $1 RETURNING total",
        run_id,
    )
    return people


async def listed(run_id: int, change: Listed) -> list[int]:
    """Who waits on the run's list."""
    rows = await fetch(
        "SELECT learner_id FROM run_change WHERE run_id = $1 AND change = $2 ORDER BY learner_id",
        run_id,
        change,
    )
    return [row["learner_id"] for row in rows]


async def take_off(run_id: int, change: Listed, learner_ids: Sequence[int]) -> None:
    """They wait no longer: it has been decided about them."""
    if learner_ids:
        await execute(_TAKE_OFF, run_id, change, list(learner_ids))


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


async def tell_of_failure(run_id: int, method_id: int, session_id: int) -> None:
    """An alert that a large run was given up: some of its people are done, the others are not."""
    people = [row["id"] for row in await fetch(_IN_CHARGE, method_id)]
    await notices.file_alert(people, "failed", session_id=session_id, method_id=method_id, run_id=run_id)
