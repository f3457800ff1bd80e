"""Large runs: written in bounded transactions, each with its progress, so that a killed worker goes on where it was."""

import base64
from array import array
from collections.abc import Sequence
from typing import Any

from asyncpg import Record
from pyroaring import BitMap

from backend import clock
from backend.database import after_commit, execute, fetch, fetch_row, fetch_value, transaction
from backend.services import jobs
from backend.services.enrollment_writer import Write, lock_sessions, settle, write

# People a transaction: about a second of work, in which others wait for the activity's lock.
CHUNK = 5_000
# What is done to people, in this order.
PHASES = ("entering", "leaving", "releasing", "settling")


async def begin_large(one: Write, settling: Sequence[int] = ()) -> int:
    """Record the whole of it as a run that is `applying`; a worker writes it. The run's id."""
    phases = {
        "entering": one.entering,
        "leaving": one.leaving,
        "releasing": one.releasing,
        "settling": settling,
    }
    detail = {
        **one.detail,
        "confirmed": one.confirmed,
        "phases": {name: pack(people) for name, people in phases.items() if people},
        "reason": _common_reason(one),
    }
    run_id: int = await fetch_value(
        """
        INSERT INTO run (method_id, session_id, cause, actor_id, state, total, position, detail, created_at)
        VALUES ($1, $2, $3, $4, 'applying', $5, $6, $7, $8) RETURNING id
        """,
        one.method_id,
        one.session_id,
        one.cause,
        one.actor_id or None,
        sum(len(people) for people in phases.values()),
        one.position,
        detail,
        clock.now(),
    )
    after_commit(lambda: jobs.enqueue("apply_runs"))
    return run_id


def _common_reason(one: Write) -> dict[str, Any] | None:
    """A change of structure moves thousands for one reason; where each has their own, the log has them."""
    return next(iter(one.reasons.values()), None)


def pack(learner_ids: Sequence[int]) -> str:
    """Many ids in little space: a million take about 130 KB."""
    return base64.b64encode(BitMap(array("I", learner_ids)).serialize()).decode()


def unpack(packed: str) -> BitMap:
    """The ids again."""
    return BitMap.deserialize(base64.b64decode(packed))


async def open_runs() -> list[int]:
    """Runs that are not through, oldest first."""
    return [row["id"] for row in await fetch("SELECT id FROM run WHERE state = 'applying' ORDER BY id")]


async def apply_next_chunk(run_id: int) -> bool:
    """Write one chunk; whether there is more. False too when another worker is at it."""
    async with transaction():
        run = await fetch_row(
            "SELECT * FROM run WHERE id = $1 AND state = 'applying' FOR UPDATE SKIP LOCKED", run_id
        )
        if run is None:
            return False
        await lock_sessions([run["session_id"]])
        part = slice_of(run["detail"]["phases"], run["done"], CHUNK)
        await _write_part(run, part)
        done = run["done"] + sum(len(people) for people in part.values())
        await execute("UPDATE run SET done = $2 WHERE id = $1", run_id, done)
        if done < run["total"]:
            return True
        await _finish(run)
        return False


def slice_of(phases: dict[str, str], done: int, size: int) -> dict[str, list[int]]:
    """The next `size` people after the first `done`, by phase."""
    found: dict[str, list[int]] = {}
    for name in PHASES:
        if name not in phases or size == 0:
            continue
        people = unpack(phases[name])
        some = list(people[done : done + size]) if done < len(people) else []
        if some:
            found[name] = some
        size -= len(some)
        done = max(0, done - len(people))
    return found


async def _write_part(run: Record, part: dict[str, list[int]]) -> None:
    settling = part.pop("settling", [])
    people = [learner_id for some in part.values() for learner_id in some]
    if people:
        reason = run["detail"].get("reason")
        await write(
            [
                Write(
                    method_id=run["method_id"],
                    session_id=run["session_id"],
                    cause=run["cause"],
                    run_id=run["id"],
                    confirmed=run["detail"]["confirmed"],
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
