"""What a look at methods amounts to: who is to come, who is to go, and why.

Deciding is synchronous, from the index at one position.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import structlog
from pyroaring import BitMap

from backend import clock
from backend.enrollment.state_causes import Stated, broken_rule
from backend.index import BrokenRule, Change, FacetIndex
from backend.index.breathing import Breath
from backend.index.matching import Moved, by_audience
from backend.index.structure_rows import Method
from backend.index.values import EMPTY
from backend.rules import Facet, Problem
from backend.schemas.enrolling import RunCause
from backend.services.attention import Attention, Look
from backend.services.enrollment_writer import Reason
from backend.services.reasons import Reasons

_log = structlog.get_logger("muster.reconciler")
# Whatever was changed in the session that somebody was blocked by.
_ENROLLMENT = frozenset({Facet("enrollment")})


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of one method and its people. `remaining` hold its source before anybody leaves."""

    method: Method
    cause: RunCause = "change"
    entering: list[int] = []
    leaving: list[int] = []
    releasing: list[int] = []
    # Looked at, and holding the source or not in the audience: told only of held methods, for they may be on the list.
    staying: list[int] = []
    unwanted: BitMap = EMPTY
    remaining: int = 0
    problem: Stated | None = None
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
        return _freezing(method, [Problem("rule", "unreadable", "Its stored rule is not a rule.")])
    day = clock.day_of(now, index.timezone)
    try:
        desired = index.evaluate(method.rule, day, only=look.learners)
        if method.state == "frozen":
            # Mended: whatever was missed meanwhile is looked at too.
            desired, look = index.evaluate(method.rule, day), Look(None, look.retry, look.cause, look.reason)
    except BrokenRule as broken:
        return _freezing(method, broken.problems)
    except Exception as error:  # noqa: BLE001 - one method must not keep all others from their people; it freezes
        _log.exception("a method could not be evaluated", method=method.id)
        return _freezing(
            method, [Problem("rule", "failed", f"It cannot be evaluated ({type(error).__name__}).")]
        )
    return _difference(index, look, method, desired)


def is_followed(index: FacetIndex, method: Method, now: datetime) -> bool:
    """Whether changes may change the method's people: not of drafts, ended sessions, or what a person has frozen."""
    session = index.structure.sessions.get(method.session_id)
    if session is None or (session.ends_at is not None and session.ends_at <= now):
        return False
    frozen_by_hand = method.state == "frozen" and method.state_cause != "broken_rule"
    return method.active and method.state != "draft" and not frozen_by_hand


def _promotion(index: FacetIndex, look: Look, method: Method) -> Decision | None:
    """A snapshot takes in nobody new but those of it who were blocked."""
    free = look.retry & index.blocked_for(method.id) & index.countable
    return Decision(method=method, cause=look.cause, entering=list(free)) if free else None


def _freezing(method: Method, problems: Sequence[Problem]) -> Decision | None:
    why = broken_rule(problems)
    known = (method.state_cause, method.state_details) == (why.cause, why.details)
    return None if known else Decision(method=method, problem=why)


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
    if not (entering or leaving or releasing or held or method.state == "frozen"):
        return None
    return Decision(
        method=method,
        cause=look.cause,
        entering=list(entering),
        leaving=list(leaving),
        releasing=list(releasing),
        staying=list(actual & desired) if held else [],
        unwanted=(scope - desired) | actual if held else EMPTY,
        remaining=held_by_it.intersection_cardinality(index.countable) if leaving else 0,
    )


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
    people = [*decision.entering, *decision.leaving, *decision.releasing]
    behind = changes.behind(people, facets)
    if look.retry:
        freed = [learner_id for learner_id in people if learner_id in look.retry and learner_id not in behind]
        behind |= changes.behind(freed, _ENROLLMENT)
    # Told once, though many may share it.
    told: dict[int, Reason] = {}
    for change in behind.values():
        if id(change) not in told:
            told[id(change)] = _reason(index, change)
    found = {learner_id: told[id(change)] for learner_id, change in behind.items()}
    if look.reason:
        found |= dict.fromkeys(BitMap(people) - look.retry - BitMap(found), look.reason)
    return found


def _reason(index: FacetIndex, change: Change) -> Reason:
    row = _named(index, change)
    name = None if row is None else getattr(row, "name", None) or getattr(row, "title", None)
    return {"facet": change.facet, "ref": change.ref_id, "name": name, "old": change.old, "new": change.new}


def _named(index: FacetIndex, change: Change) -> Any:
    """What the fact refers to, where it has a name."""
    structure, ref = index.structure, change.ref_id or 0
    match change.facet:
        case "membership":
            return structure.groups.get(ref)
        case "field":
            return structure.fields.get(ref)
        case "result":
            return structure.activities.get(ref)
        case "award":
            return structure.certificates.get(ref)
        case "enrollment":
            return structure.sessions.get(ref)
        case _:
            return None
