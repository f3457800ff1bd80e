"""Who is enrolled, by loops: DESIGN.md written down a second time, without a look at the engine.

Sessions of different activities, so that nobody is blocked; a method's rule is one group, or a segment that is one group.
"""

from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field, fields
from itertools import count
from typing import Literal, NamedTuple

Follow = Literal["both", "enter", "leave"]
Policy = Literal["keep", "expire"]
# More rounds than this nothing takes to come to rest.
MOST_ROUNDS = 20


@dataclass
class Method:
    """One way into a session. `sources` are those whom it holds."""

    session: int
    # Methods are made in this order; where several go at once, the oldest is remembered.
    number: int = 0
    group: int | None = None
    # Whether it names the group itself: what unlinking somebody with its sessions ends.
    of_group: bool = False
    segment: int | None = None
    # A chain: who completed this, so many days ago; `since`: not those who had done so when it was confirmed.
    after: int | None = None
    delay: int = 0
    since: frozenset[int] | None = None
    # A subpath: who is enrolled in this session.
    parent: int | None = None
    # Who wants to joins by themselves, as long as there are places (None: any number).
    joined: bool = False
    capacity: int | None = None
    dynamic: bool = False
    follow: Follow = "both"
    returns: bool = True
    # Whether it has started, and not ended.
    running: bool = True
    keeps: bool = False
    active: bool = True
    sources: set[int] = field(default_factory=set)
    # Who left it, of one to which nobody returns.
    left: set[int] = field(default_factory=set)


class Waiting(NamedTuple):
    """Somebody who waits for a place of a method of a session."""

    session: int
    number: int
    one: int


@dataclass
class World:
    """What acts change, and an undo brings back: all but who waits for a place."""

    members: dict[int, set[int]]
    segments: dict[int, int]
    counting: set[int]
    methods: dict[int, Method] = field(default_factory=dict)
    states: dict[tuple[int, int], str] = field(default_factory=dict)
    excluded: set[tuple[int, int]] = field(default_factory=set)
    picked: dict[int, Method] = field(default_factory=dict)
    # Whom a group's own method left behind as picked by hand, and the group.
    kept_from: dict[tuple[int, int], int | None] = field(default_factory=dict)
    # By activity who completed it, and how many days ago.
    done: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))


class Organisation(World):
    """Groups, segments, people who count, methods by number, and the state of each enrollment there is or was.

    `activities`: of each session what it is a session of.
    """

    def __init__(
        self,
        members: dict[int, set[int]],
        segments: dict[int, int],
        counting: set[int],
        activities: dict[int, int],
    ) -> None:
        super().__init__(members, segments, counting)
        self.activities = activities
        self.numbers = count(1)
        # The hand-picked methods of sessions stay where they are, whatever is undone.
        self._picking: dict[int, int] = {}
        # Who came first is first.
        self.waiting: list[Waiting] = []

    # ── what is asked ────────────────────────────────────────────────────────────────────────────────────────────

    def live(self) -> set[tuple[int, int, str]]:
        """Session, person and state of every enrollment that has not ended."""
        return {(*key, state) for key, state in self.states.items() if state != "expired"}

    def is_live(self, session: int, one: int) -> bool:
        """Whether somebody is enrolled."""
        return self.states.get((session, one), "expired") != "expired"

    def audience(self, method: Method) -> set[int]:
        """Whom the method is about, of those who count."""
        found: set[int] = set()
        if method.after is not None:
            found = {
                one
                for one, days in self.done[method.after].items()
                if days >= method.delay and (method.since is None or (days == 0 and one not in method.since))
            }
        elif method.parent is not None:
            found = {
                one
                for (session, one), state in self.states.items()
                if session == method.parent and state != "expired"
            }
        else:
            group = method.group if method.segment is None else self.segments[method.segment]
            found = set() if group is None else self.members[group]
        return found & self.counting

    def wanted(self, method: Method, *, confirmed: bool) -> set[int]:
        """Whom the method should hold, of those who count."""
        people = self.audience(method) if method.running else set()
        if not method.returns:
            people = people - (method.left - method.sources)
        if method.follow == "enter":
            people = people | (method.sources & self.counting)
        elif method.follow == "leave" and not confirmed:
            people = people & method.sources
        return {one for one in people if (method.session, one) not in self.excluded}

    def reasons(self, session: int, one: int) -> list[Method]:
        """The methods that hold somebody in a session."""
        every = [*self.methods.values(), *self.picked.values()]
        return [method for method in every if method.session == session and one in method.sources]

    # ── what happens ─────────────────────────────────────────────────────────────────────────────────────────────

    def settle(self) -> None:
        """What follows by itself: dynamic methods, and whoever waits for a place, until nothing is left to do."""
        self.follow()
        while self.fill():
            self.follow()

    def follow(self) -> None:
        """Every dynamic method that is on follows, until nothing is left to do."""
        for _ in range(MOST_ROUNDS):
            following = [one for one in self.methods.values() if one.dynamic and one.active]
            if not self.hold([(one, self.wanted(one, confirmed=False)) for one in following]):
                return
        raise AssertionError("it does not come to rest")

    def hold(self, wanted: Iterable[tuple[Method, set[int]]]) -> bool:
        """These methods hold these people from now on: all enter before anybody leaves. Whether anything changed."""
        decided = [(method, people, set(method.sources)) for method, people in wanted]
        going = []
        for method, people, held in decided:
            for one in people - held:
                self.enter(method, one)
            going += [(method, one) for one in (held & self.counting) - people]
        self.go(going)
        return any(people ^ (held & self.counting) for _, people, held in decided)

    def enter(self, method: Method, one: int) -> None:
        """The method holds somebody, who is enrolled by it unless they are already."""
        method.sources.add(one)
        method.left.discard(one)
        if not self.is_live(method.session, one):
            completed = one in self.done[self.activities[method.session]]
            self.states[method.session, one] = "completed" if completed else "active"

    def go(self, going: Iterable[tuple[Method, int]], asked: Policy | None = None) -> None:
        """These methods let these people go at once. With the last of them the mildest policy decides, or what was asked."""
        together: dict[tuple[int, int], list[Method]] = defaultdict(list)
        for method, one in going:
            together[method.session, one].append(method)
            method.sources.discard(one)
            if not method.returns:
                method.left.add(one)
        for (session, one), methods in together.items():
            keeping = asked == "keep" if asked else any(method.keeps for method in methods)
            if self.picked.get(session) in methods:
                self.kept_from.pop((session, one), None)
            if self.reasons(session, one) or not self.is_live(session, one):
                continue
            if not keeping and self.states[session, one] != "completed":
                self.states[session, one] = "expired"
                continue
            oldest = min(methods, key=lambda method: method.number)
            self.pick(session, one)
            self.kept_from[session, one] = oldest.group if oldest.of_group else None

    def pick(self, session: int, one: int) -> None:
        """Somebody is held by hand."""
        if session not in self.picked:
            number = self._picking.setdefault(session, next(self.numbers))
            self.picked[session] = Method(session, number)
        self.enter(self.picked[session], one)

    # ── acts ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def apply(self, number: int) -> None:
        """A person confirms the method's plan. One that is off, or that people join, holds whom it has, but nobody who is left out."""
        method = self.methods[number]
        people = self.wanted(method, confirmed=True)
        if method.joined or not method.active:
            held = method.sources & self.counting
            people = {one for one in held if (method.session, one) not in self.excluded}
        self.hold([(method, people)])

    def pick_by_hand(self, session: int, people: set[int]) -> None:
        """Picking only adds; of whom the session leaves out the hand-picked method lets go."""
        for one in people & self.counting:
            if (session, one) not in self.excluded:
                self.pick(session, one)
        picked = self.picked.get(session)
        if picked is not None:
            out = {one for one in picked.sources & self.counting if (session, one) in self.excluded}
            self.go([(picked, one) for one in out])

    def unlink(self, group: int, one: int, *, keep: bool) -> None:
        """Out of the group, with the sessions that it gave them or without."""
        before = {number: one in self.audience(method) for number, method in self.methods.items()}
        self.members[group].discard(one)
        going = []
        for number, method in self.methods.items():
            lost = before[number] and one not in self.audience(method) and method.dynamic and method.active
            own = not keep and method.of_group and method.group == group
            if (lost or own) and one in method.sources:
                going.append((method, one))
        for session, method in self.picked.items():
            if not keep and one in method.sources and self.kept_from.get((session, one)) == group:
                going.append((method, one))
        self.go(going, "keep" if keep else "expire")

    def leave_out(self, session: int, one: int) -> None:
        """Unenrolled or excluded by hand: every reason ends unless it is completed, and nobody takes them in again."""
        self.excluded.add((session, one))
        if self.states[session, one] != "completed":
            self.go([(method, one) for method in self.reasons(session, one)], "expire")

    def resume(self, session: int, one: int) -> None:
        """Access again, or what was completed meanwhile."""
        completed = one in self.done[self.activities[session]]
        self.states[session, one] = "completed" if completed else "active"

    def complete(self, activity: int, one: int, days_ago: int) -> None:
        """Whoever is enrolled in the activity has completed it; who is suspended has when they are back."""
        self.done[activity][one] = days_ago
        for session, of in self.activities.items():
            if of == activity and self.states.get((session, one)) == "active":
                self.states[session, one] = "completed"

    def delete(self, number: int, *, keep: bool) -> None:
        """The method goes; whom it alone held is kept or leaves."""
        method = self.methods.pop(number)
        going = [(method, one) for one in sorted(method.sources)]
        self.go(going, "keep" if keep else "expire")

    # ── joining by oneself ───────────────────────────────────────────────────────────────────────────────────────

    def join(self, number: int, one: int) -> str:
        """Somebody wants to join: what they are told."""
        method = self.methods[number]
        if not method.active:
            return "refused"
        if self.is_live(method.session, one):
            return "enrolled"
        full = method.capacity is not None and len(method.sources) >= method.capacity
        if one in self.queue(number) or full:
            if one not in self.queue(number):
                # Whoever waited for something that is gone begins anew.
                self.waiting = [w for w in self.waiting if (w.session, w.one) != (method.session, one)]
                self.waiting.append(Waiting(method.session, number, one))
            return "waiting"
        if (method.session, one) in self.excluded:
            return "refused"
        self.enter(method, one)
        return "enrolled"

    def leave(self, number: int, one: int) -> str:
        """Somebody leaves what they joined, or the list: what they are told."""
        method = self.methods[number]
        waits = any((w.session, w.one) == (method.session, one) for w in self.waiting)
        if one not in method.sources and not waits:
            return "refused"
        if one in method.sources and self.states[method.session, one] == "completed":
            return "refused"
        self.waiting = [w for w in self.waiting if (w.session, w.one) != (method.session, one)]
        if one in method.sources:
            self.go([(method, one)], "expire")
        self._fill(method)
        return "left"

    def queue(self, number: int) -> list[int]:
        """Who waits for a place, the first first."""
        return [w.one for w in self.waiting if w.number == number]

    def fill(self) -> bool:
        """Who waits moves up as far as there are places; whoever is enrolled by now waits no longer. Whether anybody did."""
        self.waiting = [w for w in self.waiting if not self.is_live(w.session, w.one)]
        moved = [self._fill(one) for one in self.methods.values() if one.joined]
        return any(moved)

    def _fill(self, method: Method) -> bool:
        self.waiting = [
            w for w in self.waiting if w.session != method.session or not self.is_live(w.session, w.one)
        ]
        may = [
            one
            for one in self.queue(method.number)
            if one in self.counting and (method.session, one) not in self.excluded
        ]
        if method.capacity is not None:
            may = may[: max(0, method.capacity - len(method.sources))]
        if not method.active:
            return False
        for one in may:
            self.enter(method, one)
        self.waiting = [w for w in self.waiting if w.number != method.number or w.one not in may]
        return bool(may)

    # ── undo ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def copy(self) -> World:
        """How it is now."""
        return World(**{one.name: deepcopy(getattr(self, one.name)) for one in fields(World)})

    def restore(self, world: World) -> None:
        """As it was then; who waits for a place goes on waiting."""
        for one in fields(World):
            setattr(self, one.name, deepcopy(getattr(world, one.name)))
