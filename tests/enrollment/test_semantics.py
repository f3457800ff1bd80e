"""What must hold, as a table that a domain expert can read: given who is enrolled by what, when something happens, then who is enrolled.

Each step is one word or a word with what it is about; `CASES` is the table, the class below says what the words do.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from backend.database import fetch_value
from backend.runtime import clock
from backend.services.enrollment.self_enrollment.waiting_list import fill_all
from tests.harness.system import System

# name: given, when, then (the state of Anna's enrollment, None for none, and how many reasons she has).
CASES: dict[str, tuple[list[str], list[str], tuple[str | None, int]]] = {
    # ── several sources ──────────────────────────────────────────────────────────────────────────────────────────────
    "two sources and one goes": (["dynamic Sales", "dynamic Support"], ["leaves Sales"], ("active", 1)),
    "two sources and both go": (
        ["dynamic Sales", "dynamic Support"],
        ["leaves Sales", "leaves Support"],
        ("expired", 0),
    ),
    "keep as a policy": (["dynamic Sales, keep"], ["leaves Sales"], ("active", 1)),
    "excluded beats every method": (
        ["dynamic Sales", "dynamic Support"],
        ["is excluded"],
        ("expired", 0),
    ),
    # ── coming and going ─────────────────────────────────────────────────────────────────────────────────────────────
    "joins and leaves within an hour: no mail": (
        ["outside Sales", "dynamic Sales"],
        ["joins Sales", "leaves Sales", "no mail"],
        ("expired", 0),
    ),
    "completer leaves: completion stays": (
        ["dynamic Sales", "completes"],
        ["leaves Sales"],
        ("completed", 1),
    ),
    "suspended: the source is dormant, and back": (
        ["dynamic Sales"],
        ["is suspended", "leaves Sales", "joins Sales", "is active"],
        ("active", 1),
    ),
    "suspended, out, and back": (
        ["dynamic Sales"],
        ["is suspended", "leaves Sales", "is active"],
        ("expired", 0),
    ),
    "paused, completes meanwhile, and is let in again: completed": (
        ["dynamic Sales"],
        ["is paused", "completes", "is resumed", "leaves Sales"],
        ("completed", 1),
    ),
    "the method ends while she is suspended: she leaves when she is back": (
        ["dynamic Sales"],
        ["is suspended", "method ends", "is active"],
        ("expired", 0),
    ),
    # ── leaving a group by hand, and moving to another: each choice ──────────────────────────────────────────────────
    "unlinked from the group only: kept": (["dynamic Sales"], ["unlinked group_only"], ("active", 1)),
    "unlinked with the sessions: access ends, progress stays": (
        ["dynamic Sales", "begins"],
        ["unlinked expire", "has progress"],
        ("expired", 0),
    ),
    "unlinked and erased: access and progress end": (
        ["dynamic Sales", "begins"],
        ["unlinked erase", "no progress"],
        ("expired", 0),
    ),
    "moved to another group, group only: kept": (["dynamic Sales"], ["moved group_only"], ("active", 1)),
    "moved to another group with the sessions": (
        ["dynamic Sales", "begins"],
        ["moved expire", "has progress"],
        ("expired", 0),
    ),
    "moved to another group and erased": (
        ["dynamic Sales", "begins"],
        ["moved erase", "no progress"],
        ("expired", 0),
    ),
    "moved to a group that has the session too: that takes her in": (
        ["dynamic Sales", "dynamic Other"],
        ["moved expire"],
        ("active", 1),
    ),
    # ── one session of a path at a time ──────────────────────────────────────────────────────────────────────────────
    "enrolled in another session of the path: she waits, and is not moved": (
        ["elsewhere by hand"],
        ["dynamic Sales", "is blocked", "still elsewhere"],
        (None, 0),
    ),
    "she is promoted when the other session lets her go": (
        ["elsewhere by hand", "dynamic Sales"],
        ["elsewhere ends"],
        ("active", 1),
    ),
    "who left the audience while waiting is not promoted": (
        ["elsewhere by hand", "dynamic Sales"],
        ["leaves Sales", "elsewhere ends"],
        (None, 0),
    ),
    "a snapshot promotes who waited for it": (
        ["elsewhere by hand", "static Sales"],
        ["leaves Sales", "elsewhere ends"],
        ("active", 1),
    ),
    # ── a path inside a path ─────────────────────────────────────────────────────────────────────────────────────────
    "subpath: enrolled with the outer path": (["inside a path of Sales"], [], ("active", 1)),
    "subpath: leaves with the outer path": (["inside a path of Sales"], ["leaves Sales"], ("expired", 0)),
    "subpath with another source: that holds her": (
        ["inside a path of Sales", "dynamic Support"],
        ["leaves Sales"],
        ("active", 1),
    ),
    # ── snapshots ────────────────────────────────────────────────────────────────────────────────────────────────────
    "static: a snapshot stays": (["static Sales"], ["leaves Sales"], ("active", 1)),
    "static edited and confirmed: follows the new rule once": (
        ["static Sales"],
        ["rule becomes Support", "leaves Support"],
        ("active", 1),
    ),
    "static edited to a rule without her: she leaves at the confirmation": (
        ["outside Support", "static Sales"],
        ["rule becomes Support"],
        ("expired", 0),
    ),
    # ── chains ───────────────────────────────────────────────────────────────────────────────────────────────────────
    "chain: whoever completes the first is enrolled in the next": (
        ["chain after Safety"],
        ["completes Safety"],
        ("active", 1),
    ),
    "chain with earlier completers: they are in its plan": (
        ["completed Safety"],
        ["chain after Safety"],
        ("active", 1),
    ),
    "chain without earlier completers: they are not": (
        ["completed Safety"],
        ["chain after Safety, from now on"],
        (None, 0),
    ),
    "chain without earlier completers: later ones are": (
        ["chain after Safety, from now on"],
        ["completes Safety"],
        ("active", 1),
    ),
    # ── segments and classes ─────────────────────────────────────────────────────────────────────────────────────────
    "a segment inside a segment follows": (["segment of a segment"], ["leaves Sales"], ("expired", 0)),
    "locked course group: the method's class is not left by hand": (
        ["class A of Sales"],
        ["refused out of class", "in class"],
        ("active", 1),
    ),
    "locked course group: it goes with the method's hold, and another source keeps her enrolled": (
        ["class A of Sales", "dynamic Support"],
        ["leaves Sales", "in no class"],
        ("active", 1),
    ),
    # ── rules that cannot be worked out ──────────────────────────────────────────────────────────────────────────────
    "a broken rule freezes: nobody leaves": (
        ["dynamic Support and Gone"],
        ["Gone is deleted", "leaves Support"],
        ("active", 1),
    ),
    # ── capacity and waiting list ────────────────────────────────────────────────────────────────────────────────────
    "one place, and it is free: she has it": (["one place"], ["asks to join"], ("active", 1)),
    "one place, and Ben has it: she waits": (
        ["one place", "Ben joins"],
        ["asks to join", "is waiting"],
        (None, 0),
    ),
    "she moves up when he leaves, and is mailed": (
        ["one place", "Ben joins", "asks to join"],
        ["Ben leaves", "has mail"],
        ("active", 1),
    ),
    "she moves up when there are more places": (
        ["one place", "Ben joins", "asks to join"],
        ["more places"],
        ("active", 1),
    ),
    "suspended while waiting: she keeps her turn and is not enrolled": (
        ["one place", "Ben joins", "asks to join"],
        ["is suspended", "Ben leaves", "is waiting"],
        (None, 0),
    ),
    "enrolled in another way while waiting: she needs no place": (
        ["one place", "Ben joins", "asks to join"],
        ["dynamic Sales", "Ben leaves", "not waiting"],
        ("active", 1),
    ),
    "she leaves what she joined": (["one place", "asks to join"], ["leaves the session"], ("expired", 0)),
}


class Case:
    """Anna in Sales, Support and Gone, and one session."""

    def __init__(self, system: System) -> None:
        self.system = system

    async def begin(self, number: int) -> None:
        self.number = number
        self.groups = {name: await self.system.group(name) for name in ("Sales", "Support", "Gone", "Other")}
        self.anna = await self.system.person(f"anna{number}@example.org")
        for name in ("Sales", "Support", "Gone"):
            await self.system.join(self.groups[name], self.anna)
        self.activity = await self.system.activity(external_id=f"course {number}", kind="path")
        self.session = await self.system.session(self.activity, catalog="everyone")

    async def step(self, said: str) -> None:
        """Do what one step says, and wait until all that follows has."""
        word, _, rest = said.partition(" ")
        steps: dict[str, Callable[[str], Awaitable[object]]] = {
            "dynamic": self.dynamic, "method": self.ends, "static": self.static, "segment": self.segment, "completes": self.completes,
            "joins": self.joins, "outside": self.leaves, "leaves": self.leaves, "is": self.becomes,
            "unlinked": self.unlinked, "moved": self.moved, "rule": self.rule_becomes, "Gone": self.gone, "no": self.without,
            "has": self.having, "begins": self.begins, "elsewhere": self.elsewhere, "still": self.still, "inside": self.inside,
            "completed": self.completes, "chain": self.chain, "class": self.put_into_class, "refused": self.refused,
            "in": self.in_class, "one": self.one_place, "more": self.more_places, "asks": self.asks, "Ben": self.ben, "not": self.not_waiting,
        }  # fmt: skip
        await steps[word](rest)
        await self.system.settled()
        # What the workers do every few seconds.
        await fill_all()
        await self.system.settled()

    def rule(self, names: str) -> dict[str, Any]:
        first, _, other = names.partition(" and ")
        block: dict[str, Any] = {"groups": [self.groups[first]]}
        if other:
            block["filters"] = [{"type": "group", "op": "in", "groups": [self.groups[other]]}]
        return {"blocks": [block]}

    async def dynamic(self, names: str) -> None:
        names, _, on_leave = names.partition(", ")
        method: dict[str, Any] = {
            "kind": "audience",
            "dynamic": True,
            "rule": self.rule(names),
            "on_leave": on_leave or "expire",
        }
        self.method = (await self.system.apply(self.session, **method))["method_id"]

    async def ends(self, _: str) -> None:
        ended = (clock.now() - timedelta(days=1)).isoformat()
        await self.system.apply(self.session, method_id=self.method, ends_at=ended)

    async def static(self, names: str) -> None:
        made = await self.system.apply(self.session, kind="audience", rule=self.rule(names), dynamic=False)
        self.method = made["method_id"]

    async def segment(self, _: str) -> None:
        inner = (
            await self.system.post("/segments", {"name": f"Inner {self.number}", "rule": self.rule("Sales")})
        ).json()["id"]
        inside = {"type": "segment", "op": "in", "segments": [inner]}
        rule = {"blocks": [{"everyone": True, "filters": [inside]}]}
        outer = (await self.system.post("/segments", {"name": f"Outer {self.number}", "rule": rule})).json()[
            "id"
        ]
        await self.system.apply(self.session, kind="segment", segment_id=outer, dynamic=True)

    # ── results and progress ─────────────────────────────────────────────────────────────────────────────────────

    async def completes(self, what: str) -> None:
        if what == "Safety":
            await self.safety()
        await self.result(f"{what.lower() or 'course'} {self.number}", "completed")

    async def begins(self, _: str) -> None:
        await self.result(f"course {self.number}", "started")

    async def result(self, activity: str, status: str) -> None:
        row = {"learner": f"anna{self.number}@example.org", "activity": activity, "status": status}
        answer = await self.system.post("/results/bulk", {"results": [row]})
        assert answer.json().get("errors", []) == [], answer.text

    async def safety(self) -> int:
        """The activity that a chain follows, made when it is first spoken of."""
        known = await fetch_value("SELECT id FROM activity WHERE external_id = $1", f"safety {self.number}")
        return known or await self.system.activity("Safety", external_id=f"safety {self.number}")

    async def chain(self, said: str) -> None:
        body: dict[str, Any] = {"kind": "chain", "after_activity_id": await self.safety()}
        await self.system.apply(self.session, **body, earlier=not said.endswith("from now on"))

    # ── other sessions ───────────────────────────────────────────────────────────────────────────────────────────

    async def elsewhere(self, what: str) -> None:
        if what == "by hand":
            self.other = await self.system.session(self.activity, name="Autumn")
            await self.system.apply(self.other, kind="manual", rule={"include": [self.anna]})
            return
        enrollment = (await self.system.enrollment(self.other, self.anna))["id"]
        assert (await self.system.post(f"/enrollments/{enrollment}/unenroll", {})).is_success

    async def still(self, _: str) -> None:
        assert await self.system.enrolled(self.other) == {self.anna}

    async def inside(self, _: str) -> None:
        outer = await self.system.activity("Outer", kind="path")
        await self.system.write(
            "INSERT INTO step (activity_id, position, kind, child_activity_id, title) VALUES ($1, 0, 'path', $2, 'Inside')",
            outer,
            self.activity,
        )
        made = await self.system.post("/sessions", {"activity_id": outer, "name": "Outer"})
        await self.system.settled()
        await self.system.enroll_group(made.json()["id"], self.groups["Sales"])

    # ── classes ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def put_into_class(self, _: str) -> None:
        made = await self.system.post(f"/sessions/{self.session}/course-groups", {"name": "A"})
        self.course_group = made.json()["id"]
        await self.system.enroll_group(self.session, self.groups["Sales"], course_group_id=self.course_group)

    async def refused(self, _: str) -> None:
        path = f"/sessions/{self.session}/course-groups/{self.course_group}/remove"
        answer = await self.system.post(path, {"learner_ids": [self.anna]})
        assert (answer.status_code, answer.json()["type"]) == (409, "synced")

    async def in_class(self, where: str) -> None:
        (found,) = (await self.system.admin.get(f"/sessions/{self.session}/course-groups")).json()["items"]
        assert found["members"] == (1 if where == "class" else 0)

    # ── places ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def one_place(self, _: str) -> None:
        made = await self.system.apply(self.session, kind="self", open=True, capacity=1)
        self.method = made["method_id"]

    async def more_places(self, _: str) -> None:
        path = f"/sessions/{self.session}/methods/{self.method}"
        assert (await self.system.admin.patch(path, json={"capacity": 2})).is_success

    async def asks(self, _: str) -> None:
        client = await self.system.client(f"anna{self.number}@example.org")
        assert (await self.system.post(f"/sessions/{self.session}/self-enroll", {}, client)).is_success

    async def ben(self, what: str) -> None:
        if what == "joins":
            await self.system.person(f"ben{self.number}@example.org")
        client = await self.system.client(f"ben{self.number}@example.org")
        act = "self-enroll" if what == "joins" else "leave"
        answer = await self.system.post(f"/sessions/{self.session}/{act}", {}, client)
        assert answer.is_success, answer.text

    async def not_waiting(self, _: str) -> None:
        assert await fetch_value("SELECT count(*) FROM waiting_place WHERE learner_id = $1", self.anna) == 0

    # ── groups and people ────────────────────────────────────────────────────────────────────────────────────────

    async def joins(self, name: str) -> None:
        await self.system.join(self.groups[name], self.anna)

    async def leaves(self, name: str) -> None:
        if name == "the session":
            client = await self.system.client(f"anna{self.number}@example.org")
            assert (await self.system.post(f"/sessions/{self.session}/leave", {}, client)).is_success
            return
        await self.system.leave(self.groups[name], self.anna)

    async def becomes(self, what: str) -> None:
        if what == "excluded":
            body = {"learner_id": self.anna, "reason": "On leave"}
            assert (await self.system.post(f"/sessions/{self.session}/exclusions", body)).is_success
            return
        if what in {"paused", "resumed"}:
            enrollment = (await self.system.enrollment(self.session, self.anna))["id"]
            ids = {"ids": [enrollment], "do": {"paused": "suspend", "resumed": "resume"}[what]}
            await self.act({"act": "enrollments", **ids})
            return
        if what in {"blocked", "waiting"}:
            table = {"blocked": "blocked", "waiting": "waiting_place"}[what]
            count = await fetch_value(f"SELECT count(*) FROM {table} WHERE learner_id = $1", self.anna)
            assert count == 1
            return
        assert (await self.system.admin.patch(f"/learners/{self.anna}", json={"status": what})).is_success

    async def unlinked(self, how: str) -> None:
        await self.act(self._leaving("members_remove", how))

    async def moved(self, how: str) -> None:
        await self.act(self._leaving("members_move", how) | {"to_group_id": self.groups["Other"]})

    async def act(self, change: dict[str, Any]) -> None:
        """As it was shown."""
        shown = (await self.system.post("/consequences", {"changes": [change]})).json()
        body = {"changes": [change], "hash": shown["hash"]}
        answer = await self.system.post("/consequences/apply", body)
        assert answer.is_success, answer.text

    def _leaving(self, act: str, how: str) -> dict[str, Any]:
        erasing = {"confirm": {"completions": 0, "certificates": 0}} if how == "erase" else {}
        going = {"group_id": self.groups["Sales"], "learner_ids": [self.anna], "unlink": how}
        return {"act": act, **going, **erasing}

    async def rule_becomes(self, said: str) -> None:
        rule = self.rule(said.removeprefix("becomes "))
        await self.system.apply(self.session, method_id=self.method, rule=rule)

    async def gone(self, _: str) -> None:
        await self.act({"act": "group_delete", "id": self.groups["Gone"]})

    # ── what else is so ──────────────────────────────────────────────────────────────────────────────────────────

    async def without(self, what: str) -> None:
        await self.having(what, number=0)

    async def having(self, what: str, *, number: int = 1) -> None:
        sql = {
            "mail": "SELECT count(*) FROM notice WHERE learner_id = $1 AND kind = 'enrolled' AND cancelled_at IS NULL",
            "progress": "SELECT count(*) FROM result WHERE learner_id = $1",
        }
        assert await fetch_value(sql[what], self.anna) == number


async def test_what_must_hold(system: System) -> None:
    for number, (name, (given, when, then)) in enumerate(CASES.items()):
        case = Case(system)
        await case.begin(number)
        for said in (*given, *when):
            await case.step(said)
        whose = (case.anna, case.session)
        state = await fetch_value(
            "SELECT state FROM enrollment WHERE learner_id = $1 AND session_id = $2", *whose
        )
        held = await fetch_value(
            "SELECT count(*) FROM source WHERE learner_id = $1 AND session_id = $2 AND until IS NULL", *whose
        )
        assert (state, held) == then, name
