"""What an API process keeps ready to say what would follow from a change: its methods as the reconciler has them, current with its index."""

import asyncio
import contextlib
import gc
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from backend.index import Batch, Follower
from backend.index.time_slices import TimeSlice
from backend.index.vectors.learner_rows import PAGE
from backend.index.vectors.questions import Questions
from backend.rules import Facet, Filter, leaves_of
from backend.runtime import clock
from backend.runtime.memory import give_back_memory
from backend.services.enrollment.reconciler.pending_work import PendingWork

# The log waits for so many at a time, some hundredths of a second.
QUESTIONS_AT_ONCE = 100

_log = structlog.get_logger("muster.followed_work")


class FollowedWork:
    """Follows the index of its process, and carries nothing out: what the log tells it is taken in, and not looked at.

    Built in the background once the index is loaded, in slices, and again after the index was loaded anew.
    """

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self._work: PendingWork | None = None
        self._built = False
        self._building: asyncio.Task[None] | None = None
        # Batches that are not taken in yet: thousands of rules may mention a field, or stand on a segment.
        self._waiting: deque[Batch] = deque()
        self._taking_in: asyncio.Task[None] | None = None
        # Held by whoever makes a part of it beside the event loop, or takes in a batch: one at a time.
        self._alone = asyncio.Lock()
        self._unsubscribe = follower.subscribe(self._hear)

    async def ready(self) -> PendingWork:
        """The work, current with the index until others get their turn. Waits until it is built."""
        while (work := self.current()) is None:
            # Not cancelled with whoever happens to wait for it.
            await asyncio.shield(self.start() if not self._built else self._take_in())
        return work

    def current(self) -> PendingWork | None:
        """The work as it is now, for whoever keeps the index still; None while it is built anew, or behind."""
        return self._work if self._built and not self._waiting else None

    def start(self) -> "asyncio.Task[None]":
        """Begin building, unless that is under way or done; returns at once."""
        if self._building is None or (self._building.done() and not self._built):
            self._building = asyncio.create_task(self._build(), name="followed work")
        return self._building

    async def stop(self) -> None:
        """End following."""
        self._unsubscribe()
        for task in (self._building, self._taking_in):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _build(self) -> None:
        await self.follower.loaded.wait()
        index = self.follower.index
        work = self._work = PendingWork(index, clock.today(index.timezone))
        await build(work, self._alone, lambda: work is self._work)
        if work is not self._work:
            # The index was loaded anew meanwhile.
            await self._build()
            return
        self._forget()
        self._built = True

    def _hear(self, batch: Batch) -> None:
        if self._work is None:
            return
        if batch.reloaded:
            self._begin_again()
            return
        if batch.structure or self._waiting:
            self._waiting.append(batch)
            self._take_in()
            return
        try:
            # Facts are soon told.
            self._work.note(batch)
        except Exception as error:  # noqa: BLE001 - it must not be asked any more, whatever it was
            self._begin_again(error)
        self._forget()

    def _take_in(self) -> "asyncio.Task[None]":
        """Take in what waits, in slices."""
        if self._taking_in is None or self._taking_in.done():
            self._taking_in = asyncio.create_task(self._take_in_all(), name="following work")
        return self._taking_in

    async def _take_in_all(self) -> None:
        while self._waiting and self._work is not None:
            async with self._alone:
                await self._take_in_next(self._work)

    async def _take_in_next(self, work: PendingWork) -> None:
        time_slice = TimeSlice()
        try:
            for _ in work.batch_steps(self._waiting[0]):
                if time_slice.used_up():
                    await asyncio.sleep(0)
                    if work is not self._work:
                        return
        except Exception as error:  # noqa: BLE001 - likewise
            self._begin_again(error)
            return
        self._waiting.popleft()
        self._forget()

    def _begin_again(self, error: Exception | None = None) -> None:
        if error is not None:
            _log.error("following failed, starting over", exc_info=error)
        self._work = None
        self._waiting.clear()
        if self._built:
            self._built = False
            self.start()

    def _forget(self) -> None:
        """Nothing is looked at here: the reconciler does that."""
        if self._work is not None:
            self._work.take()
            self._work.audiences.forget_noted()


Aside = Callable[[Callable[[], object]], Awaitable[None]]


async def build(work: PendingWork, alone: asyncio.Lock, wanted: Callable[[], bool]) -> None:
    """Take in all methods and make ready what they are asked with, as long as it is `wanted`; the index moves on meanwhile.

    Large parts are made beside the event loop. The log waits for one of them at a time, a tenth of a second at most.
    """

    async def aside(part: Callable[[], object]) -> None:
        if wanted():
            async with work.index.still, alone:
                await asyncio.to_thread(part)

    # To look through all that is made for garbage, again and again, would hold the event loop for a tenth of a second each time.
    gc.disable()
    try:
        await _make(work, aside, wanted)
    finally:
        gc.freeze()
        gc.enable()
    await give_back_memory()


async def _make(work: PendingWork, aside: Aside, wanted: Callable[[], bool]) -> None:
    questions = work.audiences.questions
    facets, leaves = await _asked(work)
    for facet in facets:
        await aside(partial(questions.column, facet))
    # Of a column of thousands of values a question takes some milliseconds.
    for start in range(0, len(leaves), QUESTIONS_AT_ONCE):
        await aside(partial(_number, questions, leaves[start : start + QUESTIONS_AT_ONCE]))
    time_slice = TimeSlice()
    for _ in work.take_in_steps():
        if time_slice.used_up():
            await asyncio.sleep(0)
        if not wanted():
            return
    everybody = work.index.learners
    for number in range(int(everybody.max()) // PAGE + 1 if everybody else 0):
        await aside(partial(work.audiences.rows.prepare, number))
    await aside(work.audiences.prepare)


async def _asked(work: PendingWork) -> tuple[list[Facet], list[Filter]]:
    """The columns that the rules ask about, and the filters that do."""
    facets: set[Facet] = set()
    leaves: list[Filter] = []
    time_slice = TimeSlice()
    for method in list(work.index.methods.values()):
        if method.dynamic and method.rule is not None:
            facets.update(work.audiences.questions.facets_asked(method.rule))
            leaves += leaves_of(method.rule)
        if time_slice.used_up():
            await asyncio.sleep(0)
    return sorted(facets), leaves


def _number(questions: Questions, leaves: list[Filter]) -> None:
    for leaf in leaves:
        questions.number(leaf)
