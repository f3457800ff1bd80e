"""The sizes of segments: followed like audiences, although nobody is enrolled by them.

Which segments a batch can have changed is told by the facts that they rest on; those are counted again before sizes are judged. Whom each of them
held the last time is remembered, so that it is known who came and went, and because of which facts. That takes what the people of a segment take as
a bitmap, in the leading worker alone: 125 KB at most for a million people. Counting one takes half a millisecond: hundreds of segments that change
all the time take some hundredths of the worker.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import structlog
from pyroaring import BitMap

from backend.database import fetch
from backend.enrollment.audience_sizes import SizeCause
from backend.index import Batch, BrokenRule, PredicateIndex
from backend.index.steps import finish
from backend.rules import Facet
from backend.runtime import clock
from backend.services.enrollment.fuses import fuse_statements
from backend.services.enrollment.reconciler.causes import Reasons
from backend.services.enrollment.reconciler.decisions import reason_of_change
from backend.services.enrollment.reconciler.sizes import Key, SizeChange, Sizes

_log = structlog.get_logger("muster.sizes")


class SegmentSizes:
    """Follows the batches of one index; `count` counts what they have touched."""

    def __init__(self, sizes: Sizes) -> None:
        self.index, self._sizes = sizes.index, sizes
        self._predicates: PredicateIndex[int] = PredicateIndex(set)
        self._facets: dict[int, frozenset[Facet]] = {}
        # Whom each held when it was last counted; those that cannot be told are not in it.
        self._people: dict[int, BitMap] = {}
        self._touched: set[int] = set()
        # Their rules are others than they were: who changed that has seen what it does.
        self._edited: set[int] = set()
        self._changes = Reasons()
        self._day = ""
        self._take_in()

    def _take_in(self) -> None:
        for segment_id in self.index.segments:
            self._put(segment_id)
        self._touched = set(self.index.segments)

    def _put(self, segment_id: int) -> None:
        segment = self.index.segments.get(segment_id)
        if segment is None or segment.rule is None:
            self._predicates.remove(segment_id)
            self._facets.pop(segment_id, None)
            self._people.pop(segment_id, None)
            return
        try:
            self._facets[segment_id] = finish(self.index.facets_steps(segment.rule))
        except Exception:  # noqa: BLE001 - a rule that nobody can tell the facts of is not counted, and keeps nothing else from it
            _log.exception("what a segment rests on could not be told", segment=segment_id)
            self._facets[segment_id] = frozenset()
        self._predicates.put(segment_id, self._facets[segment_id])

    def batch(self, batch: Batch) -> None:
        """Take in what an applied batch changed."""
        if batch.reloaded:
            self._people.clear()
            self._changes = Reasons()
            self._take_in()
            return
        for change in batch.changes:
            if change.facet == "segment" and not change.is_fact:
                self._segment(change.ref_id or 0)
        found = self.index.affected(batch, self._predicates) & self._facets.keys()
        if not found:
            return
        self._touched |= found
        if batch.structure:
            for segment_id in found:
                self._put(segment_id)
        for change in batch.changes:
            if change.is_fact:
                self._changes.add(change)

    def _segment(self, segment_id: int) -> None:
        """It is new, has another rule or name, or is gone; and with it all that contain it are others."""
        self._put(segment_id)
        for other in self.index.segments:
            if other == segment_id or segment_id in self.index.segments_inside(other):
                self._edited.add(other)
                self._touched.add(other)
                self._put(other)

    async def count(self) -> None:
        """Count the segments that were touched, if sizes are to be judged."""
        if not self._sizes.due:
            return
        day = clock.today(self.index.timezone)
        if str(day) != self._day:
            self._day = str(day)
            self._touched |= {
                one
                for one, segment in self.index.segments.items()
                if segment.rule is not None and self.index.depends_on_time(segment.rule)
            }
        touched, self._touched = self._touched, set()
        edited, self._edited = self._edited, set()
        reasons, self._changes = self._changes, Reasons()
        changes = []
        for segment_id in sorted(touched):
            segment = self.index.segments.get(segment_id)
            if segment is None or segment.rule is None:
                continue
            rule = segment.rule
            try:
                people = await self.index.sliced(lambda: self.index.evaluate_steps(rule, day))  # noqa: B023 - asked at once
            except BrokenRule:
                # Nobody knows whom it holds: that is no jump, and is told elsewhere.
                self._people.pop(segment_id, None)
                continue
            before = self._people.get(segment_id)
            self._people[segment_id] = people
            key = Key("segment", segment_id)
            if segment_id in edited:
                changes.append(SizeChange(key, None, len(people)))
            elif before is None:
                # What came and went while nobody followed is known in sum.
                changes.append(SizeChange(key, None, len(people), counted_anew=True))
            elif before != people:
                causes = await self._causes(segment_id, before ^ people, reasons)
                changes.append(SizeChange(key, len(people) - len(before), len(people), causes))
        self._sizes.add(changes)

    async def _causes(self, segment_id: int, people: BitMap, reasons: Reasons) -> list[SizeCause]:
        behind = reasons.behind(list(people), self._facets.get(segment_id, frozenset()))
        runs = sorted({change.run_id for change in behind.values() if change.run_id is not None})
        acts = {row["id"]: row["act"] for row in await fetch(fuse_statements.ACTS, runs)} if runs else {}
        found: Counter[tuple[Any, ...]] = Counter()
        for change in behind.values():
            reason = reason_of_change(self.index, change)
            found[reason["facet"], reason["ref"], reason["name"], _act(acts, change.run_id)] += 1
        if len(people) > len(behind):
            found[None, None, None, None] += len(people) - len(behind)
        return [
            SizeCause(facet, ref, name, act, count) for (facet, ref, name, act), count in found.most_common()
        ]


def _act(acts: Mapping[int, int], run_id: int | None) -> int | None:
    return None if run_id is None else acts.get(run_id)
