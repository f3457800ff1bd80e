"""What the one writer would do, over a view of the index: sources, enrollments, blocked people, and the notices of it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from pyroaring import BitMap

from backend.enrollment.method_kinds import enrolls, of_enrolled
from backend.enrollment.outcomes import Came, Coming, Going, Leave, come, go
from backend.index import Change
from backend.index.steps import Steps
from backend.index.supposing import SupposedIndex
from backend.runtime import clock
from backend.services.consequences.dates_of_fields import due_by_field, due_of_all, is_due_by_field
from backend.services.mail.notice_rows import due_of

# Whatever run opened a source: none has.
_BY_NO_RUN = [0]

Told = Callable[[list[Change]], None]


class Sooner(Struct, frozen=True):
    """People who are enrolled and would be due at this instant, unless they are due before, or by hand."""

    session_id: int
    people: BitMap
    due_at: datetime


class SupposedWriter:
    """Remembers which methods and sessions it touched, and who would be told of what."""

    def __init__(
        self, index: SupposedIndex, now: datetime, told: Told, new_method: Callable[[], int]
    ) -> None:
        self.index = index
        self.now = now
        self.methods: set[int] = set()
        self.sessions: set[int] = set()
        # Who was enrolled, by session and the moment at which they would be told; by session, who was kept without a source.
        self.enrolled: dict[int, dict[datetime, BitMap]] = defaultdict(dict)
        self.kept: dict[int, BitMap] = defaultdict(BitMap)
        self.sooner: list[Sooner] = []
        # How many were enrolled, by session, and lost access, by method.
        self.entered: Counter[int] = Counter()
        self.left: Counter[int] = Counter()
        self._told = told
        self._new_method = new_method

    # ── entering ─────────────────────────────────────────────────────────────────────────────────────────────────

    def enter_steps(self, entering: Mapping[int, BitMap]) -> Steps[None]:
        """These people by method are to be enrolled, all at once."""
        by_activity: dict[int, list[Coming]] = defaultdict(list)
        for method_id, people in entering.items():
            method = self.index.methods.get(method_id)
            session = None if method is None else self.index.sessions.get(method.session_id)
            if method is None or session is None:
                continue
            wanted = (people & self.index.countable) - self.index.source_holders(method_id)
            if not enrolls(method.kind):
                held = (
                    wanted & self.index.live_enrollments(session.id) if of_enrolled(method.kind) else wanted
                )
                self._put("source", held, method_id, _BY_NO_RUN)
                continue
            wanted = self.index.allowed(session.id, wanted, clock.day_of(self.now, self.index.timezone))
            by_activity[session.activity_id].append(Coming(method_id, session.id, wanted, method.priority))
        for activity_id, coming in by_activity.items():
            self._enter_activity(activity_id, coming)
            yield

    def _enter_activity(self, activity_id: int, coming: list[Coming]) -> None:
        activity = self.index.activities.get(activity_id)
        exclusive = activity is None or not activity.several_sessions
        everybody = BitMap.union(BitMap(), *(one.people for one in coming))
        live = {
            session_id: found
            for session_id in self.index.sessions_of(activity_id)
            if (found := self.index.live_enrollments(session_id) & everybody)
        }
        done = come(coming, live, exclusive=exclusive)
        for session_id in {one.session_id for one in done}:
            here = [one for one in done if one.session_id == session_id]
            self._enroll(session_id, here, activity_id if exclusive else None)
            self._join(session_id, here, live.get(session_id, BitMap()))
        for one in done:
            self._open(one)

    def _open(self, one: Came) -> None:
        waited = self.index.blocked_people(one.method_id) & one.opening
        self._put("blocked", waited, one.method_id, None)
        self._put("source", one.opening, one.method_id, _BY_NO_RUN)
        for session_id, people in one.blocked.items():
            self._put("blocked", people, one.method_id, session_id)

    def _enroll(self, session_id: int, came: list[Came], activity_id: int | None) -> None:
        """With the earliest due date of the methods that enroll them; who has completed the activity is through."""
        fresh = BitMap.union(BitMap(), *(one.enrolling for one in came))
        completed = BitMap() if activity_id is None else self.index.standing_as(activity_id, "completed")
        left = fresh
        for due_at, people in sorted(
            self._due(came), key=lambda found: found[0] or datetime.max.replace(tzinfo=UTC)
        ):
            some = left & people
            left = left - some
            for state, these in (("completed", some & completed), ("active", some - completed)):
                self.put_state(session_id, these, state, due_at)
        self.entered[session_id] += len(fresh)
        self._file(session_id, fresh)

    def _file(self, session_id: int, people: BitMap) -> None:
        """As `services/mail/notices` files it: nobody is told of a session that has ended."""
        session = self.index.sessions[session_id]
        if people and (session.ends_at is None or session.ends_at > self.now):
            at = due_of(session.starts_at, self.now, self.index.timezone)
            told = self.enrolled[session_id]
            told[at] = told.get(at, BitMap()) | people

    def _join(self, session_id: int, came: list[Came], live: BitMap) -> None:
        """Who is enrolled already may be due sooner."""
        for due_at, people in self._due(came):
            joining = people & live
            if due_at is None or not joining:
                continue
            if sooner := joining - self.index.due_until(session_id, due_at):
                self.sooner.append(Sooner(session_id, sooner, due_at))

    def _due(self, came: list[Came]) -> list[tuple[datetime | None, BitMap]]:
        """When they are due by the methods that bring them: all alike, or each after a date of their own."""
        found: list[tuple[datetime | None, BitMap]] = []
        for one in came:
            method = self.index.methods[one.method_id]
            if not is_due_by_field(method):
                found.append((due_of_all(self.index, method, self.now), one.opening))
                continue
            by_date: dict[datetime | None, BitMap] = defaultdict(BitMap)
            for learner_id in one.opening:
                by_date[due_by_field(self.index, method, learner_id)].add(learner_id)
            found += by_date.items()
        return found

    # ── leaving ──────────────────────────────────────────────────────────────────────────────────────────────────

    def leave_steps(self, leaving: Mapping[int, BitMap], asked: Leave | None = None) -> Steps[None]:
        """The sources of these people by method end, all at once; `asked` by a person instead of what the methods say."""
        by_session: dict[int, list[Going]] = defaultdict(list)
        for method_id, people in leaving.items():
            method = self.index.methods.get(method_id)
            if method is not None:
                held = people & self.index.source_holders(method_id)
                if not enrolls(method.kind):
                    self._put("source", held, method_id, None)
                    continue
                by_session[method.session_id].append(Going(method_id, method.on_leave, held))
        for session_id, going in by_session.items():
            self._leave_session(session_id, going, asked)
            yield

    def _leave_session(self, session_id: int, going: list[Going], asked: Leave | None) -> None:
        everybody = BitMap.union(BitMap(), *(one.people for one in going))
        ending = {one.method_id: one.people for one in going}
        remaining = BitMap()
        for method_id in self.index.enrolling_methods_of(session_id):
            held = self.index.source_holders(method_id) & everybody
            remaining |= held - ending[method_id] if method_id in ending else held
        live = self.index.live_enrollments(session_id) & everybody
        completed = self.index.completed(session_id) & everybody
        gone = go(going, remaining, live=live, completed=completed, asked=asked)
        for one in going:
            self._put("source", one.people, one.method_id, None)
            self.left[one.method_id] += len(one.people & gone.ending)
        self.end(session_id, gone.ending)
        if gone.keeping:
            self.kept[session_id] |= gone.keeping
            self._put("source", gone.keeping, self._hand_picked(session_id), _BY_NO_RUN)

    def end(self, session_id: int, people: BitMap) -> None:
        """Their access ends; what they were to be told is told no more."""
        self.put_state(session_id, people, "expired")
        told = self.enrolled[session_id]
        for at in told:
            told[at] -= people
        self.sooner = [
            one if one.session_id != session_id else msgspec.structs.replace(one, people=one.people - people)
            for one in self.sooner
        ]

    def _hand_picked(self, session_id: int) -> int:
        """The session's hand-picked method, made where it is missing."""
        for method_id in self.index.methods_of(session_id):
            if self.index.methods[method_id].hand_picked:
                return method_id
        method_id = self._new_method()
        row = {"session_id": session_id, "kind": "manual", "hand_picked": True, "state": "live"}
        self._told([self.index.suppose_row("enrollment_method", method_id, {"id": method_id, **row})])
        return method_id

    def release(self, method_id: int, people: BitMap) -> None:
        """They are wanted no longer, so they wait no longer."""
        self._put("blocked", people & self.index.blocked_people(method_id), method_id, None)

    # ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────

    def put_state(
        self,
        session_id: int,
        people: BitMap,
        state: str,
        due_at: datetime | msgspec.UnsetType | None = msgspec.UNSET,
    ) -> None:
        """The state of these people's enrollments in the session; with a due date where one is given."""
        if people:
            self.sessions.add(session_id)
            self._told(self.index.suppose_states(session_id, people, state, due_at))

    def _put(self, facet: str, people: BitMap, method_id: int, new: object) -> None:
        if people:
            self.methods.add(method_id)
            self._told(self.index.suppose_many(facet, people, method_id, new))
