"""The reconciler: from the changes of the log to enrollments, in order, resuming where it was killed."""

import asyncio
import contextlib

import asyncpg
import structlog
from pyroaring import BitMap

from backend import clock
from backend.database import Leadership, fetch, fetch_row
from backend.index import Batch, Follower
from backend.index.changes import COLUMNS, change_of
from backend.rules import Facet
from backend.services.attention import Attention, regroups
from backend.services.deciding import decide_all
from backend.services.reconciling import LostLead, Step, carry_out
from backend.workers.process import DATABASE_LOST

# Between tries after the database was lost or a transaction was refused.
RETRY_SECONDS = 0.5
# The stored position follows the log at least this often while there is nothing to write: a restart reads little again.
IDLE_STEP_SECONDS = 5.0
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
        self._stepped_at = 0.0

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
        self._position, self._day = stored["position"], stored["detail"].get("day", "")
        await self.follower.wait_for(self._position)
        index = self.follower.index
        attention = Attention(index, clock.today(index.timezone))
        reached = self.follower.position

        def take_in(batch: Batch) -> None:
            attention.batch(batch)
            self._woken.set()

        # From here on nothing is missed: the index does not move between these lines.
        unsubscribe = self.follower.subscribe(take_in)
        try:
            await self._catch_up(attention, reached)
            _log.info("leading", position=self._position, head=reached)
            while True:
                self._woken.clear()
                await self._reconcile(attention)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_STEP_SECONDS):
                        await self._woken.wait()
        finally:
            unsubscribe()

    async def _catch_up(self, attention: Attention, reached: int) -> None:
        """Look at what was committed between the stored position and the index."""
        size = await fetch_row(_HOW_MUCH, self._position, reached)
        assert size is not None  # noqa: S101 - it is one row of counts
        if size["changes"] > MOST_MISSED or size["shared"] > MOST_SHARED:
            attention.everything("change")
            return
        readable = attention.index.readable
        missed = [readable(change_of(row)) for row in await fetch(_MISSED, self._position, reached)]
        if not self._position or any(regroups(change) for change in missed):
            attention.everything("change")
        batch = Batch(reached, changes=missed)
        for change in missed:
            facet = Facet(change.facet, change.ref_id)
            if change.is_fact:
                batch.learners |= BitMap(change.people)
                batch.facets.add(facet)
            else:
                batch.structure.add(facet)
        attention.batch(batch)

    async def _reconcile(self, attention: Attention) -> None:
        """Until nothing is left to look at. What fails starts over from the stored position."""
        index = self.follower.index
        while True:
            day = str(clock.today(index.timezone))
            if self._day and self._day != day:
                attention.a_new_day(self._day, day)
            position = self.follower.position
            if not attention.waiting and not self._should_step(position, day):
                self.reached = position
                return
            decisions = await decide_all(attention)
            if decisions or self._should_step(position, day):
                await carry_out(decisions, position, Step(self._position, position, day))
                self._position, self._day = position, day
                self._stepped_at = asyncio.get_running_loop().time()

    def _should_step(self, position: int, day: str) -> bool:
        if day != self._day:
            return True
        idle = asyncio.get_running_loop().time() - self._stepped_at
        return position > self._position and idle >= IDLE_STEP_SECONDS
