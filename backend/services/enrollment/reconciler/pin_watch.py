"""Pinned people whom changes of facts, of rules or of the day have put elsewhere than is expected: found, noted, told.

The pins of dynamic methods that are on, and of segments, are kept in memory and read again when the log says that some have changed. A
batch is asked by the facts that it changed which of the pinned rules can be affected, and only those are evaluated, for their pinned people
alone. Whoever pins nobody pays one look at an empty index a batch.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

import msgspec
import structlog
from pyroaring import BitMap

from backend.database import as_json, fetch, transaction
from backend.index import NEEDS_YOU, Batch, BrokenRule, Change, FacetIndex, PredicateIndex
from backend.index.time_slices import TimeSlice
from backend.rules import Facet, Rule
from backend.runtime import clock
from backend.services.enrollment.reconciler import statements
from backend.services.enrollment.reconciler.causes import Reasons
from backend.services.enrollment.reconciler.decisions import reason_of_change
from backend.services.enrollment.reconciler.structure_changes import ended_now, is_moved, structure_reason
from backend.services.enrollment.rights import right_statements
from backend.services.enrollment.rights.deciders import Deciders
from backend.services.mail import alerts
from backend.tables import RulePin

_log = structlog.get_logger("muster.pins")
# What rules mention, as their facts call it.
_MENTIONED = {
    "segment": "segment",
    "field": "field",
    "activity": "result",
    "certificate": "award",
}


class Pinned(NamedTuple):
    """What has pins: a method or a segment."""

    kind: Literal["method", "segment"]
    id: int


class _Pin(msgspec.Struct, frozen=True):
    id: int
    learner_id: int
    expected: str
    broken: bool


class _Finding(NamedTuple):
    """A pin that stands otherwise than is noted."""

    pin: _Pin
    broken: bool
    reason: Mapping[str, Any] | None


class PinWatch:
    """Follows the batches of one index. Synchronous, like `PendingWork`; `look` evaluates and writes what has come of them."""

    def __init__(self, index: FacetIndex) -> None:
        self.index = index
        self._pins: dict[Pinned, list[_Pin]] = {}
        self._people = BitMap()
        self._predicates: PredicateIndex[Pinned] = PredicateIndex(set)
        # Of each that is to be looked at what changed its rule, where that did.
        self._waiting: dict[Pinned, dict[str, Any] | None] = {}
        self._changes = Reasons()
        self._day: date | None = None
        # Nothing is known yet: all are read, and looked at.
        self._unread = True
        self._begun = False
        # Whoever has just pinned somebody sees how that stands.
        self._fresh: set[int] = set()

    @property
    def waiting(self) -> bool:
        """Whether there is something to look at."""
        return self._unread or bool(self._waiting) or self._is_another_day()

    def batch(self, batch: Batch) -> None:
        """Take in what an applied batch changed."""
        if batch.reloaded:
            self._unread = True
            self._waiting |= dict.fromkeys(self._pins)
            return
        if any(facet.name == NEEDS_YOU for facet in batch.structure):
            self._unread = True
        if not self._pins:
            return
        if batch.structure:
            for change in batch.changes:
                if not change.is_fact:
                    self._structure(change)
        self._facts(batch)

    def _facts(self, batch: Batch) -> None:
        touched = batch.learners & self._people
        # Whoever gets another manager moves everybody below, and makes or unmakes managers.
        everybody = any(facet.name == "manager" for facet in batch.facets)
        if not touched and not everybody:
            return
        for pinned in self._predicates.affected(batch.facets):
            if everybody or any(pin.learner_id in touched for pin in self._pins[pinned]):
                self._waiting.setdefault(pinned, None)
        for change in batch.changes:
            if change.is_fact and self._concerns(change):
                self._changes.add(change)

    def _concerns(self, change: Change) -> bool:
        """Whether it is about somebody who is pinned."""
        if change.learners is not None:
            return bool(change.learners.intersect(self._people))
        return change.learner_id is not None and change.learner_id in self._people

    def _structure(self, change: Change) -> None:
        """Rules that are, or mention, what was changed."""
        if change.facet in ("learner_group", "session"):
            if is_moved(change) or ended_now(change):
                # Where these stand decides what rules rest on: any of them may be another one now.
                self._waiting |= dict.fromkeys(self._pins, structure_reason(change))
        elif change.facet in _MENTIONED:
            facet = Facet(_MENTIONED[change.facet], change.ref_id)
            self._waiting |= dict.fromkeys(self._predicates.affected([facet]), structure_reason(change))
        for own in (
            Pinned("method", change.ref_id or 0) if change.facet == "enrollment_method" else None,
            Pinned("segment", change.ref_id or 0) if change.facet == "segment" else None,
        ):
            if own in self._pins:
                differs = (change.old or {}).get("rule") != (change.new or {}).get("rule")
                self._waiting[own] = {"facet": "rule_changed"} if differs else None

    def _is_another_day(self) -> bool:
        return bool(self._pins) and self._day != clock.today(self.index.timezone)

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def look(self) -> None:
        """Evaluate what waits, note what has changed, and tell those who decide of what is broken since."""
        if self._unread:
            await self._read()
        if self._is_another_day():
            self._new_day()
        waiting, changes = self._waiting, self._changes
        self._waiting, self._changes = {}, Reasons()
        found: dict[Pinned, list[_Finding]] = {}
        time_slice = TimeSlice()
        for pinned, reason in waiting.items():
            findings = await self._findings(pinned, reason, changes, time_slice)
            if findings:
                found[pinned] = findings
        if found:
            await self._write(found)
        self._fresh.clear()

    def _new_day(self) -> None:
        self._day = clock.today(self.index.timezone)
        passed = {"facet": "day"}
        for pinned in self._pins:
            rule = self._rule(pinned)
            if rule is not None and self.index.depends_on_time(rule):
                self._waiting.setdefault(pinned, passed)

    async def _read(self) -> None:
        first, self._begun, self._unread = not self._begun, True, False
        rows = await fetch(statements.PINS)
        known = {pin.id: pin for pins in self._pins.values() for pin in pins}
        self._pins = {}
        for row in rows:
            pinned = (
                Pinned("method", row["method_id"])
                if row["method_id"]
                else Pinned("segment", row["segment_id"])
            )
            pin = _Pin(row["id"], row["learner_id"], row["expected"], row["broken"])
            self._pins.setdefault(pinned, []).append(pin)
            before = known.get(pin.id)
            if before is None or (before.expected, before.broken) != (pin.expected, pin.broken):
                self._waiting.setdefault(pinned, None)
            if not first and (before is None or before.expected != pin.expected):
                self._fresh.add(pin.id)
        self._people = BitMap(pin.learner_id for pins in self._pins.values() for pin in pins)
        for pinned in self._predicates.keys() - self._pins.keys():
            self._predicates.remove(pinned)

    def _rule(self, pinned: Pinned) -> Rule | None:
        """Its rule, where facts may change what it does; None where it is none, or is off."""
        if pinned.kind == "segment":
            segment = self.index.segments.get(pinned.id)
            return None if segment is None else segment.rule
        method = self.index.methods.get(pinned.id)
        if method is None or not method.dynamic or not method.active or method.state == "draft":
            return None
        return method.rule

    async def _findings(
        self, pinned: Pinned, reason: dict[str, Any] | None, changes: Reasons, time_slice: TimeSlice
    ) -> list[_Finding]:
        pins = self._pins.get(pinned, [])
        rule = self._rule(pinned)
        if rule is None or not pins:
            self._predicates.remove(pinned)
            # What is off, or gone, puts nobody anywhere.
            return [_Finding(pin, False, None) for pin in pins if pin.broken]
        index = self.index
        try:
            facets = index.rule_facts(rule)
            self._predicates.put(pinned, facets)
            asked, day = BitMap(pin.learner_id for pin in pins), clock.today(index.timezone)
            audience = await index.sliced(lambda: index.evaluate_steps(rule, day, only=asked), time_slice)
        except BrokenRule:
            # It freezes, and that is told by itself.
            return []
        except Exception:  # noqa: BLE001 - one rule must not keep all others from being looked at
            _log.exception("pins of a rule could not be looked at", kind=pinned.kind, id=pinned.id)
            return []
        otherwise = [pin for pin in pins if _is_broken(pin, audience) != pin.broken]
        behind = changes.behind([pin.learner_id for pin in otherwise], facets)
        return [
            _Finding(pin, not pin.broken, self._reason(behind.get(pin.learner_id), reason))
            for pin in otherwise
        ]

    def _reason(self, change: Change | None, reason: dict[str, Any] | None) -> Mapping[str, Any] | None:
        return reason if change is None else reason_of_change(self.index, change)

    async def _write(self, found: Mapping[Pinned, list[_Finding]]) -> None:
        deciders = Deciders(self.index)
        async with transaction():
            for pinned, findings in found.items():
                for one in findings:
                    await RulePin.update(
                        {
                            RulePin.broken_since: clock.now() if one.broken else None,
                            RulePin.broken_by: as_json(one.reason) if one.broken and one.reason else None,
                        }
                    ).where(RulePin.id == one.pin.id)
                if any(one.broken and one.pin.id not in self._fresh for one in findings):
                    await self._tell(pinned, deciders)
        self._note(found)

    def _note(self, found: Mapping[Pinned, list[_Finding]]) -> None:
        for pinned, findings in found.items():
            now = {one.pin.id: one.broken for one in findings}
            self._pins[pinned] = [
                msgspec.structs.replace(pin, broken=now.get(pin.id, pin.broken))
                for pin in self._pins.get(pinned, [])
            ]

    async def _tell(self, pinned: Pinned, deciders: Deciders) -> None:
        if pinned.kind == "segment":
            admins = [row["id"] for row in await fetch(right_statements.ADMINS)]
            await alerts.file_broken_pin(admins, segment_id=pinned.id)
            return
        method = self.index.methods.get(pinned.id)
        if method is not None:
            people = await deciders.of_method(method.id)
            await alerts.file_broken_pin(people, session_id=method.session_id, method_id=method.id)


def _is_broken(pin: _Pin, audience: BitMap) -> bool:
    return (pin.learner_id in audience) != (pin.expected == "in")
