"""Large runs: written in bounded transactions, each with its progress, so that a killed worker goes on where it was."""

from collections.abc import Sequence
from typing import Any

from asyncpg import Record

from backend.database import as_json, fetch_row, fetch_value, transaction
from backend.runtime import clock
from backend.services import jobs
from backend.services.enrollment.fuses import held_removals
from backend.services.enrollment.runs import run_notifications, run_statements
from backend.services.enrollment.undo import run_undo, undone_people
from backend.services.enrollment.writing import erase_progress
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, settle, write
from backend.services.enrollment.writing.packed_ids import pack, slice_of
from backend.services.enrollment.writing.writes import Write
from backend.tables import EnrollmentMethod, Run

# People a transaction: about a second of work, in which others wait for the activity's lock.
CHUNK = 5_000

LONGEST_ERROR = 500
# A run that cannot be written is given up after so many tries, each some seconds after the last.
MOST_FAILURES = 5


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
        **erase_progress.detail_of(one.erasure),
        "phases": {name: pack(people) for name, people in phases.items() if people},
        "reason": _common_reason(one),
    }
    columns: dict[str, Any] = {
        "state": "applying",
        "cause": one.cause,
        "actor_id": one.actor_id or None,
        "total": sum(len(people) for people in phases.values()),
        "done": 0,
        "position": one.position,
        "detail": as_json(detail),
    }
    run_id = one.run_id
    if run_id is not None:
        await Run.update(**columns).where(Run.id == run_id)
    else:
        begun = Run(
            method_id=one.method_id,
            session_id=one.session_id,
            caused_by=one.caused_by,
            created_at=clock.now(),
            **columns,
        )
        run_id = (await Run.insert(begun).returning(Run.id))[0]["id"]
    jobs.wake("apply_runs")
    return int(run_id)


def _common_reason(one: Write) -> dict[str, Any] | None:
    """A change of structure moves thousands for one reason; where each has their own, the log has them."""
    return next(iter(one.reasons.values()), None)


async def open_runs() -> list[int]:
    """Runs that are not through, oldest first."""
    rows = await Run.select(Run.id).where(Run.state == "applying").order_by(Run.id)
    return [row["id"] for row in rows]


async def apply_next_chunk(run_id: int) -> bool:
    """Write one chunk; whether there is more. False too when another worker is at it."""
    async with transaction():
        taken = await fetch_row(run_statements.TAKE_RUN, run_id)
        if taken is None or not taken["is_ours"]:
            return False
        await lock_sessions([taken["session_id"]])
        run = await fetch_row(run_statements.LOCK_RUN, run_id)
        if run is None:
            return False
        part = slice_of(run["detail"]["phases"], run["done"], CHUNK)
        await _write_part(run, part)
        done = run["done"] + sum(len(people) for people in part.values())
        await Run.update({Run.done: done}).where(Run.id == run_id)
        if done < run["total"]:
            return True
        await _finish(run)
        return False


async def record_failure(run_id: int, error: str) -> bool:
    """A chunk could not be written: after `MOST_FAILURES` times the run is given up, and those in charge are told; whether it was."""
    async with transaction():
        run = await Run.select(Run.session_id).where(Run.id == run_id).first()
        await lock_sessions([run["session_id"]] if run and run["session_id"] is not None else [])
        failures = await fetch_value(run_statements.COUNT_FAILURE, run_id, error[:LONGEST_ERROR])
        if failures is None or failures < MOST_FAILURES:
            return False
        given_up = (
            await Run.update({Run.state: "failed", Run.finished_at: clock.now()})
            .where(Run.id == run_id, Run.state == "applying")
            .returning(Run.method_id, Run.session_id)
        )
        if not given_up or given_up[0]["method_id"] is None:
            return bool(given_up)
        method_id, session_id = given_up[0]["method_id"], given_up[0]["session_id"]
        # What the reconciler left to the run, it looks at itself again.
        await _renew(method_id)
        await held_removals.tell_of_failure(run_id, method_id, session_id)
        return True


async def _write_part(run: Record, part: dict[str, list[int]]) -> None:
    if "undoing" in part:
        await undone_people.undo_people(run["id"], part["undoing"])
        return
    settling = part.get("settling", [])
    people = [learner_id for phase, some in part.items() if phase != "settling" for learner_id in some]
    if "entering" in part and run["detail"].get("mail", True):
        await run_notifications.request_notifications(run["id"], run["session_id"])
    if people:
        reason = run["detail"].get("reason")
        erasure = erase_progress.Erasure(
            certificates=run["detail"].get("certificates", False), confirmed=True
        )
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
                    defer_notices=True,
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
    if run["undo_of"] is not None:
        await run_undo.finish_undo(run)
    await Run.update({Run.state: "applied", Run.finished_at: clock.now()}).where(Run.id == run["id"])
    # Facts went on changing meanwhile.
    await _renew(run["method_id"])


async def _renew(method_id: int | None) -> None:
    """A new version makes the reconciler look at the whole method again."""
    if method_id is not None:
        await EnrollmentMethod.update({EnrollmentMethod.version: EnrollmentMethod.version + 1}).where(
            EnrollmentMethod.id == method_id
        )
