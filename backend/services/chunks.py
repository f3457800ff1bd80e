"""Large runs: written in bounded transactions, each with its progress, so that a killed worker goes on where it was."""

from collections.abc import Sequence
from typing import Any

from asyncpg import Record

from backend import clock
from backend.database import execute, fetch, fetch_row, fetch_value, transaction
from backend.services import erasing, holding, jobs, telling, undoing
from backend.services.enrollment_writer import Write, lock_sessions, settle, write
from backend.services.packing import pack, slice_of

# A chunk that a crash takes back is written again, for its progress goes with it: nobody waits for the disk.
_NEXT = """
SELECT r.*, set_config('synchronous_commit', 'off', true) FROM run r WHERE id = $1 AND state = 'applying' FOR UPDATE
"""
# Whether another worker is at the run is asked without holding it: sessions are locked before runs, by everybody.
_TAKE = """
SELECT session_id, pg_try_advisory_xact_lock(hashtextextended('run:' || id, 0)) AS is_ours FROM run
WHERE id = $1 AND state = 'applying'
"""
# People a transaction: about a second of work, in which others wait for the activity's lock.
CHUNK = 5_000

LONGEST_ERROR = 500
# A run that cannot be written is given up after so many tries, each some seconds after the last.
MOST_FAILURES = 5

_FAILED = """
UPDATE run SET detail = detail || jsonb_build_object('failures', coalesce((detail->>'failures')::integer, 0) + 1, 'error', $2::text)
WHERE id = $1 AND state = 'applying' RETURNING (detail->>'failures')::integer
"""
_GIVE_UP = """
UPDATE run SET state = 'failed', finished_at = $2 WHERE id = $1 AND state = 'applying' RETURNING method_id, session_id
"""

_BEGIN = """
INSERT INTO run (method_id, session_id, cause, state, created_at) VALUES ($1, $2, $3, 'applying', $4) RETURNING id
"""


async def begin_large(one: Write, settling: Sequence[int] = ()) -> int:
    """Record the whole of it as a run that is `applying`, new or that of `one`; a worker writes it. The run's id."""
    phases = {
        "entering": one.entering,
        "leaving": one.leaving,
        "releasing": one.releasing,
        "settling": settling,
    }
    detail = {
        **one.detail,
        "confirmed": one.confirmed,
        "on_leave": one.on_leave,
        "mail": one.mail,
        **erasing.detail_of(one.erasure),
        "phases": {name: pack(people) for name, people in phases.items() if people},
        "reason": _common_reason(one),
    }
    run_id = one.run_id or await fetch_value(_BEGIN, one.method_id, one.session_id, one.cause, clock.now())
    await execute(
        "UPDATE run SET state = 'applying', cause = $2, actor_id = $3, total = $4, done = 0, position = $5, detail = $6"
        " WHERE id = $1",
        run_id,
        one.cause,
        one.actor_id or None,
        sum(len(people) for people in phases.values()),
        one.position,
        detail,
    )
    jobs.wake("apply_runs")
    return int(run_id)


def _common_reason(one: Write) -> dict[str, Any] | None:
    """A change of structure moves thousands for one reason; where each has their own, the log has them."""
    return next(iter(one.reasons.values()), None)


async def open_runs() -> list[int]:
    """Runs that are not through, oldest first."""
    return [row["id"] for row in await fetch("SELECT id FROM run WHERE state = 'applying' ORDER BY id")]


async def apply_next_chunk(run_id: int) -> bool:
    """Write one chunk; whether there is more. False too when another worker is at it."""
    async with transaction():
        taken = await fetch_row(_TAKE, run_id)
        if taken is None or not taken["is_ours"]:
            return False
        await lock_sessions([taken["session_id"]])
        run = await fetch_row(_NEXT, run_id)
        if run is None:
            return False
        part = slice_of(run["detail"]["phases"], run["done"], CHUNK)
        await _write_part(run, part)
        done = run["done"] + sum(len(people) for people in part.values())
        await execute("UPDATE run SET done = $2 WHERE id = $1", run_id, done)
        if done < run["total"]:
            return True
        await _finish(run)
        return False


async def record_failure(run_id: int, error: str) -> bool:
    """A chunk could not be written: after `MOST_FAILURES` times the run is given up, and those in charge are told; whether it was."""
    async with transaction():
        session_id = await fetch_value("SELECT session_id FROM run WHERE id = $1", run_id)
        await lock_sessions([session_id] if session_id is not None else [])
        failures = await fetch_value(_FAILED, run_id, error[:LONGEST_ERROR])
        if failures is None or failures < MOST_FAILURES:
            return False
        given_up = await fetch_row(_GIVE_UP, run_id, clock.now())
        if given_up is None or given_up["method_id"] is None:
            return given_up is not None
        # What the reconciler left to the run, it looks at itself again.
        await execute(
            "UPDATE enrollment_method SET version = version + 1 WHERE id = $1", given_up["method_id"]
        )
        await holding.tell_of_failure(run_id, given_up["method_id"], given_up["session_id"])
        return True


async def _write_part(run: Record, part: dict[str, list[int]]) -> None:
    if "undoing" in part:
        await undoing.undo_people(run["id"], part["undoing"])
        return
    settling = part.pop("settling", [])
    people = [learner_id for some in part.values() for learner_id in some]
    if "entering" in part and run["detail"].get("mail", True):
        await telling.ask(run["id"], run["session_id"])
    if people:
        reason = run["detail"].get("reason")
        erasure = erasing.Erasure(certificates=run["detail"].get("certificates", False), confirmed=True)
        await write(
            [
                Write(
                    method_id=run["method_id"],
                    session_id=run["session_id"],
                    cause=run["cause"],
                    run_id=run["id"],
                    confirmed=run["detail"]["confirmed"],
                    on_leave=run["detail"].get("on_leave"),
                    erasure=erasure,
                    told_later=True,
                    reasons=dict.fromkeys(people, reason) if reason else {},
                    entering=part.get("entering", []),
                    leaving=part.get("leaving", []),
                    releasing=part.get("releasing", []),
                )
            ]
        )
    if settling:
        await settle(run["id"], run["session_id"], settling)


async def _finish(run: Record) -> None:
    await execute("UPDATE run SET state = 'applied', finished_at = $2 WHERE id = $1", run["id"], clock.now())
    # A new version makes the reconciler look at the whole method again: facts went on changing meanwhile.
    await execute("UPDATE enrollment_method SET version = version + 1 WHERE id = $1", run["method_id"])
