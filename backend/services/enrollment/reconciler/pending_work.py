"""What the log's changes make worth another look: which methods, for which people, and because of what."""

import gc
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from pyroaring import BitMap

from backend.enrollment.method_kinds import of_enrolled
from backend.index import Batch, Change, FacetIndex
from backend.index.filters.manager import IS_MANAGER
from backend.index.steps import Steps, finish
from backend.index.vectors.audiences import Audiences
from backend.rules import Facet
from backend.schemas.enrollment import RunCause
from backend.services.enrollment.reconciler.causes import Reasons
from backend.services.enrollment.reconciler.followed_methods import FollowedMethods
from backend.services.enrollment.reconciler.method_checks import MethodCheck, MethodChecks
from backend.services.enrollment.reconciler.structure_changes import StructureChanges

# Facts that are looked at for more than the rules that ask for them.
_FOLLOWED = frozenset({"source", "blocked", "enrollment", "exclusion", "status"})


class PendingWork:
    """Follows the batches of one index. Synchronous, so that nothing is missed between a batch and the next.

    What rules rest on is held in `methods`. Live ones stand in `audiences`, which finds by itself whom changes of facts move;
    the others are looked at one by one.
    """

    def __init__(self, index: FacetIndex, day: date) -> None:
        self.index = index
        self.day = day
        self.checks = MethodChecks()
        self.changes = Reasons()
        self._begin()

    @classmethod
    def of_all(cls, index: FacetIndex, day: date) -> "PendingWork":
        """With every method taken in."""
        made = cls(index, day)
        finish(made.take_in_steps())
        return made

    def _begin(self) -> None:
        self.methods = FollowedMethods(self.index, Audiences(self.index, self.day))
        self._aside = frozenset(one.facet for one in self.index.set_aside() if one.frozen)

    @property
    def audiences(self) -> Audiences:
        """The live methods whose people are decided all at once."""
        return self.methods.audiences

    # ── taking ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def waiting(self) -> bool:
        """Whether there is something to look at."""
        return bool(self.checks) or self.audiences.waiting

    def take(self) -> tuple[MethodChecks, Reasons]:
        """What there is to look at, and the changes behind it; both start empty again."""
        taken = MethodChecks(self.checks), self.changes
        # Emptied in place: steps that are under way go on adding to it.
        self.checks.clear()
        self.changes = Reasons()
        return taken

    def facets(self, method_id: int) -> frozenset[Facet]:
        """The facts that decide about the people of a dynamic method."""
        return self.methods.facets(method_id)

    # ── marking ──────────────────────────────────────────────────────────────────────────────────────────────────

    def everything(self, cause: RunCause, reason: dict[str, Any] | None = None) -> None:
        """Every method anew: the index was loaded, or nobody knows what was missed."""
        self._begin()
        finish(self.take_in_steps())
        for method_id in self.index.methods:
            self.checks.add_whole(method_id, cause, reason)

    def take_in_steps(self) -> Steps[None]:
        """Take in all methods. Between the steps the index may move on, as long as each batch is told."""
        for method_id in sorted(self.index.methods):
            method = self.index.methods.get(method_id)
            if method is not None:
                self.methods.put(method)
                yield
        # Audiences stay, as the index does: to look through ten thousand for garbage takes a tenth of a second.
        gc.freeze()

    def turn(self, day: date) -> None:
        """It is this day; who changes by that is another's to look at."""
        self.day = day
        self.audiences.turn(day)

    def a_new_day(self, before: str, today: str) -> None:
        """The methods whose people change by time alone."""
        self.day = date.fromisoformat(today)
        ended = self.index.exclusions_ending(date.fromisoformat(before), self.day)
        for session_id, learners in ended.items():
            over = {"facet": "exclusion", "ref": session_id, "old": today, "new": None}
            self._left_out(session_id, learners, "clock", over)
        for method in self.index.methods.values():
            if not method.dynamic or method.rule is None:
                continue
            if method.reenter == "after_days" or self.index.depends_on_time(method.rule):
                self.checks.add_whole(
                    method.id, "clock", {"facet": "day", "ref": None, "old": before, "new": today}
                )

    def turn_windows(self, after: datetime | None, now: datetime) -> None:
        """Methods that have started or ended since an instant (None: nobody knows since when) have other people."""
        for method_id in self.methods.windowed:
            method = self.index.methods[method_id]
            turned = (one for one in (method.starts_at, method.ends_at) if one is not None and one <= now)
            if any(after is None or after < one for one in turned):
                self.checks.add_whole(method_id, "clock")

    def batch(self, batch: Batch) -> None:
        """Take in what an applied batch changed."""
        finish(self.batch_steps(batch))

    def note(self, batch: Batch) -> None:
        """Take in a batch of facts as `batch` does, but look at nobody: for who carries nothing out."""
        self._frozen_facets()
        self.audiences.keep_current(change for change in batch.changes if change.learner_id is not None)

    def batch_steps(self, batch: Batch) -> Steps[None]:
        """`batch` in steps."""
        if batch.reloaded:
            self.everything("check")
            return
        self._frozen_facets()
        if batch.structure:
            yield from self.structure_steps(batch)
        self._facts(change for change in batch.changes if change.is_fact)

    def _frozen_facets(self) -> None:
        """Where something stored can no longer be read, or can be read again: rules that rest on it freeze, or thaw."""
        now = frozenset(one.facet for one in self.index.set_aside() if one.frozen)
        if now == self._aside:
            return
        self._aside = now
        for method in list(self.index.methods.values()):
            self.methods.put(method)
            if method.state == "frozen" or (method.rule is not None and self.index.check(method.rule)):
                self.checks.add_whole(method.id)

    # ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _facts(self, changes: Iterable[Change]) -> None:
        touched: dict[Facet, BitMap] = defaultdict(BitMap)
        slow = len(self.methods.one_by_one) > 0
        for change in changes:
            if change.learners is None:
                self.audiences.note(change)
            else:
                self._shared(change, change.learners)
            if slow or change.facet in _FOLLOWED:
                touched[Facet(change.facet, change.ref_id)] |= BitMap(change.people)
            if slow and change.facet == "manager":
                touched[IS_MANAGER] |= BitMap(filter(None, (change.old, change.new)))
            self.changes.add(change)
        for facet, learners in touched.items():
            self._touched(facet, learners)

    def _touched(self, facet: Facet, learners: BitMap) -> None:
        """A fact changed about these people."""
        for method_id in self.methods.one_by_one.affected([facet]):
            self.checks.add(method_id, MethodCheck(self._near(method_id, facet, learners), BitMap()))
        match facet.name:
            case "source" | "blocked":
                self._own(facet, learners)
            case "enrollment":
                self._freed(facet.ref, learners)
                self._in_session(facet.ref or 0, learners)
            case "exclusion":
                self._left_out(facet.ref or 0, learners)
            case "status":
                self._back(learners)

    def _shared(self, change: Change, learners: BitMap) -> None:
        """So many people at once are looked at as bitmaps, audience by audience."""
        for method_id in self.audiences.concerned(change):
            self.checks.add(method_id, MethodCheck(learners, BitMap()))

    def _near(self, method_id: int, facet: Facet, learners: BitMap) -> BitMap:
        """Whose place in the audience the facts of these people decide: with a manager, everybody below moves too."""
        if facet.name == "manager" and Facet("manager.indirect") in self.methods.facets(method_id):
            return learners | self.index.everybody_below(learners)
        return learners.copy()

    def _own(self, facet: Facet, learners: BitMap) -> None:
        """Somebody (perhaps we) wrote what the method alone decides about."""
        method = self.index.methods.get(facet.ref or 0)
        if method is None or not method.dynamic:
            return
        if method.id in self.audiences and method.id not in self.methods.windowed:
            # These compare with the rule, which knows nobody whom the session leaves out, nor when the method ends.
            learners = learners & self.index.excluded(method.session_id, self.day)
        if learners:
            self.checks.add(method.id, MethodCheck(learners.copy(), BitMap()))

    def _freed(self, session_id: int | None, learners: BitMap) -> None:
        """An enrollment changed: who is blocked by it may have become free."""
        session = self.index.sessions.get(session_id or 0)
        if session is None:
            return
        for sibling in self.index.sessions_of(session.activity_id):
            for method_id in self.index.methods_of(sibling):
                self._retry(method_id, learners)

    def _in_session(self, session_id: int, learners: BitMap) -> None:
        """Who is enrolled, or no longer: methods that put enrolled people into classes look at them again."""
        for method_id in self.index.methods_of(session_id):
            method = self.index.methods.get(method_id)
            if method is not None and of_enrolled(method.kind):
                self.checks.add(method_id, MethodCheck(learners.copy(), BitMap()))

    def _left_out(
        self,
        session_id: int,
        learners: BitMap,
        cause: RunCause = "change",
        reason: dict[str, Any] | None = None,
    ) -> None:
        """Who is left out of a session, or no longer: each of its methods looks at them again."""
        for method_id in self.index.methods_of(session_id):
            self.checks.add(method_id, MethodCheck(learners.copy(), BitMap(), cause, reason))

    def _back(self, learners: BitMap) -> None:
        """Who counts again may be enrolled where they were blocked, and has to leave what has ended meanwhile."""
        for method_id in self.index.methods_with_blocked():
            self._retry(method_id, learners)
        for method_id in self.methods.windowed:
            if holding := self.index.source_holders(method_id) & learners:
                self.checks.add(method_id, MethodCheck(holding.copy(), BitMap()))

    def _retry(self, method_id: int, learners: BitMap) -> None:
        if waiting := self.index.blocked_people(method_id) & learners:
            self.checks.add(method_id, MethodCheck(waiting.copy(), waiting))

    # ── structure ────────────────────────────────────────────────────────────────────────────────────────────────

    def structure_steps(self, batch: Batch) -> Steps[None]:
        """Take in what a batch changed of the structure."""
        yield from StructureChanges(self.index, self.methods, self.checks).steps(batch)
