"""Enrollments with a history of their own: imported with the days people came and left, under a manual method."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec
from asyncpg import Record

from backend.database import any_of, execute, fetch, transaction
from backend.runtime import clock
from backend.services.access.actor import Actor
from backend.services.enrollment.history import history_statements
from backend.services.enrollment.writing import leaving_statements
from backend.services.enrollment.writing.enrollment_writer import lock_sessions
from backend.services.enrollment.writing.exclusions import left_out
from backend.services.enrollment.writing.hand_picked import hand_picked_methods
from backend.services.mail import notices
from backend.tables import Run

# One statement writes this many; the outbox and the followers take them in bites of this size.
BATCH = 10_000


class Registration(msgspec.Struct, frozen=True):
    """Somebody was enrolled from `since` on, and if `until` is given, no longer from then on. Neither is in the future."""

    learner_id: int
    session_id: int
    since: datetime
    until: datetime | None = None


class Recorded(msgspec.Struct, frozen=True):
    """How many enrollments were made and changed; of (learner, session) whom another session holds, and whom this one excludes."""

    created: int
    updated: int
    elsewhere: list[tuple[int, int]]
    excluded: list[tuple[int, int]]


async def record(actor: Actor, rows: Sequence[Registration]) -> Recorded:
    """Record them in one transaction a batch; recording them again changes nothing.

    Everybody gets a source in the session's hand-picked method, so that why and since when can be told. The
    caller has checked that the actor may enroll in these sessions. Nobody is told of a session that has ended.
    """
    created = updated = 0
    elsewhere: list[tuple[int, int]] = []
    excluded: list[tuple[int, int]] = []
    for start in range(0, len(rows), BATCH):
        async with transaction():
            one = await _record(actor, rows[start : start + BATCH])
        created += one.created
        updated += one.updated
        elsewhere += one.elsewhere
        excluded += one.excluded
    return Recorded(created, updated, elsewhere, excluded)


async def _record(actor: Actor, rows: Sequence[Registration]) -> Recorded:
    sessions = sorted({row.session_id for row in rows})
    await lock_sessions(sessions)
    methods = await hand_picked_methods(sessions, actor.id)
    runs = await _open_runs(actor, methods)
    written = await fetch(
        history_statements.RECORD_HISTORY,
        [row.session_id for row in rows],
        [row.learner_id for row in rows],
        [row.since for row in rows],
        [row.until for row in rows],
        [methods[row.session_id] for row in rows],
        [runs[row.session_id] for row in rows],
        clock.now(),
    )
    await keep_completed(written, methods, runs)
    new: dict[int, list[int]] = defaultdict(list)
    for row in written:
        if row["new"] and row["state"] == "active":
            new[row["session_id"]].append(row["learner_id"])
    for session_id, learners in sorted(new.items()):
        await notices.file_enrolled(learners, session_id, methods[session_id], runs[session_id])
    await _close_runs(runs)
    created = sum(row["new"] for row in written)
    missing = await _missing(rows)
    out = await left_out(missing)
    return Recorded(
        created,
        len(written) - created,
        [pair for pair in missing if pair not in out],
        [pair for pair in missing if pair in out],
    )


async def keep_completed(written: Sequence[Record], methods: dict[int, int], runs: dict[int, int]) -> None:
    """Who completed it before they left stays enrolled, and so needs a source that lives."""
    completed = [row for row in written if row["state"] == "completed"]
    if not completed:
        return
    await execute(
        leaving_statements.KEEP,
        [methods[row["session_id"]] for row in completed],
        [row["learner_id"] for row in completed],
        [runs[row["session_id"]] for row in completed],
        [row["session_id"] for row in completed],
        clock.now(),
        list(methods),
        list(methods.values()),
    )


async def _open_runs(actor: Actor, methods: dict[int, int]) -> dict[int, int]:
    opened = await fetch(
        history_statements.BEGIN_IMPORTS,
        list(methods.values()),
        list(methods),
        actor.id or None,
        clock.now(),
    )
    return {row["session_id"]: row["id"] for row in opened}


async def _close_runs(runs: dict[int, int]) -> None:
    """Count what each did; those that changed nothing leave no trace."""
    ids = list(runs.values())
    await execute(
        history_statements.FINISH_IMPORTS,
        ids,
        clock.now(),
    )
    await Run.delete().where(any_of(Run.id, ids), Run.state == "applying")


async def _missing(rows: Sequence[Registration]) -> list[tuple[int, int]]:
    live = [row for row in rows if row.until is None]
    missing = await fetch(
        history_statements.NOT_ENROLLED,
        [row.learner_id for row in live],
        [row.session_id for row in live],
    )
    return [(row["learner_id"], row["session_id"]) for row in missing]
