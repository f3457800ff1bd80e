"""What checks of methods amount to: who is to come, who is to go, and why.

Deciding is synchronous, from the index at one position.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple

import msgspec
import structlog
from pyroaring import BitMap

from backend.enrollment.follow_modes import followed, is_plain
from backend.enrollment.method_kinds import of_enrolled
from backend.enrollment.state_causes import broken_rule
from backend.index import BrokenRule, Change, FacetIndex
from backend.index.facts.structure_rows import Method
from backend.index.facts.values import EMPTY
from backend.index.steps import Steps, finish
from backend.index.time_slices import TimeSlice
from backend.index.vectors.audiences import Moved, by_audience
from backend.rules import Facet, Problem
from backend.runtime import clock
from backend.services.enrollment.fuses.decision import Decision
from backend.services.enrollment.reconciler.causes import Reasons
from backend.services.enrollment.reconciler.method_checks import MethodCheck
from backend.services.enrollment.reconciler.pending_work import PendingWork
from backend.services.enrollment.writing.writes import Reason
from backend.words import Message

_log = structlog.get_logger("muster.reconciler")
# Whatever was changed in the session that somebody was blocked by.
_ENROLLMENT = frozenset({Facet("enrollment")})


def decide_method(index: FacetIndex, check: MethodCheck, method: Method, now: datetime) -> Decision | None:
    """What one check finds to do, or None. Never raises: a rule that cannot be evaluated is a decision to freeze."""
    return finish(_decision_steps(index, check, method, now))


def _decision_steps(
    index: FacetIndex, check: MethodCheck, method: Method, now: datetime
) -> Steps[Decision | None]:
    """`decide_method` in steps."""
    if not is_followed(index, method, now):
        return None
    day = clock.day_of(now, index.timezone)
    if not method.dynamic:
        return _promotion(index, check, method, day)
    if method.rule is None:
        return _freezing(method, [Problem("rule", "unreadable", Message("Its stored rule is not a rule."))])
    try:
        desired = yield from index.evaluate_steps(method.rule, day, only=check.learners)
        if method.state == "frozen":
            # Mended: whatever was missed meanwhile is looked at too.
            desired = yield from index.evaluate_steps(method.rule, day)
            check = MethodCheck(None, check.retry, check.cause, check.reason, check.run_id)
    except BrokenRule as broken:
        return _freezing(method, broken.problems)
    except Exception as error:  # noqa: BLE001 - one method must not keep all others from their people; it freezes
        _log.exception("a method could not be evaluated", method=method.id)
        return _freezing(
            method,
            [
                Problem(
                    "rule", "failed", Message("It cannot be evaluated ({error}).", error=type(error).__name__)
                )
            ],
        )
    return _difference(index, check, method, desired, now)


def is_followed(index: FacetIndex, method: Method, now: datetime) -> bool:
    """Whether changes may change the method's people: not of drafts, ended sessions, or what a person has frozen."""
    session = index.sessions.get(method.session_id)
    if session is None or (session.ends_at is not None and session.ends_at <= now):
        return False
    frozen_by_hand = method.state == "frozen" and method.state_cause != "broken_rule"
    return method.active and method.state != "draft" and not frozen_by_hand


def _promotion(index: FacetIndex, check: MethodCheck, method: Method, day: date) -> Decision | None:
    """A snapshot takes in nobody new but those of it who were blocked."""
    free = check.retry & index.blocked_for(method.id) & index.countable
    free = index.allowed(method.session_id, free, day)
    return Decision(method=method, cause=check.cause, entering=free) if free else None


def _freezing(method: Method, problems: Sequence[Problem]) -> Decision | None:
    why = broken_rule(problems)
    known = (method.state_cause, method.state_details) == (why.cause, why.details)
    return None if known else Decision(method=method, problem=why)


def _difference(
    index: FacetIndex, check: MethodCheck, method: Method, audience: BitMap, now: datetime
) -> Decision | None:
    """From those whom the method's audience holds to what is to be done."""
    day = clock.day_of(now, index.timezone)
    scope = index.countable if check.learners is None else check.learners & index.countable
    if not is_plain(method):
        audience = followed(method, audience, index.held_by(method, method.id, day, check.learners), now)
    desired = index.allowed(method.session_id, audience, day)
    if of_enrolled(method.kind):
        desired = desired & index.live_enrollments(method.session_id)
    # Nothing is copied that may be large: thousands of methods are looked at for a few people each.
    held_by_it = index.source_holders(method.id)
    actual = held_by_it & scope
    waiting = index.blocked_people(method.id)
    if check.learners is None and method.state == "live" and not waiting and desired == held_by_it:
        # Most of those that are looked at whole: told by one comparison.
        return None
    desired = desired & scope
    wanted = desired - actual
    entering = (wanted - waiting) | (wanted & check.retry)
    leaving = actual - desired
    releasing = (waiting & scope) - desired
    held = method.state == "held"
    if not (entering or leaving or releasing or held or method.state == "frozen"):
        return None
    return Decision(
        method=method,
        cause=check.cause,
        entering=entering,
        leaving=leaving,
        releasing=releasing,
        staying=actual & desired if held else EMPTY,
        unwanted=(scope - desired) | actual if held else EMPTY,
        remaining=held_by_it.intersection_cardinality(index.countable) if leaving else 0,
    )


class Found(NamedTuple):
    """A decision, and the check that found it, with the changes behind it."""

    decision: Decision
    check: MethodCheck
    changes: Reasons


async def decide_all(work: PendingWork) -> list[Decision]:
    """The decisions about all that there is to look at, oldest method first, each with its reasons.

    Others get their turn in between; the index may move on then, and what it learns is looked at the next time.
    """
    index = work.index
    found = []
    async for decision, check, changes in decide(work, clock.now()):
        found.append(with_reasons(index, decision, work.facets(decision.method.id), changes, check))
    return found


async def decide(work: PendingWork, now: datetime) -> AsyncIterator[Found]:
    """The same at an instant, without the reasons."""
    index = work.index
    checks, changes = work.take()
    day = clock.day_of(now, index.timezone)
    moved = await _moved(work, day, checks)
    time_slice = TimeSlice()
    for method_id in sorted(checks.keys() | moved.keys()):
        if time_slice.used_up():
            await asyncio.sleep(0)
        method = index.methods.get(method_id)
        if method is None:
            continue
        check = checks.get(method_id) or MethodCheck(moved[method_id].looked, BitMap())
        if not is_followed(index, method, now):
            decision = None
        elif check.learners is None and method_id in work.audiences:
            desired = await _everybody(work, method_id, day, time_slice)
            decision = None if desired is None else _difference(index, check, method, desired, now)
        elif method_id in checks:
            steps = partial(_decision_steps, index, check, method, now)
            decision = await index.sliced(steps, time_slice)
        else:
            decision = _difference(index, check, method, moved[method_id].wanted, now)
        if decision is not None:
            yield Found(decision, check, changes)


async def _everybody(work: PendingWork, method_id: int, day: date, time_slice: TimeSlice) -> BitMap | None:
    """Everybody in a live audience; None when it is one no longer, for then it waits to be looked at as what it is now."""
    return await work.index.sliced(lambda: work.audiences.full_evaluation_steps(method_id, day), time_slice)


async def _moved(work: PendingWork, day: date, checks: Mapping[int, MethodCheck]) -> Mapping[int, Moved]:
    """Whom changes of facts moved in live audiences; where a method is looked at anyway, its check takes them in."""
    slices = []
    for part in work.audiences.decide(day):
        slices.append(part)
        await asyncio.sleep(0)
    moved = by_audience(slices)
    for method_id in moved.keys() & checks.keys():
        check = checks[method_id]
        if check.learners is not None:
            # Not in place: many checks may share it.
            check.learners = check.learners | moved[method_id].looked
    return moved


def with_reasons(
    index: FacetIndex,
    decision: Decision,
    facets: frozenset[Facet],
    changes: Reasons,
    check: MethodCheck,
) -> Decision:
    """For each person touched: their latest change that the method rests on, else what made it look at everybody; and its run."""
    people = [*decision.entering, *decision.leaving, *decision.releasing]
    facets |= {Facet("exclusion", decision.method.session_id)}
    behind = changes.behind(people, facets)
    if check.retry:
        freed = [
            learner_id for learner_id in people if learner_id in check.retry and learner_id not in behind
        ]
        behind |= changes.behind(freed, _ENROLLMENT)
    # Told once, though many may share it.
    told: dict[int, Reason] = {}
    for change in behind.values():
        if id(change) not in told:
            told[id(change)] = reason_of_change(index, change)
    found = {learner_id: told[id(change)] for learner_id, change in behind.items()}
    rest = BitMap()
    if check.reason or check.run_id:
        rest = BitMap(people) - check.retry - BitMap(found)
    if check.reason:
        found |= dict.fromkeys(rest, check.reason)
    runs = {learner_id: change.run_id for learner_id, change in behind.items() if change.run_id is not None}
    if check.run_id:
        runs |= dict.fromkeys(rest, check.run_id)
    return msgspec.structs.replace(decision, reasons=found, runs=runs)


def reason_of_change(index: FacetIndex, change: Change) -> Reason:
    """A change of a fact as it is recorded as the reason of what followed from it."""
    row = _named(index, change)
    name = None if row is None else getattr(row, "name", None) or getattr(row, "title", None)
    return {"facet": change.facet, "ref": change.ref_id, "name": name, "old": change.old, "new": change.new}


def _named(index: FacetIndex, change: Change) -> Any:
    """What the fact refers to, where it has a name."""
    ref = change.ref_id or 0
    match change.facet:
        case "membership":
            return index.groups.get(ref)
        case "field":
            return index.fields.get(ref)
        case "result":
            return index.activities.get(ref)
        case "award":
            return index.certificates.get(ref)
        case "enrollment" | "exclusion":
            return index.sessions.get(ref)
        case _:
            return None
