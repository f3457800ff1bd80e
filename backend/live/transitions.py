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

from backend.index import Batch, Change, FacetIndex

LIVE = frozenset({"active", "completed", "suspended"})
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

    @property
    def recorded_as(self) -> str:
        """What a run calls it in `run_change`."""
        return {"completed": "updated"}.get(self.event, self.event)


class _Touched:
    """The first old value of each fact that the batch changed: what it was before."""

    def __init__(self, index: FacetIndex, batch: Batch, sessions: Collection[int]) -> None:
        self.index = index
        self.at: dict[int, datetime] = {}
        self.enrollment: dict[int, dict[int, str | None]] = defaultdict(dict)
        self.blocked: dict[int, dict[int, dict[int, bool]]] = defaultdict(lambda: defaultdict(dict))
        self.countable: dict[int, bool] = {}
        gone = _methods_gone(batch)
        for change in batch.changes:
            ref = change.ref_id or 0
            if change.facet == "enrollment" and ref in sessions:
                for person in change.people:
                    self.enrollment[ref].setdefault(person, _state(change.old))
                    self.at[person] = change.at
                continue
            learner = change.learner_id
            if learner is None:
                continue
            if change.facet == "status":
                self.countable.setdefault(learner, change.old in COUNTABLE)
                self.at[learner] = change.at
            elif change.facet == "blocked":
                self._blocked(change, learner, gone, sessions)

    def _blocked(self, change: Change, learner: int, gone: dict[int, int], sessions: Collection[int]) -> None:
        method = change.ref_id or 0
        known = self.index.structure.methods.get(method)
        session = known.session_id if known is not None else gone.get(method)
        if session in sessions and session is not None:
            self.blocked[session][learner].setdefault(method, change.old is not None)
            self.at[learner] = change.at

    def learners(self, session: int) -> BitMap:
        """Everybody whose place in the session may have changed."""
        found = BitMap(self.enrollment[session].keys()) | BitMap(self.blocked[session].keys())
        statuses = BitMap(self.countable)
        if statuses:
            facts = self.index.facts
            enrollments = facts.enrollments.get(session)
            if enrollments is not None:
                found |= statuses & enrollments.states.present
            for method in self.index.structure.methods_of(session):
                if method in facts.blocked:
                    found |= statuses & facts.blocked[method].present
        return found

    def state(self, session: int, learner: int) -> tuple[str | None, str | None]:
        """The effective state of the enrollment before and after."""
        enrollments = self.index.facts.enrollments.get(session)
        now = None if enrollments is None else enrollments.states.of(learner)
        then = self.enrollment[session].get(learner, now)
        after_counts = learner in self.index.countable
        return then if self.countable.get(learner, after_counts) else None, now if after_counts else None

    def blocks(self, session: int, learner: int) -> tuple[bool, bool]:
        """Whether the person counted as blocked before and after."""
        facts = self.index.facts
        changed = self.blocked[session].get(learner, {})
        then = now = False
        for method in {*self.index.structure.methods_of(session), *changed}:
            held = method in facts.blocked and learner in facts.blocked[method].present
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
    return {session: [Transition(event, session, people[0], change.at, before, after, len(people))]}


def _of_learner(touched: _Touched, session: int, learner: int) -> list[Transition]:
    at = touched.at[learner]
    made = []
    before, after = touched.state(session, learner)
    event = event_of(before, after)
    if event is not None:
        made.append(Transition(event, session, learner, at, before, after))
    was, held = touched.blocks(session, learner)
    if was != held:
        made.append(Transition("blocked" if held else "unblocked", session, learner, at))
    return made


def event_of(before: str | None, after: str | None) -> str | None:
    """What a change of an enrollment's state is called; None when nothing visible changed."""
    if before == after:
        return None
    if (before in LIVE) != (after in LIVE):
        return "entered" if after in LIVE else "left"
    return "completed" if after == "completed" else "updated"


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
