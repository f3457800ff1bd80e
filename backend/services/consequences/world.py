"""What would be if some facts were others: a view of the index, and the reconciler's own decisions over it.

    async with supposing(work, clock.now()) as world:
        world.change_facts("membership", people, group_id, None)
        await world.settle()
        outcome = world.outcome()

Whoever supposes an act says its facts, and what it does to enrollments by itself (`enter`, `leave`, …); what follows is found.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

import msgspec
from pyroaring import BitMap

from backend.enrollment.outcomes import Leave
from backend.enrollment.state_causes import Stated
from backend.index import Batch, Change
from backend.index.facts.structure_rows import Method
from backend.index.steps import Steps, finish
from backend.index.supposing import SupposedIndex
from backend.index.time_slices import TimeSlice
from backend.rules import Facet
from backend.runtime import clock
from backend.schemas.enrollment import MethodState
from backend.services.consequences.dates_of_fields import due_changes
from backend.services.consequences.ends_of_picks import ends_by_date
from backend.services.consequences.fuse_check import FuseCheck
from backend.services.consequences.outcome import Outcome
from backend.services.consequences.outcome_differences import Dates, Filed, outcome_steps
from backend.services.consequences.outcome_reasons import OutcomeReasons
from backend.services.consequences.supposed_due_dates import settle_due_dates
from backend.services.consequences.supposed_writer import Sooner, SupposedWriter
from backend.services.enrollment.fuses.decision import Decision
from backend.services.enrollment.reconciler.decisions import decide
from backend.services.enrollment.reconciler.followed_work import FollowedWork
from backend.services.enrollment.reconciler.pending_work import PendingWork
from backend.services.enrollment.reconciler.supposed_work import SupposedWork

# Rounds of deciding and writing after which nothing may be left: rules that ask who is enrolled cannot form a circle.
MOST_ROUNDS = 100
# How many changes the work is told before others get their turn.
SLICE_CHANGES = 250
# A change that many share is told person by person where that is the faster way: a rule takes so many people's time.
PEOPLE_A_RULE = 16
FEW = 256


class Unsettled(RuntimeError):
    """What follows from the suppositions comes to no end."""


@asynccontextmanager
async def supposing(followed: FollowedWork, now: datetime) -> AsyncIterator["SupposedWorld"]:
    """A world as it is at this position of the log; the log waits as long as it is in use."""
    while True:
        index = (await followed.ready()).index
        async with index.still:
            work = followed.current()
            if work is not None:
                if not work.audiences.prepared:
                    # Beside the event loop, which it would hold for a tenth of a second.
                    await asyncio.to_thread(work.audiences.prepare)
                work.turn(clock.day_of(now, index.timezone))
                yield SupposedWorld(work, now)
                return


class SupposedWorld:
    """A view of the index, on which what is supposed holds at once; what follows from it once it is settled."""

    def __init__(self, work: PendingWork, now: datetime) -> None:
        self.now = now
        # As it would be; can be given to whoever asks an index.
        self.index = SupposedIndex(work.index, now)
        self._work = SupposedWork(work, self.index)
        self._untold: list[Change] = []
        self._writer = SupposedWriter(
            self.index, now, self._take, lambda: self.new_row_id("enrollment_method")
        )
        self._fuses = FuseCheck(self.index, now)
        self._reasons = OutcomeReasons(self._work)
        self._held: dict[int, BitMap] = {}
        self._frozen: dict[int, Stated] = {}
        self._filed: list[Filed] = []
        self._outcome: Outcome | None = None
        # Of whom a value of which field is another; whom which method holds until which day.
        self._field_changes: dict[int, BitMap] = {}
        self._ends: list[tuple[int, BitMap, date]] = []
        self._dates = Dates()
        self._provisional: dict[str, int] = {}
        # From here on: what is supposed holds the event loop, too.
        self._time_slice = TimeSlice()

    # ── supposing ────────────────────────────────────────────────────────────────────────────────────────────────

    def change_fact(self, facet: str, learner_id: int, ref: int | None, new: Any) -> None:
        """Let a fact about a learner be `new`, as the change log tells it; None takes it away.

        A result that completes an activity completes what is enrolled there, as it does in the tables; one taken back opens it.
        """
        change = self.index.suppose(facet, learner_id, ref, new)
        if change is not None:
            self._take([change])
        if facet == "result":
            self._complete(BitMap([learner_id]), ref or 0, new)

    def change_facts(self, facet: str, learners: BitMap, ref: int | None, new: Any) -> None:
        """The same for many."""
        self._take(self.index.suppose_many(facet, learners, ref, new))
        if facet == "result":
            self._complete(learners, ref or 0, new)

    def _complete(self, learners: BitMap, activity_id: int, standing: Any) -> None:
        done = standing is not None and standing[0] == "completed"
        before, after = ("active", "completed") if done else ("completed", "active")
        for session_id in self.index.sessions_of(activity_id):
            self._writer.put_state(session_id, learners & self.index.enrolled_as(session_id, before), after)

    def change_row(self, facet: str, row_id: int, row: Mapping[str, Any] | None) -> None:
        """Let a row of structure (a group, segment, method, session, …) be this one, whole; None deletes it."""
        self._take([self.index.suppose_row(facet, row_id, row)])

    def new_learner(self) -> int:
        """An id that nobody has."""
        return self._new("learner", max(self.index.learners, default=0))

    def new_row_id(self, facet: str) -> int:
        """An id that no row of the table has."""
        return self._new(facet, self.index.highest_id(facet))

    def _new(self, what: str, highest: int) -> int:
        found = self._provisional[what] = max(self._provisional.get(what, 0), highest) + 1
        return found

    # ── what an act does to enrollments by itself ────────────────────────────────────────────────────────────────

    def enter(self, method_id: int, people: BitMap) -> None:
        """The method enrolls these people: those who count, unless they are enrolled elsewhere and wait then."""
        finish(self._writer.enter_steps({method_id: people}))

    def leave(self, method_id: int, people: BitMap, on_leave: Leave | None) -> None:
        """The method lets these people go: by its own policy, or as a person asks. Before a change of its row.

        With `erase` their access ends as it does with `expire`; results that go with it are the caller's to suppose.
        """
        finish(self._writer.leave_steps({method_id: people}, on_leave))

    def release(self, method_id: int, people: BitMap) -> None:
        """They wait for the method no longer."""
        self._writer.release(method_id, people)

    def set_state(self, session_id: int, people: BitMap, state: str) -> None:
        """By hand: `suspended`, `active`, `completed`, or `expired` of who has no source there."""
        enrolled = people & self.index.ever_enrolled(session_id)
        if state == "expired":
            self._writer.end(session_id, enrolled)
        else:
            self._writer.put_state(session_id, enrolled, state)

    def invite(self, people: BitMap) -> None:
        """They would be invited to their new accounts, at once."""
        self._filed.append(("invited", None, people))

    def tell_sooner(self, session_id: int, people: BitMap) -> None:
        """They would be told that they are due sooner, as somebody says by hand."""
        self._filed.append(("due_changed", session_id, people))

    def end_on(self, method_id: int, people: BitMap, day: date) -> None:
        """The method holds those of these people whom it holds until this day."""
        self._ends.append((method_id, people, day))

    # ── what follows ─────────────────────────────────────────────────────────────────────────────────────────────

    async def settle(self, *, hold: bool = False) -> None:
        """Decide and carry out until nothing is left to do. With `hold`, whom a fuse holds stays as they are.

        Without it everything goes on as if a person had confirmed it. Raises `Unsettled`.
        """
        time_slice = self._time_slice
        for _ in range(MOST_ROUNDS):
            await self._tell_work(time_slice)
            if not self._work.waiting:
                break
            await self._round(time_slice, hold=hold)
        else:
            raise Unsettled
        await self._settle_dates(time_slice)
        await settle_due_dates(self._writer, self.index)
        self._outcome = await self._sliced(self._outcome_steps(), time_slice)

    async def _settle_dates(self, time_slice: TimeSlice) -> None:
        due = await due_changes(self.index, self._field_changes, self.now, time_slice)
        self._dates = Dates(due, await ends_by_date(self.index, self._ends))
        for session_id, people in due.items():
            sooner: dict[datetime, BitMap] = {}
            for learner_id, one in people.items():
                if one.after is not None and (one.before is None or one.after < one.before):
                    sooner.setdefault(one.after, BitMap()).add(learner_id)
            self._writer.sooner += [Sooner(session_id, some, at) for at, some in sooner.items()]

    def outcome(self) -> Outcome:
        """The difference to the index as it is."""
        if self._outcome is None:
            self._outcome = finish(self._outcome_steps())
        return self._outcome

    def _outcome_steps(self) -> Steps[Outcome]:
        return outcome_steps(
            self.index, self._writer, self._held, self._frozen, self._filed, self._reasons, self._dates
        )

    def _take(self, changes: Iterable[Change]) -> None:
        """The view has taken them in."""
        self._outcome = None
        for change in changes:
            self._work.suppose(change)
            self._untold.append(change)
            field = self.index.fields.get(change.ref_id or 0) if change.facet == "field" else None
            if field is not None and field.type == "date":
                self._field_changes.setdefault(field.id, BitMap()).update(change.people)

    async def _tell_work(self, time_slice: TimeSlice) -> None:
        """What follows from the changes is to be looked at: structure first, as it all holds already."""
        changes, self._untold = self._untold, []
        structure = [change for change in changes if not change.is_fact]
        if structure:
            batch = Batch(self.index.position, changes=structure)
            batch.structure = {Facet(change.facet, change.ref_id) for change in structure}
            batch.learners = BitMap.union(BitMap(), *(BitMap(change.people) for change in changes))
            await self._sliced(self._work.structure_steps(batch), time_slice)
        portion: list[Change] = []
        for change in changes:
            if not change.is_fact:
                continue
            for one in self._told_alone(change):
                portion.append(one)
                if len(portion) == SLICE_CHANGES:
                    self._work.facts(portion)
                    portion = []
                    if time_slice.used_up():
                        await asyncio.sleep(0)
        self._work.facts(portion)

    def _told_alone(self, change: Change) -> Iterable[Change]:
        """The change, for each of its people if that is the faster way to find who moves."""
        people = change.learners
        if people is None or change.facet in ("source", "blocked", "enrollment"):
            return (change,)
        rules = len(self._work.audiences.concerned(change))
        if len(people) > max(FEW, PEOPLE_A_RULE * rules):
            return (change,)
        return (msgspec.structs.replace(change, learner_id=one, learners=None) for one in people)

    async def _round(self, time_slice: TimeSlice, *, hold: bool) -> None:
        found = [one async for one in decide(self._work, self.now)]
        decisions = [one.decision for one in found]
        for one in found:
            self._reasons.add(one)
            self._freeze_or_thaw(one.decision)
        held = await self._fuses.held(decisions)
        for method_id, waiting in held.items():
            self._held[method_id] = self._held.get(method_id, BitMap()) | waiting.people
        nobody = BitMap()
        entering, leaving = {}, {}
        for decision in decisions:
            method_id = decision.method.id
            waits = held.get(method_id) if hold else None
            entering[method_id] = decision.entering - (waits.entering if waits else nobody)
            leaving[method_id] = decision.leaving - (waits.leaving if waits else nobody)
        entered, left = self._writer.entered.copy(), self._writer.left.copy()
        await self._sliced(self._writer.enter_steps(entering), time_slice)
        await self._sliced(self._writer.leave_steps(leaving), time_slice)
        self._fuses.passed(self._writer.entered - entered, self._writer.left - left)
        for decision in decisions:
            self._writer.release(decision.method.id, decision.releasing)
        # Of its own decisions nothing is to be decided again; of who is enrolled by them others may ask.
        self._untold = [change for change in self._untold if change.facet not in ("source", "blocked")]

    def _freeze_or_thaw(self, decision: Decision) -> None:
        method = decision.method
        if decision.problem is not None:
            self._frozen[method.id] = decision.problem
            self._set_state(method, "frozen", decision.problem)
        elif method.state == "frozen":
            self._frozen.pop(method.id, None)
            self._set_state(method, "live", None)

    def _set_state(self, method: Method, state: MethodState, why: Stated | None) -> None:
        cause, details = (None, None) if why is None else (why.cause, why.details)
        row = msgspec.structs.replace(method, state=state, state_cause=cause, state_details=details)
        self.change_row("enrollment_method", method.id, msgspec.to_builtins(row))

    async def _sliced(self, steps: Steps[Any], time_slice: TimeSlice) -> Any:
        """The steps, with others having their turn in between; nothing moves meanwhile."""
        return await self.index.sliced(lambda: steps, time_slice)
