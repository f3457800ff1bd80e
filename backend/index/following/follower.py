"""Keeps this process's index at the head of the change log, for ever."""

import asyncio
import contextlib
import gc
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog

from backend.database import fetch_row, open_connection
from backend.index.errors import IndexBehind
from backend.index.facet_index import FacetIndex
from backend.index.facts.changes import COLUMNS, Batch, Change, change_of, portions
from backend.index.following.checkpoints import apply_log, read_checkpoint
from backend.index.following.load_tables import load_index
from backend.rules import Facet
from backend.runtime import bell, metrics

# The wake-up is a notification; this bounds how late one that was lost is noticed.
POLL_SECONDS = 0.25
# How many log rows one query brings; each may name thousands of people, 8 bytes each on the way.
READ_ROWS = 2_000
# How many changes are applied before others get their turn on the event loop; about 2 ms.
SLICE_CHANGES = 250
# A statement this slow means that the connection is gone without saying so.
STATEMENT_SECONDS = 30.0
# How long a question waits for what was committed before it.
CATCH_UP_SECONDS = 2.0
_CATCH_UP_STEP_SECONDS = 0.02
# A server that was killed is back within seconds, and whoever leads waits for this index.
_BACKOFF_SECONDS = (0.05, 0.1, 0.2, 0.5)

_LOG = f"""
    SELECT {COLUMNS} FROM change_log
    WHERE seq > $1 AND seq <= (SELECT seq FROM log_head) ORDER BY seq LIMIT $2"""
_ROW = f"SELECT {COLUMNS} FROM change_log WHERE seq = $1"
# What is committed by now, as columns of a query: the last row that has no number yet, and the last number.
COMMITTED = "(SELECT max(id) FROM outbox) AS newest, (SELECT seq FROM log_head) AS head"
Committed = tuple[int | None, int]
_STILL_WAITING = """
    SELECT EXISTS (SELECT FROM outbox WHERE id <= $1) AS waiting, (SELECT seq FROM log_head) AS head"""

_logger = structlog.get_logger(__name__)

Subscriber = Callable[[Batch], None]


class Follower:
    """One supervised task that loads the index and applies the log to it.

    `loaded` is set once the index has caught up for the first time. Subscribers are called on the event loop after
    each applied batch and must not block; `Batch.reloaded` says that anything may have changed.
    """

    def __init__(self) -> None:
        self.loaded = asyncio.Event()
        self._index: FacetIndex | None = None
        self._subscribers: list[Subscriber] = []
        self._task: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._applied = asyncio.Condition()
        self.connected = False
        self._replacement: FacetIndex | None = None
        # Up to where the log was known to go when it was last asked, and the change applied last.
        self._head = 0
        self._last: Change | None = None
        # What is set aside, as it was told last: the reason by facet.
        self._told_aside: dict[Facet, str] = {}

    # ── for the rest of the process ──────────────────────────────────────────────────────────────────────────────

    @property
    def index(self) -> FacetIndex:
        """The index; the same object for the life of the process. Raises `IndexBehind` before it was loaded."""
        if self._index is None:
            raise IndexBehind("the index is not loaded yet")
        return self._index

    @property
    def position(self) -> int:
        """The log position applied here; 0 before the index was loaded."""
        return 0 if self._index is None else self._index.position

    async def start(self) -> None:
        """Begin following; returns at once (`loaded` tells when the index can be used)."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="index follower")

    async def stop(self) -> None:
        """End following; the index stays as it is."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def replace(self, loaded: FacetIndex) -> None:
        """Let the index become `loaded`, soon, with the log up to where the index stands by then."""
        self._replacement = loaded
        self._woken.set()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call `callback(batch)` after each applied batch; returns the way to end that."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    async def catch_up(
        self,
        timeout: float = CATCH_UP_SECONDS,  # noqa: ASYNC109 - it is an answer, not a cancellation
        committed: Committed | None = None,
    ) -> int:
        """Wait until all that was committed before the call is applied here; returns the position.

        With `committed`, what a query has seen already: all that was committed before that query. Raises `IndexBehind` after `timeout` seconds.
        """
        if committed is not None and committed[0] is None and self._reaches(committed[1]):
            return self.position
        try:
            async with asyncio.timeout(timeout):
                await self.wait_for(await self._target(committed))
        except TimeoutError:
            raise IndexBehind(f"the index has not caught up within {timeout} s") from None
        return self.position

    async def wait_for(self, position: int) -> None:
        """Wait until the log is applied here up to `position`."""
        if not self._reaches(position):
            async with self._applied:
                await self._applied.wait_for(lambda: self._reaches(position))

    def _reaches(self, position: int) -> bool:
        return self._index is not None and self._index.position >= position

    async def _target(self, committed: Committed | None) -> int:
        """The position that covers every row committed by now, or in `committed`, once they are numbered."""
        if committed is None:
            row = await fetch_row(f"SELECT {COMMITTED}")
            assert row is not None  # noqa: S101 - it is one row of sub-selects
            committed = row["newest"], row["head"]
        newest, head = committed
        while newest is not None:
            # Whoever committed it may not have rung: `psql`, another program. Where nothing waits nobody is woken.
            await bell.ring()
            await self._next_batch()
            row = await fetch_row(_STILL_WAITING, newest)
            assert row is not None  # noqa: S101 - likewise
            head = row["head"]
            if not row["waiting"]:
                break
        return int(head)

    async def _next_batch(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CATCH_UP_STEP_SECONDS), self._applied:
                await self._applied.wait()

    # ── the task ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                async with self._listening() as connection:
                    self.connected = True
                    if self._index is None or not await self._is_the_same_log(connection):
                        await self._load()
                    while True:
                        await self._step(connection)
                        failures = 0
            except Exception as error:  # noqa: BLE001 - whatever it was, following goes on
                pause = _BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS) - 1)]
                failures += 1
                _logger.warning("index_follower_interrupted", error=error, retry_seconds=pause)
                await asyncio.sleep(pause)
            finally:
                self.connected = False

    @contextlib.asynccontextmanager
    async def _listening(self) -> Any:
        connection = await open_connection()
        try:
            await connection.add_listener("muster_log", lambda *_: self._woken.set())
            yield connection
        finally:
            connection.terminate()

    async def _step(self, connection: asyncpg.Connection) -> None:
        """Apply what there is; with nothing to do, wait for the bell or the poll."""
        self._woken.clear()
        index = self.index
        if self._replacement is not None:
            loaded, self._replacement = self._replacement, None
            await apply_log(loaded, index.position, connection)
            await self._adopt(loaded)
            return
        if index.stale:
            # Days have to be told anew.
            await self._load()
            return
        # The rows themselves are asked for at once: the question where the log stands would cost every change a round trip.
        rows = await connection.fetch(_LOG, index.position, READ_ROWS, timeout=STATEMENT_SECONDS)
        if not rows and self._head <= index.position:
            await self._await_more(connection)
            return
        if not rows or rows[0]["seq"] != index.position + 1:
            _logger.warning("index_log_gap", position=index.position, head=self._head)
            await self._load()
            return
        for changes in portions(map(change_of, rows), SLICE_CHANGES):
            async with index.still:
                batch = index.apply(changes)
            self._last = changes[-1]
            await self._tell(batch)
            await asyncio.sleep(0)

    async def _is_the_same_log(self, connection: asyncpg.Connection) -> bool:
        """Whether what was read last still stands where it was read.

        The sequencer's numbers are on disk before they are seen, but a standby that takes over, or a backup put back, may lack
        the last of them and have given them to others.
        """
        last = self._last
        if last is None or last.seq != self.index.position:
            return True
        row = await connection.fetchrow(_ROW, last.seq, timeout=STATEMENT_SECONDS)
        return row is not None and change_of(row) == last

    async def _await_more(self, connection: asyncpg.Connection) -> None:
        """Nothing was there to read: wait, unless the log itself is another one."""
        self._head = await connection.fetchval("SELECT seq FROM log_head", timeout=STATEMENT_SECONDS)
        if self._head < self.index.position:
            # Another database stands behind this address now.
            await self._load()
        elif self._head == self.index.position:
            self.loaded.set()
            # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with the bell.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._woken.wait()

    async def _load(self) -> None:
        loaded = await read_checkpoint() or await load_index()
        if self._index is None:
            self._index = loaded
        await self._adopt(loaded)

    async def _adopt(self, loaded: FacetIndex) -> None:
        if self._index is not None and self._index is not loaded:
            async with self._index.still:
                self._index.adopt(loaded)
        # An index stays: to look through it for garbage, again and again, would hold the event loop for a tenth of a second.
        gc.freeze()
        await self._tell(Batch(loaded.position, reloaded=True))

    def _tell_what_is_set_aside(self) -> None:
        """In the log what was not among it before, and how much it is now as a metric."""
        index = self._index
        if index is None or not (self._told_aside or index.facts.set_aside or index.structure.set_aside):
            return
        now = {one.facet: one for one in index.set_aside()}
        for facet, one in now.items():
            if self._told_aside.get(facet) != one.reason:
                _logger.error(
                    "stored values cannot be read and are set aside",
                    facet=facet.name,
                    ref=facet.ref,
                    learners=len(one.learners),
                    rules_freeze=one.frozen,
                )
        self._told_aside = {facet: one.reason for facet, one in now.items()}
        count = index.facts.set_aside.count + index.structure.set_aside.count
        metrics.SET_ASIDE.labels(metrics.NAME).set(count)

    async def _tell(self, batch: Batch) -> None:
        metrics.POSITION.labels(metrics.NAME).set(batch.position)
        self._tell_what_is_set_aside()
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(batch)
            except Exception:
                _logger.exception("index_subscriber_failed", subscriber=repr(subscriber))
        async with self._applied:
            self._applied.notify_all()
