"""What a change of structure means to whoever follows rules."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyroaring import BitMap

from backend.index import Batch, Change, FacetIndex
from backend.index.steps import Steps
from backend.rules import Facet
from backend.services.enrollment.reconciler.followed_methods import FollowedMethods
from backend.services.enrollment.reconciler.method_checks import MethodCheck, MethodChecks

# Structure whose change may mend, or break, a rule.
_MEANING = frozenset(
    {"learner_group", "session", "activity", "segment", "field", "certificate", "enrollment_method"}
)


def regroups(change: Change) -> bool:
    """Whether what rules rest on has to be told anew: a change of the group tree, or of an activity's sessions."""
    return change.facet in ("learner_group", "session") and is_moved(change)


def is_moved(change: Change) -> bool:
    """Whether a group stands elsewhere in the tree, or a session belongs to another activity (or is new, or gone)."""
    key = "parent_id" if change.facet == "learner_group" else "activity_id"
    if change.old is None or change.new is None:
        return True
    return bool(change.old.get(key) != change.new.get(key))


def ended_now(change: Change) -> bool:
    """Whether a group has ended by this change, or what rules that use it do then is another."""
    if change.old is None or change.new is None:
        return False
    return any(change.old.get(name) != change.new.get(name) for name in ("ended", "after_end"))


def ancestry(row: Mapping[str, Any] | None, index: FacetIndex) -> frozenset[int]:
    """The groups above a group with this row, as the tree is now; none where there is no row."""
    parent = None if row is None else row.get("parent_id")
    return frozenset() if parent is None else frozenset({parent}) | index.ancestors_of(parent)


def structure_reason(change: Change) -> dict[str, Any]:
    """What is told as the reason of those whom it moves."""
    row = change.new or change.old or {}
    name = row.get("name") or row.get("title")
    return {"facet": change.facet, "ref": change.ref_id, "name": name, "old": None, "new": None}


class StructureChanges:
    """Takes changes of structure into `methods`, and finds what is to be looked at because of them."""

    def __init__(self, index: FacetIndex, methods: FollowedMethods, checks: MethodChecks) -> None:
        self.index = index
        self.methods = methods
        self.checks = checks

    def steps(self, batch: Batch) -> Steps[None]:
        """Take in what a batch changed of the structure."""
        changes = [change for change in batch.changes if not change.is_fact]
        for change in changes:
            match change.facet:
                case "enrollment_method":
                    self._method(change)
                case "session":
                    yield from self._session(change)
                case "activity":
                    self._activity(change)
                case "learner_group":
                    yield from self._ended(change)
            yield from self._meaning(change)
        moves = [change for change in changes if change.facet == "learner_group" and is_moved(change)]
        if moves:
            yield from self._regrouped(moves, batch.learners)
        if any(change.facet in _MEANING for change in changes):
            self._broken_ones()

    def _method(self, change: Change) -> None:
        method = self.index.methods.get(change.ref_id or 0)
        if method is None:
            self.methods.forget(change.ref_id or 0)
            return
        self.methods.put(method)
        self.checks.add_whole(method.id, run_id=change.run_id)

    def _session(self, change: Change) -> Steps[None]:
        if is_moved(change):
            # An activity has a session more or less: rules that ask who is enrolled in it rest on others.
            activities = {(row or {}).get("activity_id") for row in (change.old, change.new)}
            yield from self._again([Facet("activity", one) for one in activities], None, change)
        if (change.old or {}).get("ends_at") != (change.new or {}).get("ends_at"):
            for method_id in self.index.methods_of(change.ref_id or 0):
                self.checks.add_whole(method_id, run_id=change.run_id)

    def _ended(self, change: Change) -> Steps[None]:
        """A group has ended, or goes on: rules that name it freeze; those that are frozen are looked at anyway."""
        if not ended_now(change):
            return
        for method_id in sorted(self.methods.resting_on([Facet("membership", change.ref_id)])):
            self.methods.put(self.index.methods[method_id])
            self.checks.add_whole(method_id, "clock", structure_reason(change), change.run_id)
            yield

    def _activity(self, change: Change) -> None:
        """Whether several sessions are allowed decides who is blocked."""
        if (change.old or {}).get("several_sessions") == (change.new or {}).get("several_sessions"):
            return
        for session_id in self.index.sessions_of(change.ref_id or 0):
            for method_id in self.index.methods_of(session_id):
                waiting = self.index.blocked_for(method_id)
                self.checks.add(method_id, MethodCheck(None, waiting, run_id=change.run_id))

    def _meaning(self, change: Change) -> Steps[None]:
        """Rules that mention what was changed are asked anew."""
        name = {"activity": "result", "certificate": "award"}.get(change.facet, change.facet)
        if change.facet not in ("segment", "field", "activity", "certificate"):
            return
        for method_id in self.methods.resting_on([Facet(name, change.ref_id)]):
            self.methods.put(self.index.methods[method_id])
            self.checks.add_whole(method_id, "change", structure_reason(change), change.run_id)
            yield

    def _regrouped(self, moves: Sequence[Change], touched: BitMap) -> Steps[None]:
        """Groups stand elsewhere in the tree: the rules above, where they stood and stand, hold other people of theirs.

        Looked at are the people of what was moved, and those of whom the same changes, or others that are not decided about
        yet, tell: they may have left before, which says nothing to rules that rest on other groups by now.
        """
        self.methods.audiences.regroup(change.ref_id or 0 for change in moves)
        above = [ancestry(row, self.index) for change in moves for row in (change.old, change.new)]
        # Under these nobody came or went.
        common = frozenset.intersection(*above)
        people = touched | self.methods.audiences.undecided
        asked = {Facet("membership", group) for group in frozenset.union(*above) - common}
        for change in moves:
            if change.old is None or change.new is None:
                asked.add(Facet("membership", change.ref_id))
            for group in self.index.descendants(change.ref_id or 0):
                people |= self.index.members(group)
        yield from self._again(asked, people, moves[-1])

    def _again(self, asked: Iterable[Facet], people: BitMap | None, because: Change) -> Steps[None]:
        """Tell anew what these rules rest on; of who rests on something else these people (None: all) are looked at."""
        for method_id in sorted(self.methods.resting_on(asked)):
            method = self.index.methods.get(method_id)
            if method is None:
                continue
            before = self.methods.shape(method_id)
            self.methods.put(method)
            if self.methods.shape(method_id) != before or (method.rule and self.index.check(method.rule)):
                check = MethodCheck(people, BitMap(), "change", structure_reason(because), because.run_id)
                self.checks.add(method_id, check)
            yield

    def _broken_ones(self) -> None:
        for method in self.index.methods.values():
            if method.state == "frozen":
                self.checks.add_whole(method.id)
