"""The reconciler: from the changes of the log to enrollments, in order, resuming where it was killed."""

import asyncio
import contextlib
from collections.abc import Awaitable
from datetime import datetime
from typing import Any

import asyncpg
import structlog
from pyroaring import BitMap

from backend.database import Leadership, fetch, fetch_row
from backend.database.stored_json import stored_object
from backend.index import Batch, Follower
from backend.index.facts.changes import COLUMNS, change_of
from backend.rules import Facet
from backend.rules.field_types import parse_day
from backend.runtime import clock
from backend.services.enrollment.reconciler.decisions import decide_all
from backend.services.enrollment.reconciler.pending_work import PendingWork
from backend.services.enrollment.reconciler.pin_watch import PinWatch
from backend.services.enrollment.reconciler.reconciliation import LogStep, LostLead, write_decisions
from backend.services.enrollment.reconciler.segment_sizes import SegmentSizes
from backend.services.enrollment.reconciler.sizes import Sizes
from backend.services.enrollment.reconciler.structure_changes import regroups
from backend.services.enrollment.rights.deciders import Deciders
from backend.workers.worker_process import DATABASE_LOST

# Between tries after the database was lost or a transaction was refused.
RETRY_SECONDS = 0.5
# The stored position follows the log at least this often while there is nothing to write: a restart reads little again.
IDLE_STEP_SECONDS = 5.0
# After what a run wrote it follows sooner: whoever undoes the run waits until all that follows from it is there.
RUN_STEP_SECONDS = 0.05
# A start that has more of the log to read than this looks at every method whole instead; of changes that name thousands of
# people at once it reads fewer.
MOST_MISSED = 100_000
MOST_SHARED = 100

_MISSED = f"""
SELECT {COLUMNS} FROM change_log WHERE seq > $1 AND seq <= $2 ORDER BY seq
"""
_HOW_MUCH = """
SELECT count(*) AS changes, count(learners) AS shared FROM change_log WHERE seq > $1 AND seq <= $2
"""

_log = structlog.get_logger("muster.reconciler")


class Reconciler:
    """Leads, follows the index of its process, and writes what follows from it."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        # Everything up to this position of the log has been looked at, and what followed from it is written.
        self.reached = 0
        self._woken = asyncio.Event()
        self._position = 0
        self._day = ""
        # Up to when starts and ends of methods have been looked at.
        self._turned_at: datetime | None = None
        self._stepped_at = 0.0
        # Whether a run may have written something of what has been taken in since the last step.
        self._run_followed = True

    async def run(self) -> None:
        """Until cancelled; survives the loss of the database and of the lead."""
        while True:
            try:
                await self.follower.loaded.wait()
                async with Leadership("reconciler"):
                    await self._lead()
            except LostLead as lost:
                _log.warning("another reconciler leads", reason=str(lost))
            except DATABASE_LOST as error:
                _log.warning("lost the database, trying again", error=error)
            except asyncpg.TransactionRollbackError as error:
                # A deadlock with somebody's bulk write; one of the two had to give way.
                _log.warning("interrupted, trying again", error=error)
            except Exception:  # noqa: BLE001 - nothing may end the reconciler for good
                _log.exception("reconciling failed, starting over")
            await asyncio.sleep(RETRY_SECONDS)

    async def _lead(self) -> None:
        stored = await fetch_row("SELECT position, detail FROM follower WHERE name = 'reconciler'")
        assert stored is not None  # noqa: S101 - the schema brings the row
        self._position, self._day = stored["position"], _day_of(stored["detail"])
        self._turned_at = None
        await self.follower.wait_for(self._position)
        index = self.follower.index
        work = PendingWork.of_all(index, clock.today(index.timezone))
        pins = PinWatch(index)
        sizes = Sizes(index)
        segments = SegmentSizes(sizes)
        reached = self.follower.position

        def take_in(batch: Batch) -> None:
            work.batch(batch)
            for beside in (pins, segments):
                try:
                    beside.batch(batch)
                except Exception:  # noqa: BLE001 - what is told beside reconciling keeps nobody from being enrolled
                    _log.exception("could not be taken in", what=type(beside).__name__)
            self._run_followed = self._run_followed or any(one.run_id is not None for one in batch.changes)
            self._woken.set()

        # From here on nothing is missed: the index does not move between these lines.
        unsubscribe = self.follower.subscribe(take_in)
        try:
            await self._catch_up(work, reached)
            _log.info("leading", position=self._position, head=reached)
            while True:
                self._woken.clear()
                await self._reconcile(work, pins, sizes)
                await _aside("sizes of segments", segments.count())
                await _aside("sizes", sizes.judge(Deciders(index)))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._step_seconds):
                        await self._woken.wait()
        finally:
            unsubscribe()

    async def _catch_up(self, work: PendingWork, reached: int) -> None:
        """Look at what was committed between the stored position and the index."""
        size = await fetch_row(_HOW_MUCH, self._position, reached)
        assert size is not None  # noqa: S101 - it is one row of counts
        if size["changes"] > MOST_MISSED or size["shared"] > MOST_SHARED:
            work.everything("change")
            return
        readable = work.index.readable
        missed = [readable(change_of(row)) for row in await fetch(_MISSED, self._position, reached)]
        if not self._position or any(regroups(change) for change in missed):
            work.everything("change")
        batch = Batch(reached, changes=missed)
        for change in missed:
            facet = Facet(change.facet, change.ref_id)
            if change.is_fact:
                batch.learners |= BitMap(change.people)
                batch.facets.add(facet)
            else:
                batch.structure.add(facet)
        work.batch(batch)

    async def _reconcile(self, work: PendingWork, pins: PinWatch, sizes: Sizes) -> None:
        """Until nothing is left to look at. What fails starts over from the stored position."""
        index = self.follower.index
        while True:
            day = str(clock.today(index.timezone))
            if self._day and self._day != day:
                work.a_new_day(self._day, day)
            now = clock.now()
            work.turn_windows(self._turned_at, now)
            self._turned_at = now
            # What failed is tried again with the next change, or after a while.
            pinned = not pins.waiting or await _aside("pins", pins.look())
            position = self.follower.position
            if not (work.waiting or (pinned and pins.waiting) or self._should_step(position, day)):
                self.reached = position
                # Nothing has come since the position that is stored.
                self._run_followed = self._run_followed and position > self._position
                return
            decisions = await decide_all(work)
            if decisions or self._should_step(position, day):
                await write_decisions(
                    decisions, index, position, LogStep(self._position, position, day), sizes
                )
                self._position, self._day = position, day
                self._stepped_at = asyncio.get_running_loop().time()
                # What was taken in meanwhile comes after this position.
                self._run_followed = self._run_followed and self.follower.position != position

    def _should_step(self, position: int, day: str) -> bool:
        if day != self._day:
            return True
        idle = asyncio.get_running_loop().time() - self._stepped_at
        return position > self._position and idle >= self._step_seconds

    @property
    def _step_seconds(self) -> float:
        return RUN_STEP_SECONDS if self._run_followed else IDLE_STEP_SECONDS


async def _aside(what: str, work: Awaitable[None]) -> bool:
    """What is told beside reconciling, and whether it was: where that fails, people are enrolled all the same. A lost database is everybody's."""
    try:
        await work
    except (*DATABASE_LOST, asyncpg.TransactionRollbackError, LostLead):
        raise
    except Exception:  # noqa: BLE001 - whatever it was
        _log.exception("could not be looked at", what=what)
        return False
    return True


def _day_of(detail: Any) -> str:
    """The day that it went by last; empty where none is stored that can be read."""
    day = (stored_object(detail) or {}).get("day")
    return str(day) if parse_day(day) is not None else ""
