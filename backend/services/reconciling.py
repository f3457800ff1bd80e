"""Keeping enrollments true: what was decided is written together with the log position it follows from.

The transaction checks that the methods are still those that were looked at. Where the database is ahead, the log tells soon,
and the next look puts things right.
"""

from collections.abc import Sequence

import msgspec
from asyncpg import Record

from backend import clock
from backend.database import execute, fetch, fetch_row, transaction
from backend.services import holding
from backend.services.chunks import CHUNK, begin_large
from backend.services.deciding import Decision
from backend.services.enrollment_writer import Write, lock_sessions, write
from backend.services.fuses import fuses_of

_METHODS = """
SELECT m.id, m.version, m.state, m.active,
       EXISTS (SELECT FROM run r WHERE r.method_id = m.id AND r.state = 'applying') AS applying
FROM enrollment_method m WHERE m.id = ANY($1::integer[]) AND m.deleted_at IS NULL
"""
# Of people who are to come and to go, those who have not yet done so. Set against set: there may be a million.
_UNDONE = """
SELECT ARRAY(SELECT unnest($2::integer[]) EXCEPT SELECT learner_id FROM source WHERE method_id = $1 AND until IS NULL) AS entering,
       ARRAY(SELECT unnest($3::integer[]) INTERSECT SELECT learner_id FROM source WHERE method_id = $1 AND until IS NULL) AS leaving
"""
# What is lost with it in a crash is decided again from the older position, so nobody waits for the disk.
_ADVANCE = """
UPDATE follower SET position = $2, detail = jsonb_build_object('day', $3::text), updated_at = $4
WHERE name = 'reconciler' AND position = $1
RETURNING set_config('synchronous_commit', 'off', true)
"""


class LostLead(Exception):
    """Another reconciler has moved the position: this one must stand back."""


class Step(msgspec.Struct, frozen=True):
    """From one position of the log to a later one, on an organisation's day."""

    old: int
    new: int
    day: str


async def carry_out(decisions: Sequence[Decision], position: int, step: Step | None = None) -> list[int]:
    """Write the decisions in bounded transactions, the last one together with the step; the ids of the runs.

    Killed anywhere, the same is decided again from the old position, and what was written is not written twice.
    Raises `LostLead`.
    """
    runs: list[int] = []
    groups = _bounded(decisions)
    for number, group in enumerate(groups):
        async with transaction():
            if step is not None and number == len(groups) - 1:
                await _advance(step)
            runs += await _write_group(group, position)
    return runs


def _bounded(decisions: Sequence[Decision]) -> list[list[Decision]]:
    """Groups of at most `CHUNK` people; at least one, for the step."""
    groups: list[list[Decision]] = [[]]
    size = 0
    for decision in decisions:
        # What is larger than a chunk is only begun here.
        weight = decision.people if decision.people <= CHUNK else 1
        if groups[-1] and size + weight > CHUNK:
            groups.append([])
            size = 0
        groups[-1].append(decision)
        size += weight
    return groups


async def _advance(step: Step) -> None:
    if await execute(_ADVANCE, step.old, step.new, step.day, clock.now()) != "UPDATE 1":
        raise LostLead(f"the position is no longer {step.old}")


async def _write_group(group: Sequence[Decision], position: int) -> list[int]:
    if not group:
        return []
    sessions = await lock_sessions(decision.method.session_id for decision in group)
    rows = {row["id"]: row for row in await fetch(_METHODS, [decision.method.id for decision in group])}
    current = [decision for decision in group if _is_current(decision, rows.get(decision.method.id))]
    await _freeze_or_thaw(current)
    sound = [decision for decision in current if decision.problem is None]
    known = await fuses_of(sound, sessions, clock.now())
    small: list[Write] = []
    runs: list[int] = []
    for decision in sound:
        one = _write_of(await holding.pass_or_hold(decision, known, position), position)
        if _is_large(one):
            one = await _undone(one)
        if _is_large(one):
            runs.append(await begin_large(one))
        elif one.entering or one.leaving or one.releasing:
            small.append(one)
    runs += [written.run_id for written in await write(small) if written.run_id] if small else []
    return runs


def _is_large(one: Write) -> bool:
    return len(one.entering) + len(one.leaving) + len(one.releasing) > CHUNK


async def _undone(one: Write) -> Write:
    """Without what stands in the tables already: a small write finds out by itself, a large run would be one of nothing.

    The log tells of a confirmed method before it tells of its people.
    """
    found = await fetch_row(_UNDONE, one.method_id, one.entering, one.leaving)
    assert found is not None  # noqa: S101 - it is one row of arrays
    return msgspec.structs.replace(one, entering=found["entering"], leaving=found["leaving"])


def _is_current(decision: Decision, row: Record | None) -> bool:
    """Whether the stored method is the one that was looked at, and nobody else is at work on its people."""
    return row is not None and row["version"] == decision.method.version and not row["applying"]


async def _freeze_or_thaw(current: Sequence[Decision]) -> None:
    for decision in current:
        if decision.problem is not None:
            await holding.freeze(decision.method, decision.problem)
        elif decision.method.state == "frozen":
            await holding.set_state(decision.method.id, "live")


def _write_of(decision: Decision, position: int) -> Write:
    return Write(
        method_id=decision.method.id,
        session_id=decision.method.session_id,
        cause=decision.cause,
        position=position,
        entering=decision.entering,
        leaving=decision.leaving,
        releasing=decision.releasing,
        reasons=decision.reasons,
    )
