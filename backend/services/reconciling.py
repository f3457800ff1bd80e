"""Keeping enrollments true: what a look at methods amounts to, and writing it together with the log position.

Deciding is synchronous, from the index at one position; writing checks in the transaction that the methods are still those
that were looked at. Where the database is ahead, the log tells soon, and the next look puts things right.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from asyncpg import Record
from pyroaring import BitMap

from backend import clock
from backend.database import execute, fetch, transaction
from backend.enrollment.fuse import WINDOW
from backend.index import BrokenRule, Change, FacetIndex
from backend.index.breathing import Breath
from backend.index.matching import Moved, by_audience
from backend.index.structure_rows import Method
from backend.index.values import EMPTY
from backend.rules import Facet
from backend.schemas.enrolling import RunCause
from backend.services import holding
from backend.services.attention import Attention, Look
from backend.services.chunks import CHUNK, begin_large
from backend.services.enrollment_writer import Reason, Write, lock_sessions, write
from backend.services.reasons import Reasons

# State reasons begin with a word that says what thaws them.
BROKEN = "broken rule"
# Whatever was changed in the session that somebody was blocked by.
_ENROLLMENT = frozenset({Facet("enrollment")})

_METHODS = """
SELECT m.id, m.version, m.state, m.state_reason, m.active,
       EXISTS (SELECT FROM run r WHERE r.method_id = m.id AND r.state = 'applying') AS applying
FROM enrollment_method m WHERE m.id = ANY($1::integer[]) AND m.deleted_at IS NULL
"""
_LEFT_LATELY = """
SELECT method_id, sum(left_count)::integer AS people FROM run
WHERE method_id = ANY($1::integer[]) AND cause IN ('change', 'clock', 'check') AND created_at > $2
GROUP BY method_id
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


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of one method and its people. `remaining` hold its source before anybody leaves."""

    method: Method
    cause: RunCause = "change"
    entering: list[int] = []
    leaving: list[int] = []
    releasing: list[int] = []
    # Looked at and staying: told only where a removal is held, for they may be on its list.
    staying: list[int] = []
    remaining: int = 0
    problem: str | None = None
    reasons: dict[int, Reason] = {}

    @property
    def people(self) -> int:
        """How many people it touches."""
        return len(self.entering) + len(self.leaving) + len(self.releasing)


def decide(index: FacetIndex, look: Look, method: Method, now: datetime) -> Decision | None:
    """What one look finds to do, or None. Never raises: a rule that cannot be evaluated is a decision to freeze."""
    if not is_followed(index, method, now):
        return None
    if not method.dynamic:
        return _promotion(index, look, method)
    if method.rule is None:
        return _freezing(method, "its stored rule is not a rule")
    day = clock.day_of(now, index.timezone)
    try:
        desired = index.evaluate(method.rule, day, only=look.learners)
    except BrokenRule as broken:
        return _freezing(method, str(broken))
    if method.state == "frozen":
        # Mended: whatever was missed meanwhile is looked at too.
        desired, look = index.evaluate(method.rule, day), Look(None, look.retry, look.cause, look.reason)
    return _difference(index, look, method, desired)


def is_followed(index: FacetIndex, method: Method, now: datetime) -> bool:
    """Whether changes may change the method's people: not of drafts, ended sessions, or what a person has frozen."""
    session = index.structure.sessions.get(method.session_id)
    if session is None or (session.ends_at is not None and session.ends_at <= now):
        return False
    frozen_by_hand = method.state == "frozen" and not method.state_reason.startswith(BROKEN)
    return method.active and method.state != "draft" and not frozen_by_hand


def _promotion(index: FacetIndex, look: Look, method: Method) -> Decision | None:
    """A snapshot takes in nobody new but those of it who were blocked."""
    free = look.retry & index.blocked_for(method.id) & index.countable
    return Decision(method=method, cause=_cause(look), entering=list(free)) if free else None


def _freezing(method: Method, problem: str) -> Decision | None:
    text = f"{BROKEN}: {problem}"
    return None if method.state_reason == text else Decision(method=method, problem=text)


def _difference(index: FacetIndex, look: Look, method: Method, desired: BitMap) -> Decision | None:
    scope = index.countable if look.learners is None else look.learners & index.countable
    # Nothing is copied that may be large: thousands of methods are looked at for a few people each.
    held_by_it = index.facts.sources.get(method.id, EMPTY)
    blocked = index.facts.blocked.get(method.id)
    actual = held_by_it & scope
    waiting = EMPTY if blocked is None else blocked.present
    if look.learners is None and method.state == "live" and not waiting and desired == held_by_it:
        # Most of those that are looked at whole: told by one comparison.
        return None
    desired = desired & scope
    wanted = desired - actual
    entering = (wanted - waiting) | (wanted & look.retry)
    leaving = actual - desired
    releasing = (waiting & scope) - desired
    held = method.state == "held"
    if not (entering or leaving or releasing or method.state == "frozen" or (held and actual & desired)):
        return None
    return Decision(
        method=method,
        cause=_cause(look),
        entering=list(entering),
        leaving=list(leaving),
        releasing=list(releasing),
        staying=list(actual & desired) if held else [],
        remaining=held_by_it.intersection_cardinality(index.countable) if leaving else 0,
    )


def _cause(look: Look) -> RunCause:
    return look.cause if look.cause in ("clock", "check") else "change"  # type: ignore[return-value]


async def decide_all(attention: Attention) -> list[Decision]:
    """The decisions about all that there is to look at, oldest method first, each with its reasons.

    Others get their turn in between; the index may move on then, and what it learns is looked at the next time.
    """
    index, now = attention.index, clock.now()
    looks, changes = attention.take()
    day = clock.day_of(now, index.timezone)
    moved = await _moved(attention, day, looks)
    found: list[Decision] = []
    breath = Breath()
    for method_id in sorted(looks.keys() | moved.keys()):
        if breath.due():
            await asyncio.sleep(0)
        method = index.structure.methods.get(method_id)
        if method is None:
            continue
        look = looks.get(method_id) or Look(moved[method_id].looked, BitMap())
        if not is_followed(index, method, now):
            decision = None
        elif look.learners is None and method_id in attention.audiences:
            desired = await _everybody(attention, method_id, day, breath)
            decision = None if desired is None else _difference(index, look, method, desired)
        elif method_id in looks:
            decision = decide(index, look, method, now)
        else:
            decision = _difference(index, look, method, moved[method_id].wanted)
        if decision is not None:
            reasons = reasons_of(index, decision, attention.facets(method_id), changes, look)
            found.append(msgspec.structs.replace(decision, reasons=reasons))
    return found


async def _everybody(attention: Attention, method_id: int, day: date, breath: Breath) -> BitMap | None:
    """Everybody in a live audience; None when it is one no longer, for then it waits to be looked at as what it is now."""
    return await attention.index.sliced(lambda: attention.audiences.whole_steps(method_id, day), breath)


async def _moved(attention: Attention, day: date, looks: Mapping[int, Look]) -> Mapping[int, Moved]:
    """Whom changes of facts moved in live audiences; where a method is looked at anyway, its look takes them in."""
    slices = []
    for part in attention.audiences.decide(day):
        slices.append(part)
        await asyncio.sleep(0)
    moved = by_audience(slices)
    for method_id in moved.keys() & looks.keys():
        look = looks[method_id]
        if look.learners is not None:
            look.learners |= moved[method_id].looked
    return moved


def reasons_of(
    index: FacetIndex,
    decision: Decision,
    facets: frozenset[Facet],
    changes: Reasons,
    look: Look,
) -> dict[int, Reason]:
    """For each person touched: their latest change that the method rests on, else what made it look at everybody."""
    people = BitMap([*decision.entering, *decision.leaving, *decision.releasing])
    behind = changes.behind(people, facets)
    freed = changes.behind((people & look.retry) - BitMap(behind), _ENROLLMENT)
    told = {id(change): _reason(index, change) for change in (*behind.values(), *freed.values())}
    found = dict.fromkeys(people - look.retry, look.reason) if look.reason is not None else {}
    found |= {learner_id: told[id(change)] for learner_id, change in (behind | freed).items()}
    return {learner_id: reason for learner_id, reason in found.items() if reason}


def _reason(index: FacetIndex, change: Change) -> Reason:
    structure = index.structure
    tables: dict[str, Mapping[int, Any]] = {
        "membership": structure.groups,
        "field": structure.fields,
        "result": structure.activities,
        "award": structure.certificates,
        "enrollment": structure.sessions,
    }
    row = tables.get(change.facet, {}).get(change.ref_id or 0)
    name = None if row is None else getattr(row, "name", None) or getattr(row, "title", None)
    return {"facet": change.facet, "ref": change.ref_id, "name": name, "old": change.old, "new": change.new}


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────


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
    lately = await _left_lately([d.method.id for d in sound if d.leaving])
    small: list[Write] = []
    runs: list[int] = []
    for decision in sound:
        session = sessions[decision.method.session_id]
        leaving = await holding.pass_or_hold(decision, session, lately.get(decision.method.id, 0), position)
        one = _write_of(decision, leaving, position)
        if len(one.entering) + len(one.leaving) + len(one.releasing) > CHUNK:
            runs.append(await begin_large(one))
        elif one.entering or one.leaving or one.releasing:
            small.append(one)
    runs += [written.run_id for written in await write(small) if written.run_id] if small else []
    return runs


def _is_current(decision: Decision, row: Record | None) -> bool:
    """Whether the stored method is the one that was looked at, and nobody else is at work on its people."""
    return row is not None and row["version"] == decision.method.version and not row["applying"]


async def _freeze_or_thaw(current: Sequence[Decision]) -> None:
    for decision in current:
        if decision.problem is not None:
            await holding.freeze(decision.method, decision.problem)
        elif decision.method.state == "frozen":
            await holding.set_state(decision.method.id, "live", "")


async def _left_lately(method_ids: Sequence[int]) -> dict[int, int]:
    if not method_ids:
        return {}
    rows = await fetch(_LEFT_LATELY, list(method_ids), clock.now() - WINDOW)
    return {row["method_id"]: row["people"] for row in rows}


def _write_of(decision: Decision, leaving: list[int], position: int) -> Write:
    return Write(
        method_id=decision.method.id,
        session_id=decision.method.session_id,
        cause=decision.cause,
        position=position,
        entering=decision.entering,
        leaving=leaving,
        releasing=decision.releasing,
        reasons=decision.reasons,
    )
