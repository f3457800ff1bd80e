"""Any acts by any methods: enrollments equal a naive model of the design, and undoing all of it in reverse gives the first state.

`MUSTER_TEST_ACTS` says how many acts (`make campaign` does a thousand), `MUSTER_TEST_SEEDS` with which seeds.
"""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from typing import Any, NamedTuple

import pytest

from backend.database import fetch, fetch_value
from backend.runtime import clock
from backend.services.enrollment.self_enrollment.waiting_list import fill_all
from tests.harness.system import System
from tests.naive.enrollment import Follow, Method, Organisation, World

ACTS = int(os.environ.get("MUSTER_TEST_ACTS", "30"))
SEEDS = [
    int(seed) for seed in os.environ.get("MUSTER_TEST_SEEDS", "1 2" if ACTS < 1_000 else "1 2 3 4 5").split()
]
PEOPLE, GROUPS, METHODS = 7, 4, 10
# Of these many days ago some complete what a chain follows.
LONG_AGO = 10

LIVE = "SELECT session_id, learner_id, state FROM enrollment WHERE state <> 'expired'"
SOURCES = """
SELECT s.session_id, s.learner_id, CASE WHEN m.hand_picked THEN 0 ELSE m.id END
FROM source s JOIN enrollment_method m ON m.id = s.method_id WHERE s.until IS NULL
"""
DEPARTURES = "SELECT method_id, learner_id FROM departure WHERE method_id = ANY($1::int[])"
WAITING = "SELECT session_id, method_id, learner_id FROM waiting_place ORDER BY id"
SELF_RUNS = "SELECT id FROM run WHERE cause = 'self' AND id > $1 ORDER BY id"
pytestmark = pytest.mark.timeout(60 + ACTS * 10)

Rows = set[Any]


class Entry(NamedTuple):
    """What was done: its runs, oldest first, who was enrolled before it, the model before it, and what it was."""

    runs: list[int]
    live: Rows
    world: World
    what: str


class Play:
    """The real Muster and the model, to both of which the same is done."""

    def __init__(self, system: System, seed: int) -> None:
        self.system = system
        self.random = Random(seed)
        # What can be undone, oldest first; what has just been undone, with the model before that; and methods by the model's number.
        self.done: list[Entry] = []
        self.undone: tuple[Entry, World, int] | None = None
        self.ids: dict[int, int] = {}

    async def begin(self) -> None:
        self.people = [await self.system.person(f"p{n}@example.org") for n in range(PEOPLE)]
        groups = [await self.system.group(f"Group {n}") for n in range(GROUPS)]
        # What chains follow; the sessions' activities, each with none or one inside the last.
        self.safety = await self.system.activity("Safety", external_id="safety")
        activities = [
            await self.system.activity(f"Path {n}", kind="path", external_id=f"path {n}") for n in range(4)
        ]
        await self.system.write(
            "INSERT INTO step (activity_id, position, kind, child_activity_id, title)"
            " VALUES ($1, 0, 'path', $2, 'Inside'), ($1, 1, 'content', NULL, 'More')",
            activities[3],
            activities[2],
        )
        self.sessions = [
            await self.system.session(activity, fuse_count=1000, catalog="everyone")
            for activity in activities
        ]
        *_, self.inner, self.outer = self.sessions
        for group in groups:
            await self.system.join(group, *self.random.sample(self.people, 3))
        made = await self.system.post(
            "/segments", {"name": "Some", "rule": {"blocks": [{"groups": [groups[0]]}]}}
        )
        self.segment = made.json()["id"]
        members = {
            group: {
                row["learner_id"]
                for row in await fetch("SELECT learner_id FROM membership WHERE group_id = $1", group)
            }
            for group in groups
        }
        places = dict(zip(self.sessions, activities, strict=True))
        self.external = {activity: f"path {n}" for n, activity in enumerate(activities)}
        self.external[self.safety] = "safety"
        self.model = Organisation(members, {self.segment: groups[0]}, set(self.people), places)
        await self.system.settled()

    # ── doing ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def live(self) -> Rows:
        return {tuple(row) for row in await fetch(LIVE)}

    async def do(self, **change: Any) -> None:
        """The act as it is shown."""
        shown = await self.system.post("/consequences", {"changes": [change]})
        assert shown.status_code == 200, (change, shown.text)
        body = {"changes": [change], "hash": shown.json()["hash"]}
        before = await self.live()
        done = await self.system.post("/consequences/apply", body)
        assert done.status_code == 200, (change, done.text)
        run = done.json()["run_id"]
        self.note([] if run is None else [run], before, str(change))
        await self.system.settled()

    def note(self, runs: list[int], before: Rows, what: str) -> None:
        """It can be undone. To be called before the model is told."""
        if runs:
            self.done.append(Entry(runs, before, self.model.copy(), what))

    async def by_oneself(self, one: int, path: str, what: str) -> int:
        """Somebody joins or leaves; what they are answered."""
        email = await fetch_value("SELECT email FROM learner WHERE id = $1", one)
        client = await self.system.client(email)
        before, last = await self.live(), await self.last_run()
        answer = await self.system.post(path, {}, client)
        self.note([row["id"] for row in await fetch(SELF_RUNS, last)], before, what)
        await self.system.settled()
        return answer.status_code

    async def last_run(self) -> int:
        found: int = await fetch_value("SELECT coalesce(max(id), 0) FROM run")
        return found

    async def settle(self) -> None:
        """What follows by itself, in both: what was done, and then who waits for a place."""
        self.model.follow()
        while True:
            before, last = await self.live(), await self.last_run()
            await fill_all()
            self.note([row["id"] for row in await fetch(SELF_RUNS, last)], before, "moving up")
            await self.system.settled()
            moved = self.model.fill()
            self.model.follow()
            if not moved and await self.last_run() == last:
                return

    async def compare(self, what: object) -> None:
        """Enrollments and all that decides about them are what the model says."""
        model = self.model
        assert await self.live() == model.live(), what
        await self.compare_sources(what)
        left = {(self.ids[n], one) for n, m in model.methods.items() if not m.returns for one in m.left}
        asked = [self.ids[n] for n, m in model.methods.items() if not m.returns]
        assert {tuple(row) for row in await fetch(DEPARTURES, asked)} == left, what
        excluded = await fetch("SELECT session_id, learner_id FROM exclusion")
        assert {tuple(row) for row in excluded} == model.excluded, what
        waiting = [(w.session, self.ids[w.number], w.one) for w in model.waiting]
        assert [tuple(row) for row in await fetch(WAITING)] == waiting, what

    async def compare_sources(self, what: object) -> None:
        """Everybody is held by the methods that the model says."""
        model = self.model
        told = {(m.session, one, self.ids[n]) for n, m in model.methods.items() for one in m.sources}
        told |= {(session, one, 0) for session, m in model.picked.items() for one in m.sources}
        held = {tuple(row) for row in await fetch(SOURCES)}
        numbers = {self.ids[n]: m for n, m in model.methods.items()}
        assert held == told, (what, held ^ told, [numbers.get(row[2]) for row in held ^ told])

    # ── acts at random ───────────────────────────────────────────────────────────────────────────────────────────

    async def act(self) -> str:
        """One of them; its name."""
        acts: list[Callable[[], Awaitable[None]]] = [
            self.join, self.join, self.unlink, self.unlink, self.status, self.make, self.make, self.make, self.switch,
            self.change_follow, self.change_window, self.change_places, self.delete, self.pick, self.leave_out, self.lift,
            self.pause, self.edit_segment, self.complete, self.complete, self.join_oneself, self.join_oneself,
            self.leave_oneself, self.undo, self.redo,
        ]  # fmt: skip
        chosen = self.random.choice(acts)
        if chosen not in (self.undo, self.redo):
            self.undone = None
        await chosen()
        await self.settle()
        return getattr(chosen, "__name__", "")

    async def join(self) -> None:
        group, one = self.random.choice(list(self.model.members)), self.random.choice(self.people)
        await self.do(act="members_add", group_id=group, learner_ids=[one])
        self.model.members[group].add(one)

    async def unlink(self) -> None:
        group = self.random.choice(list(self.model.members))
        inside = sorted(self.model.members[group] & self.model.counting)
        if not inside:
            return
        one, how = self.random.choice(inside), self.random.choice(["group_only", "expire"])
        await self.do(act="members_remove", group_id=group, learner_ids=[one], unlink=how)
        self.model.unlink(group, one, keep=how == "group_only")

    async def status(self) -> None:
        one = self.random.choice(self.people)
        counts = one in self.model.counting
        await self.do(act="learner", id=one, status="suspended" if counts else "active")
        (self.model.counting.discard if counts else self.model.counting.add)(one)

    # ── methods ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def make(self) -> None:
        if len(self.model.methods) >= METHODS:
            return
        kind = self.random.choice(
            ["audience", "audience", "group", "group", "segment", "chain", "subpath", "self"]
        )
        session = self.inner if kind == "subpath" else self.random.choice(self.sessions)
        method = Method(session, next(self.model.numbers), keeps=self.random.random() < 0.3)
        whose = getattr(self, f"_{kind}")(method)
        if whose is None:
            return
        how: dict[str, Any] = {"on_leave": "keep" if method.keeps else "expire"}
        if method.dynamic:
            method.follow = self.random.choice(["both", "both", "enter", "leave"])
            method.returns = method.follow != "both" or self.random.random() < 0.7
            bars: list[dict[str, Any]] = [
                {"reenter": "never"},
                {"reenter": "after_days", "reenter_days": 3},
            ]
            barred = self.random.choice(bars)
            how |= {"follow": method.follow, **({} if method.returns else barred), **self._window(method)}
        await self.do(act="method", session_id=session, kind=kind, name=f"M{method.number}", **how, **whose)
        self.ids[method.number] = await fetch_value(
            "SELECT max(id) FROM enrollment_method WHERE NOT hand_picked"
        )
        self.model.methods[method.number] = method
        self.model.apply(method.number)

    def _audience(self, method: Method) -> dict[str, Any]:
        method.group, method.of_group = self.random.choice(list(self.model.members)), True
        return {"rule": {"blocks": [{"groups": [method.group]}]}, **self._maybe_dynamic(method)}

    def _group(self, method: Method) -> dict[str, Any]:
        method.group, method.of_group = self.random.choice(list(self.model.members)), True
        return {"group_id": method.group, **self._maybe_dynamic(method)}

    def _segment(self, method: Method) -> dict[str, Any]:
        method.segment = self.segment
        return {"segment_id": self.segment, **self._maybe_dynamic(method)}

    def _maybe_dynamic(self, method: Method) -> dict[str, Any]:
        method.dynamic = self.random.random() < 0.8
        return {"dynamic": method.dynamic}

    def _chain(self, method: Method) -> dict[str, Any]:
        method.dynamic, method.after = True, self.safety
        earlier = self.random.random() < 0.6
        if not earlier:
            method.since = frozenset(one for one, days in self.model.done[self.safety].items() if days == 0)
        elif self.random.random() < 0.5:
            method.delay = LONG_AGO // 2
        return {"after_activity_id": self.safety, "earlier": earlier, "delay_days": method.delay or None}

    def _subpath(self, method: Method) -> dict[str, Any]:
        method.dynamic, method.parent = True, self.outer
        return {"parent_session_id": self.outer}

    def _self(self, method: Method) -> dict[str, Any] | None:
        if any(one.joined and one.session == method.session for one in self.model.methods.values()):
            return None
        method.joined, method.capacity = True, self.random.choice([None, 1, 1, 2])
        return {"open": True, "capacity": method.capacity}

    def _window(self, method: Method) -> dict[str, Any]:
        """Before it, within it, after it, or none."""
        day = timedelta(days=1)
        starts, ends = self.random.choice(
            [(None, None), (None, None), (-day, day), (-day, None), (day, 2 * day), (-2 * day, -day), (None, -day)]
        )  # fmt: skip
        method.running = (starts is None or starts < timedelta(0)) and (ends is None or ends > timedelta(0))
        now = clock.now()
        return {
            "starts_at": None if starts is None else (now + starts).isoformat(),
            "ends_at": None if ends is None else (now + ends).isoformat(),
        }

    def _some_method(self, which: Callable[[Method], bool] = lambda _: True) -> int | None:
        some = sorted(number for number, method in self.model.methods.items() if which(method))
        return self.random.choice(some) if some else None

    async def _change(self, number: int, **change: Any) -> None:
        session = self.model.methods[number].session
        await self.do(act="method", session_id=session, method_id=self.ids[number], **change)

    async def switch(self) -> None:
        number = self._some_method()
        if number is not None:
            method = self.model.methods[number]
            await self._change(number, active=not method.active)
            method.active = not method.active
            self.model.apply(number)

    async def change_follow(self) -> None:
        number = self._some_method(lambda method: method.dynamic and method.returns)
        if number is not None:
            follow: Follow = self.random.choice(("both", "enter", "leave"))
            await self._change(number, follow=follow)
            self.model.methods[number].follow = follow
            self.model.apply(number)

    async def change_window(self) -> None:
        number = self._some_method(lambda method: method.dynamic)
        if number is not None:
            method = self.model.methods[number]
            running = method.running
            window = self._window(method)
            after, method.running = method.running, running
            await self._change(number, **window)
            method.running = after
            self.model.apply(number)

    async def change_places(self) -> None:
        number = self._some_method(lambda method: method.joined)
        if number is not None:
            capacity = self.random.choice([None, 1, 2, 3])
            await self._change(number, capacity=capacity)
            self.model.methods[number].capacity = capacity
            self.model.apply(number)

    async def delete(self) -> None:
        number, how = self._some_method(), self.random.choice(["keep", "expire"])
        if number is not None:
            await self.do(act="method_delete", id=self.ids[number], people=how)
            self.model.delete(number, keep=how == "keep")

    async def pick(self) -> None:
        session, people = self.random.choice(self.sessions), self.random.sample(self.people, 2)
        await self.do(act="method", session_id=session, kind="manual", rule={"include": people})
        self.model.pick_by_hand(session, set(people))

    async def edit_segment(self) -> None:
        group = self.random.choice(list(self.model.members))
        await self.do(act="segment", id=self.segment, rule={"blocks": [{"groups": [group]}]})
        self.model.segments[self.segment] = group

    # ── one person's enrollment ──────────────────────────────────────────────────────────────────────────────────

    async def leave_out(self) -> None:
        enrolled = sorted(self.model.live())
        if not enrolled or self.random.random() < 0.3:
            return
        session, one, state = self.random.choice(enrolled)
        do = "exclude" if state == "completed" else self.random.choice(["unenroll", "exclude"])
        await self.do(act="enrollments", ids=[await self._enrollment(session, one)], do=do)
        self.model.leave_out(session, one)

    async def lift(self) -> None:
        if not self.model.excluded:
            return
        session, one = self.random.choice(sorted(self.model.excluded))
        before = await self.live()
        answer = await self.system.post(f"/sessions/{session}/exclusions/lift", {"learner_ids": [one]})
        assert answer.is_success, answer.text
        self.note([answer.json()["run_id"]], before, "lift")
        await self.system.settled()
        self.model.excluded.discard((session, one))

    async def pause(self) -> None:
        enrolled = sorted(one for one in self.model.live() if one[2] != "completed")
        if not enrolled:
            return
        session, one, state = self.random.choice(enrolled)
        do = "suspend" if state == "active" else "resume"
        await self.do(act="enrollments", ids=[await self._enrollment(session, one)], do=do)
        if do == "resume":
            self.model.resume(session, one)
        else:
            self.model.states[session, one] = "suspended"

    async def complete(self) -> None:
        """What chains follow, or what a session is of."""
        activity = self.random.choice([self.safety, self.safety, *list(self.model.activities.values())[:3]])
        left = sorted(set(self.people) - set(self.model.done[activity]))
        if not left:
            return
        one, days = self.random.choice(left), self.random.choice([0, LONG_AGO])
        row = {
            "learner": await fetch_value("SELECT email FROM learner WHERE id = $1", one),
            "activity": self.external[activity],
            "status": "completed",
            "completed_at": (clock.now() - timedelta(days=days)).isoformat(),
        }
        await self.do(act="results", results=[row])
        self.model.complete(activity, one, days)

    async def _enrollment(self, session: int, one: int) -> int:
        found: int = await fetch_value(
            "SELECT id FROM enrollment WHERE session_id = $1 AND learner_id = $2", session, one
        )
        return found

    async def join_oneself(self) -> None:
        number, one = self._some_method(lambda method: method.joined), self.random.choice(self.people)
        if number is None or one not in self.model.counting:
            return
        session = self.model.methods[number].session
        status = await self.by_oneself(one, f"/sessions/{session}/self-enroll", "joining")
        expected = {"enrolled": 200, "waiting": 202, "refused": 403}
        assert status == expected[self.model.join(number, one)]

    async def leave_oneself(self) -> None:
        number = self._some_method(lambda method: method.joined)
        if number is None:
            return
        method = self.model.methods[number]
        inside = sorted((method.sources | set(self.model.queue(number))) & self.model.counting)
        if not inside:
            return
        one = self.random.choice(inside)
        status = await self.by_oneself(one, f"/sessions/{method.session}/leave", "leaving")
        assert status == {"left": 200, "refused": 409}[self.model.leave(number, one)]

    # ── undo ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def undo(self) -> None:
        """The last thing that was done."""
        if not self.done:
            return
        entry = self.done.pop()
        after = self.model.copy()
        undos = await self.take_back(entry)
        self.model.restore(entry.world)
        taken = Entry(undos, entry.live, entry.world, f"undo of {entry.what}")
        self.undone = (taken, after, len(self.done))

    async def redo(self) -> None:
        """Undo the undo, if nothing has followed from it."""
        if self.undone is None:
            return
        entry, after, last = self.undone
        self.undone = None
        if len(self.done) != last:
            return
        runs = await self.take_back(entry, check=False)
        self.done.append(Entry(runs, entry.live, entry.world, f"redo: {entry.what}"))
        self.model.restore(after)

    async def take_back(self, entry: Entry, *, check: bool = True) -> list[int]:
        """Its runs, the last first; the undos in the order in which they were done."""
        undos, told = [], []
        for run in reversed(entry.runs):
            answer = await self.system.post(f"/runs/{run}/undo", {})
            assert answer.is_success, (entry.what, answer.text)
            undos.append(answer.json()["id"])
            told.append((answer.json()["left_alone"], answer.json()["left_facts"]))
            await self.system.settled()
        if check:
            assert await self.live() == entry.live, (entry.what, entry.runs, told)
        return undos


@pytest.mark.parametrize("seed", SEEDS)
async def test_any_acts_are_as_the_design_says_and_can_be_undone(system: System, seed: int) -> None:
    play = Play(system, seed)
    await play.begin()
    members = await fetch("SELECT group_id, learner_id FROM membership ORDER BY 1, 2")
    done = []
    for _ in range(ACTS):
        done.append(await play.act())
        await play.compare((len(done), done[-8:], [entry.what for entry in play.done[-4:]]))
    while play.done:
        entry = play.done.pop()
        await play.take_back(entry)
        play.model.restore(entry.world)
        # What is left alone would show in who is enrolled much later, if at all.
        await play.compare_sources(("undoing", entry.what, entry.runs, [one.what for one in play.done[-4:]]))
    assert await play.live() == set()
    assert await fetch("SELECT group_id, learner_id FROM membership ORDER BY 1, 2") == members
    assert await fetch_value("SELECT count(*) FROM learner WHERE status = 'suspended'") == 0
    assert await fetch_value("SELECT count(*) FROM result") == 0
    assert await fetch_value("SELECT count(*) FROM exclusion") == 0
