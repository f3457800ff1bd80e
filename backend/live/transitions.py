"""What a batch of changes did to people in the sessions that somebody follows.

A transition is the net effect of the batch on one person in one session, as the session's counts see it: who is not
countable is not there. So the transitions add up to exactly the difference between two states.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from pyroaring import BitMap

from backend.enrollment.events import event_of, event_of_waiting
from backend.index import Batch, Change, FacetIndex

COUNTABLE = frozenset({"invited", "active"})


class Transition(msgspec.Struct, frozen=True):
    """`before` and `after` are states of the enrollment, None for none; for `blocked` and `unblocked` both are None."""

    event: str
    session_id: int
    learner_id: int
    at: datetime
    before: str | None = None
    after: str | None = None
    # Of how many people; of more than one nobody is named.
    count: int = 1
    # The run that did it, where one did; and of who waits, for which session.
    run_id: int | None = None
    other_session_id: int | None = None


class _Touched:
    """The first old value of each fact that the batch changed: what it was before."""

    def __init__(self, index: FacetIndex, batch: Batch, sessions: Collection[int]) -> None:
        self.index = index
        self.at: dict[int, datetime] = {}
        self.enrollment: dict[int, dict[int, str | None]] = defaultdict(dict)
        self.blocked: dict[int, dict[int, dict[int, bool]]] = defaultdict(lambda: defaultdict(dict))
        self.countable: dict[int, bool] = {}
        # The run that did last what is told: by session and learner, of enrollments and of who waits.
        self.enrolled_by: dict[tuple[int, int], int | None] = {}
        self.blocked_by: dict[tuple[int, int], Change] = {}
        gone = _methods_gone(batch)
        for change in batch.changes:
            ref = change.ref_id or 0
            if change.facet == "enrollment" and ref in sessions:
                self._enrollment(change, ref)
                continue
            learner = change.learner_id
            if learner is None:
                continue
            if change.facet == "status":
                self.countable.setdefault(learner, change.old in COUNTABLE)
                self.at[learner] = change.at
            elif change.facet == "blocked":
                self._blocked(change, learner, gone, sessions)

    def _enrollment(self, change: Change, session: int) -> None:
        before = _state(change.old)
        # A due date that changed is nothing that is told.
        moved = before != _state(change.new)
        for person in change.people:
            self.enrollment[session].setdefault(person, before)
            self.at[person] = change.at
            if moved:
                self.enrolled_by[session, person] = change.run_id

    def _blocked(self, change: Change, learner: int, gone: dict[int, int], sessions: Collection[int]) -> None:
        method = change.ref_id or 0
        known = self.index.methods.get(method)
        session = known.session_id if known is not None else gone.get(method)
        if session in sessions and session is not None:
            self.blocked[session][learner].setdefault(method, change.old is not None)
            self.blocked_by[session, learner] = change
            self.at[learner] = change.at

    def learners(self, session: int) -> BitMap:
        """Everybody whose place in the session may have changed."""
        found = BitMap(self.enrollment[session].keys()) | BitMap(self.blocked[session].keys())
        statuses = BitMap(self.countable)
        if statuses:
            found |= statuses & self.index.ever_enrolled(session)
            for method in self.index.methods_of(session):
                found |= statuses & self.index.blocked_people(method)
        return found

    def state(self, session: int, learner: int) -> tuple[str | None, str | None]:
        """The effective state of the enrollment before and after."""
        now = self.index.enrollment_state(session, learner)
        then = self.enrollment[session].get(learner, now)
        after_counts = learner in self.index.countable
        return then if self.countable.get(learner, after_counts) else None, now if after_counts else None

    def blocks(self, session: int, learner: int) -> tuple[bool, bool]:
        """Whether the person counted as blocked before and after."""
        changed = self.blocked[session].get(learner, {})
        then = now = False
        for method in {*self.index.methods_of(session), *changed}:
            held = learner in self.index.blocked_people(method)
            now = now or held
            then = then or changed.get(method, held)
        after_counts = learner in self.index.countable
        return then and self.countable.get(learner, after_counts), now and after_counts


def transitions(index: FacetIndex, batch: Batch, sessions: Collection[int]) -> dict[int, list[Transition]]:
    """By session, what the batch (already applied to `index`) did to people in `sessions`."""
    if len(batch.changes) == 1 and batch.changes[0].learners is not None:
        return _of_many(index, batch.changes[0], batch.changes[0].learners, sessions)
    touched = _Touched(index, batch, sessions)
    found: dict[int, list[Transition]] = {}
    for session in sessions:
        made = [
            transition
            for learner in touched.learners(session)
            for transition in _of_learner(touched, session, learner)
        ]
        if made:
            found[session] = made
    return found


def _of_many(
    index: FacetIndex, change: Change, learners: BitMap, sessions: Collection[int]
) -> dict[int, list[Transition]]:
    """What one change did that all these people share: told as a number, without looking at each of them."""
    session = change.ref_id or 0
    before, after = _state(change.old), _state(change.new)
    event = event_of(before, after)
    people = learners & index.countable
    if change.facet != "enrollment" or session not in sessions or event is None or not people:
        return {}
    made = Transition(event, session, people[0], change.at, before, after, len(people), run_id=change.run_id)
    return {session: [made]}


def _of_learner(touched: _Touched, session: int, learner: int) -> list[Transition]:
    at = touched.at[learner]
    made = []
    before, after = touched.state(session, learner)
    event = event_of(before, after)
    if event is not None:
        run_id = touched.enrolled_by.get((session, learner))
        made.append(Transition(event, session, learner, at, before, after, run_id=run_id))
    was, held = touched.blocks(session, learner)
    if was != held:
        change = touched.blocked_by.get((session, learner))
        made.append(
            Transition(
                event_of_waiting(waits=held),
                session,
                learner,
                at,
                run_id=None if change is None else change.run_id,
                other_session_id=None if change is None else change.new,
            )
        )
    return made


def _methods_gone(batch: Batch) -> dict[int, int]:
    """The session of each method that the batch deleted."""
    return {
        change.ref_id: change.old["session_id"]
        for change in batch.changes
        if change.facet == "enrollment_method"
        and change.new is None
        and change.old
        and change.ref_id is not None
    }


def _state(value: Any) -> str | None:
    return None if value is None else value[0]
