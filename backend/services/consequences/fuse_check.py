"""Whom the fuses would hold in a supposed world: the same bounds as `services/enrollment/fuses`, over its view of the index."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from pyroaring import BitMap

from backend.database import fetch
from backend.enrollment.fuse import ENTRY_WINDOW, WINDOW, Fuse
from backend.enrollment.method_kinds import enrolls
from backend.index import FacetIndex
from backend.services.consequences import statements
from backend.services.enrollment.fuses.decision import Decision


class HeldPeople(Struct, frozen=True):
    """Of one decision, who would wait for a person."""

    entering: BitMap
    leaving: BitMap

    @property
    def people(self) -> BitMap:
        """All of them."""
        return self.entering | self.leaving


class FuseCheck:
    """Remembers what the tables told: methods and sessions are asked about once."""

    def __init__(self, index: FacetIndex, now: datetime) -> None:
        self._index = index
        self._now = now
        self._left: dict[int, int] = {}
        self._entered: dict[int, int] = {}
        # The same in the supposed world.
        self._entered_here: Counter[int] = Counter()
        self._left_here: Counter[int] = Counter()
        # By method, whether people are on its list already who would leave (`left`) and enter (`entered`).
        self._lists: dict[int, frozenset[str]] = {}

    async def held(self, decisions: Sequence[Decision]) -> dict[int, HeldPeople]:
        """By method, of decisions that are made at once."""
        some = [
            one
            for one in decisions
            if one.method.dynamic and one.problem is None and enrolls(one.method.kind)
        ]
        await self._ask(some)
        passing: dict[int, int] = defaultdict(int)
        leaving: dict[int, dict[int, BitMap]] = defaultdict(dict)
        for one in some:
            leaving[one.method.session_id][one.method.id] = one.leaving
        found = {}
        for one in some:
            # Whoever waits already has the others wait, too.
            lists = self._lists.get(one.method.id, frozenset())
            going = bool(one.leaving) and (
                "left" in lists or self._too_many_leave(one, leaving[one.method.session_id])
            )
            coming = bool(one.entering) and ("entered" in lists or self._too_many_enter(one, passing))
            if going or coming:
                nobody = BitMap()
                found[one.method.id] = HeldPeople(
                    one.entering if coming else nobody, one.leaving if going else nobody
                )
        return found

    def passed(self, entered: Mapping[int, int], left: Mapping[int, int]) -> None:
        """So many were let in, by session, and let go, by method: those who come after them find that this was lately."""
        self._entered_here.update(entered)
        self._left_here.update(left)

    async def _ask(self, decisions: Sequence[Decision]) -> None:
        methods = {one.method.id for one in decisions if one.leaving} - self._left.keys()
        sessions = {one.method.session_id for one in decisions if one.entering} - self._entered.keys()
        lists = {one.method.id for one in decisions if one.method.state == "held"} - self._lists.keys()
        if methods:
            rows = await fetch(statements.LEFT_LATELY, sorted(methods), self._now - WINDOW)
            self._left |= dict.fromkeys(methods, 0) | {row["id"]: row["people"] for row in rows}
        if sessions:
            rows = await fetch(statements.ENTERED_LATELY, sorted(sessions), self._now - ENTRY_WINDOW)
            self._entered |= dict.fromkeys(sessions, 0) | {row["id"]: row["people"] for row in rows}
        if lists:
            rows = await fetch(statements.HELD_LISTS, sorted(lists))
            found = {row["method_id"]: frozenset(row["changes"]) for row in rows}
            self._lists |= dict.fromkeys(lists, frozenset[str]()) | found

    def _too_many_leave(self, decision: Decision, leaving: Mapping[int, BitMap]) -> bool:
        method, index = decision.method, self._index
        fuse = self._fuse(method.session_id)
        lately = self._left[method.id] + self._left_here[method.id]

        def exceeds(people: int) -> bool:
            return fuse.removal_exceeds(leaving=people, left_lately=lately, remaining=decision.remaining)

        if not exceeds(len(decision.leaving)) or method.on_leave == "keep":
            return False
        lost = decision.leaving & (
            index.live_enrollments(method.session_id) - index.completed(method.session_id)
        )
        for other in index.enrolling_methods_of(method.session_id):
            if other != method.id:
                lost = lost - (index.source_holders(other) - leaving.get(other, BitMap()))
        return exceeds(len(lost))

    def _too_many_enter(self, decision: Decision, passing: dict[int, int]) -> bool:
        session_id, index = decision.method.session_id, self._index
        fuse = self._fuse(session_id)
        lately = self._entered[session_id] + self._entered_here[session_id]
        entering, together = len(decision.entering), passing[session_id] + lately
        if entering + together > fuse.entering:
            session = index.sessions[session_id]
            activity = index.activities.get(session.activity_id)
            several = activity is not None and activity.several_sessions
            there = [session_id] if several else index.sessions_of(session.activity_id)
            fresh = decision.entering
            for one in there:
                fresh = fresh - index.live_enrollments(one)
            entering = len(fresh)
            if (
                fuse.entry_exceeds(
                    entering=entering + passing[session_id],
                    entered_lately=lately,
                    enrolled=len(index.live_enrollments(session_id)),
                )
                and entering
            ):
                return True
        passing[session_id] += entering
        return False

    def _fuse(self, session_id: int) -> Fuse:
        session, organisation = self._index.sessions[session_id], self._index.structure.organisation
        return Fuse(
            count=session.fuse_count,
            percent=session.fuse_percent,
            most=organisation.fuse_most if session.fuse_most is None else session.fuse_most,
            entering=organisation.fuse_entering if session.fuse_entering is None else session.fuse_entering,
        )
