"""What the log's changes make worth another look: which methods, for which people, and because of what."""

import gc
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
import structlog
from pyroaring import BitMap

from backend.index import Batch, Change, FacetIndex, PredicateIndex
from backend.index.behind import facts_behind, shape_of
from backend.index.matching import Audiences
from backend.index.predicates import depends_on_time
from backend.index.structure import seen_while_growing
from backend.index.structure_rows import Method
from backend.rules import Facet, Rule
from backend.schemas.enrolling import RunCause
from backend.services.reasons import Reasons

_log = structlog.get_logger("muster.reconciler")
# Facts that are looked at for more than the rules that ask for them.
_FOLLOWED = frozenset({"source", "blocked", "enrollment", "status"})


class Look(msgspec.Struct):
    """A method to look at: for these people, or for everybody (`learners` is None). `retry` were blocked and may be free."""

    learners: BitMap | None
    retry: BitMap
    cause: RunCause = "change"
    reason: dict[str, Any] | None = None


class Attention:
    """Follows the batches of one index. Synchronous, so that nothing is missed between a batch and the next.

    Live methods stand in `audiences`, which finds by itself whom changes of facts move; the others are looked at one by one.
    """

    def __init__(self, index: FacetIndex, day: date) -> None:
        self.index = index
        self.day = day
        self.looks: dict[int, Look] = {}
        self.changes = Reasons()
        self._rebuild()

    # ── taking ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def waiting(self) -> bool:
        """Whether there is something to look at."""
        return bool(self.looks) or self.audiences.waiting

    def take(self) -> tuple[dict[int, Look], Reasons]:
        """What there is to look at, and the changes behind it; both start empty again."""
        taken = self.looks, self.changes
        self.looks, self.changes = {}, Reasons()
        return taken

    def facets(self, method_id: int) -> frozenset[Facet]:
        """The facts that decide about the people of a dynamic method."""
        return self._facets.get(method_id, frozenset())

    # ── marking ──────────────────────────────────────────────────────────────────────────────────────────────────

    def everything(self, cause: RunCause, reason: dict[str, Any] | None = None) -> None:
        """Every method anew: the index was loaded, or nobody knows what was missed."""
        self._rebuild()
        for method_id in self.index.structure.methods:
            self.whole(method_id, cause, reason)

    def _rebuild(self) -> None:
        self._facets: dict[int, frozenset[Facet]] = {}
        self._shapes: dict[int, int] = {}
        self._predicates: PredicateIndex[int] = PredicateIndex()
        self._one_by_one: PredicateIndex[int] = PredicateIndex()
        self.audiences = Audiences(self.index, self.day)
        self._aside = frozenset(one.facet for one in self.index.set_aside() if one.frozen)
        for method in self.index.structure.methods.values():
            self._put(method)
        # Audiences stay, as the index does: to look through ten thousand for garbage takes a tenth of a second.
        gc.freeze()

    def a_new_day(self, before: str, today: str) -> None:
        """The methods whose people change by time alone."""
        self.day = date.fromisoformat(today)
        for method in self.index.structure.methods.values():
            if (
                method.dynamic
                and method.rule is not None
                and depends_on_time(method.rule, self.index.structure)
            ):
                self.whole(method.id, "clock", {"facet": "day", "ref": None, "old": before, "new": today})

    def whole(self, method_id: int, cause: RunCause = "change", reason: dict[str, Any] | None = None) -> None:
        """Everybody of one method."""
        self._mark(method_id, Look(None, BitMap(), cause, reason))

    def batch(self, batch: Batch) -> None:
        """Take in what an applied batch changed."""
        if batch.reloaded:
            self.everything("check")
            return
        self._frozen_facets()
        if batch.structure:
            self._structure([change for change in batch.changes if not change.is_fact])
        self._facts(change for change in batch.changes if change.is_fact)

    def _frozen_facets(self) -> None:
        """Where something stored can no longer be read, or can be read again: rules that rest on it freeze, or thaw."""
        now = frozenset(one.facet for one in self.index.set_aside() if one.frozen)
        if now == self._aside:
            return
        self._aside = now
        for method in list(self.index.structure.methods.values()):
            self._put(method)
            if method.state == "frozen" or (method.rule is not None and self.index.check(method.rule)):
                self.whole(method.id)

    def _mark(self, method_id: int, more: Look) -> None:
        look = self.looks.get(method_id)
        if look is None:
            self.looks[method_id] = more
            return
        look.learners = (
            None if look.learners is None or more.learners is None else look.learners | more.learners
        )
        look.retry |= more.retry
        # A change that somebody made says more than the clock.
        look.cause = look.cause if look.cause == more.cause else "change"
        look.reason = more.reason or look.reason

    # ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _facts(self, changes: Iterable[Change]) -> None:
        touched: dict[Facet, BitMap] = defaultdict(BitMap)
        slow = len(self._one_by_one) > 0
        for change in changes:
            if change.learners is None:
                self.audiences.note(change)
            else:
                self._shared(change, change.learners)
            if slow or change.facet in _FOLLOWED:
                touched[Facet(change.facet, change.ref_id)] |= BitMap(change.people)
            self.changes.add(change)
        for facet, learners in touched.items():
            for method_id in self._one_by_one.affected([facet]):
                self._mark(method_id, Look(self._near(method_id, facet, learners), BitMap()))
            if facet.name in ("source", "blocked"):
                self._own(facet, learners)
            elif facet.name == "enrollment":
                self._freed(facet.ref, learners)
            elif facet.name == "status":
                self._back(learners)

    def _shared(self, change: Change, learners: BitMap) -> None:
        """So many people at once are looked at as bitmaps, audience by audience."""
        for method_id in self.audiences.concerned(change):
            self._mark(method_id, Look(learners.copy(), BitMap()))

    def _near(self, method_id: int, facet: Facet, learners: BitMap) -> BitMap:
        """Whose place in the audience the facts of these people decide: with a manager, everybody below moves too."""
        near = learners.copy()
        if facet.name == "manager" and Facet("manager.indirect") in self._facets[method_id]:
            for boss in seen_while_growing(below := dict.fromkeys(learners)):
                for team in self.index.facts.manager.having([boss]):
                    below |= dict.fromkeys(team)
            near |= BitMap(below)
        return near

    def _own(self, facet: Facet, learners: BitMap) -> None:
        """Somebody (perhaps we) wrote what the method alone decides about."""
        method = self.index.structure.methods.get(facet.ref or 0)
        if method is not None and method.dynamic and method.id not in self.audiences:
            self._mark(method.id, Look(learners.copy(), BitMap()))

    def _freed(self, session_id: int | None, learners: BitMap) -> None:
        """An enrollment changed: who is blocked by it may have become free."""
        structure = self.index.structure
        session = structure.sessions.get(session_id or 0)
        if session is None:
            return
        for sibling in structure.sessions_of(session.activity_id):
            for method_id in structure.methods_of(sibling):
                self._retry(method_id, learners)

    def _back(self, learners: BitMap) -> None:
        """Who counts again may be enrolled where they were blocked."""
        for method_id in list(self.index.facts.blocked):
            self._retry(method_id, learners)

    def _retry(self, method_id: int, learners: BitMap) -> None:
        blocked = self.index.facts.blocked.get(method_id)
        if blocked is not None and (waiting := blocked.present & learners):
            self._mark(method_id, Look(waiting.copy(), waiting))

    # ── structure ────────────────────────────────────────────────────────────────────────────────────────────────

    def _structure(self, changes: list[Change]) -> None:
        regroup: dict[str, Any] | None = None
        for change in changes:
            match change.facet:
                case "enrollment_method":
                    self._method(change)
                case "learner_group" | "session":
                    if _moved(change):
                        regroup = _reason(change)
                    if change.facet == "session":
                        self._session(change)
                case "activity":
                    self._activity(change)
                case "segment" | "field" | "certificate":
                    pass
                case _:
                    continue
            self._meaning(change)
        if regroup is not None:
            self._again(self.index.structure.methods.values(), regroup)
        self._broken_ones()

    def _method(self, change: Change) -> None:
        method = self.index.structure.methods.get(change.ref_id or 0)
        if method is None:
            self._forget(change.ref_id or 0)
            return
        self._put(method)
        self.whole(method.id)

    def _session(self, change: Change) -> None:
        if (change.old or {}).get("ends_at") != (change.new or {}).get("ends_at"):
            for method_id in self.index.structure.methods_of(change.ref_id or 0):
                self.whole(method_id)

    def _activity(self, change: Change) -> None:
        """Whether several sessions are allowed decides who is blocked."""
        if (change.old or {}).get("several_sessions") == (change.new or {}).get("several_sessions"):
            return
        for session_id in self.index.structure.sessions_of(change.ref_id or 0):
            for method_id in self.index.structure.methods_of(session_id):
                self._mark(method_id, Look(None, self.index.blocked_for(method_id)))

    def _meaning(self, change: Change) -> None:
        """Rules that mention what was changed are asked anew."""
        name = {"activity": "result", "certificate": "award"}.get(change.facet, change.facet)
        if change.facet not in ("segment", "field", "activity", "certificate"):
            return
        affected = self._predicates.affected([Facet(name, change.ref_id)])
        for method_id in affected:
            self._put(self.index.structure.methods[method_id])
            self.whole(method_id, "change", _reason(change))
        if change.facet == "segment":
            methods = self.index.structure.methods
            self._again((methods[m] for m in affected if m in methods), _reason(change))

    def _again(self, methods: Iterable[Method], reason: dict[str, Any]) -> None:
        """Tell anew what the rules rest on; who rests on something else is looked at whole."""
        for method in list(methods):
            before = self._shapes.get(method.id)
            self._put(method)
            if self._shapes.get(method.id) != before:
                self.whole(method.id, "change", reason)

    def _broken_ones(self) -> None:
        for method in self.index.structure.methods.values():
            if method.state == "frozen":
                self.whole(method.id)

    def _put(self, method: Method) -> None:
        if not method.dynamic or method.rule is None:
            self._forget(method.id)
            return
        try:
            self._keep(method, method.rule)
        except Exception:  # noqa: BLE001 - one rule must not keep all others from being followed; asked by itself it freezes
            _log.exception("a method's rule could not be taken in", method=method.id)
            self._forget(method.id)

    def _keep(self, method: Method, rule: Rule) -> None:
        facets = frozenset(facts_behind(rule, self.index.structure))
        self._facets[method.id] = facets
        self._shapes[method.id] = shape_of(rule, self.index.structure)
        self._predicates.put(method.id, facets)
        if method.state == "live" and self.audiences.put(method.id, rule, facets):
            self._one_by_one.remove(method.id)
        else:
            self.audiences.remove(method.id)
            self._one_by_one.put(method.id, facets)

    def _forget(self, method_id: int) -> None:
        self._predicates.remove(method_id)
        self._one_by_one.remove(method_id)
        self.audiences.remove(method_id)
        self._facets.pop(method_id, None)
        self._shapes.pop(method_id, None)


def regroups(change: Change) -> bool:
    """Whether what rules rest on has to be told anew: a change of the group tree, or of an activity's sessions."""
    return change.facet in ("learner_group", "session") and _moved(change)


def _moved(change: Change) -> bool:
    """Whether a group stands elsewhere in the tree, or a session belongs to another activity (or is new, or gone)."""
    key = "parent_id" if change.facet == "learner_group" else "activity_id"
    if change.old is None or change.new is None:
        return True
    return bool(change.old.get(key) != change.new.get(key))


def _reason(change: Change) -> dict[str, Any]:
    row = change.new or change.old or {}
    name = row.get("name") or row.get("title")
    return {"facet": change.facet, "ref": change.ref_id, "name": name, "old": None, "new": None}
