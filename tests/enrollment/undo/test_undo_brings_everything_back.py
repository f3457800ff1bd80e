"""Whatever a person did, its undo leaves enrollments, reasons, due dates, progress and certificates as they were before."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from backend.database import fetch, fetch_value
from backend.workers.jobs import apply_runs
from tests.harness.system import PATIENCE_SECONDS, System

_PICTURE = {
    "enrollment": "SELECT session_id, learner_id, state, role, mandatory, due_at, due_by_hand, since, until, completed_at FROM enrollment",
    "source": "SELECT method_id, learner_id, session_id, since, kept_from FROM source WHERE until IS NULL",
    "result": "SELECT learner_id, activity_id, session_id, status, score, started_at, completed_at FROM result",
    "standing": "SELECT learner_id, activity_id, status, successful, score, steps_done, completed_at FROM standing",
    "award": "SELECT learner_id, certificate_id, issued_at, expires_at FROM award",
    "method": "SELECT id, kind, rule, on_leave, mandatory, due_at, due_days, deleted_at FROM enrollment_method"
    " WHERE EXISTS (SELECT FROM source WHERE method_id = enrollment_method.id AND until IS NULL)",
}


async def picture() -> dict[str, list[str]]:
    return {
        name: sorted(repr(tuple(row)) for row in await fetch(statement))
        for name, statement in _PICTURE.items()
    }


class Scene:
    """Two groups, and a session in which one has enrolled people who stand differently."""

    group: int
    other: int
    people: list[int]
    activity: int
    session: int
    method: int

    def __init__(self, system: System) -> None:
        self.system = system

    async def begin(self) -> None:
        system = self.system
        self.group, self.other = await system.group(), await system.group("Other")
        self.people = await system.people(6, self.group)
        await system.people(2, self.other)
        self.activity = await system.activity(external_id="fire")
        await system.write(
            "INSERT INTO certificate (activity_id, title, valid_months) VALUES ($1, 'Fire', 12)",
            self.activity,
        )
        self.session = await system.session(self.activity)
        # Static: what the act did is undone, and no rule does it again.
        done = await system.enroll_group(self.session, self.group, dynamic=False, due_days=20)
        self.method = done["method_id"]
        await self.settled()
        begun, completed, extended, suspended = self.people[:4]
        for person, status, score in ((begun, "started", 40), (completed, "completed", 90)):
            email = await fetch_value("SELECT email FROM learner WHERE id = $1", person)
            row = {"learner": email, "activity": "fire", "status": status, "score": score}
            answer = await system.admin.post("/results/bulk", json={"results": [row]})
            assert answer.json()["errors"] == [], answer.text
        for person, act, body in (
            (extended, "extend", {"days": 9}),
            (suspended, "suspend", {}),
        ):
            enrollment = (await system.enrollment(self.session, person))["id"]
            answer = await system.post(f"/enrollments/{enrollment}/{act}", body)
            assert answer.is_success, answer.text
        await self.settled()

    async def settled(self) -> None:
        """Until large runs are done, too."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await apply_runs({})
            while await fetch_value("SELECT count(*) FROM run WHERE state = 'applying'"):
                await apply_runs({})
                await asyncio.sleep(0.01)
        await self.system.settled()

    async def confirmed(self, method: str, path: str, body: dict[str, Any]) -> None:
        answer = await self.system.admin.request(method, path, json=body)
        if answer.status_code == 409 and "erase" in answer.json():
            answer = await self.system.admin.request(
                method, path, json={**body, "confirm": answer.json()["erase"]}
            )
        assert answer.is_success, answer.text

    # ── the acts ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def another_rule(self) -> None:
        await self.system.enroll_group(
            self.session,
            self.other,
            method_id=self.method,
            dynamic=False,
            due_days=3,
            mandatory=True,
            on_leave="expire",
        )

    async def another_policy(self) -> None:
        await self.system.enroll_group(
            self.session, self.group, method_id=self.method, dynamic=False, due_days=3, mandatory=True
        )

    async def a_second_method(self) -> None:
        await self.system.enroll_group(
            self.session, self.group, dynamic=False, due_at="2199-01-01T00:00:00Z", mandatory=True
        )

    async def leave(self, **more: Any) -> None:
        body = {"learner_ids": self.people[:4], **more}
        await self.confirmed("POST", f"/groups/{self.group}/members/remove", body)

    async def leave_and_expire(self) -> None:
        await self.leave(unlink="expire")

    async def leave_and_erase(self) -> None:
        await self.leave(unlink="erase", certificates=True)

    async def delete(self, people: str) -> None:
        path = f"/sessions/{self.session}/methods/{self.method}"
        await self.confirmed("DELETE", path, {"people": people})

    async def delete_and_keep(self) -> None:
        await self.delete("keep")

    async def delete_and_expire(self) -> None:
        await self.delete("expire")

    async def delete_and_erase(self) -> None:
        await self.delete("erase")

    async def unenroll_and_erase(self) -> None:
        enrollment = (await self.system.enrollment(self.session, self.people[0]))["id"]
        await self.confirmed("POST", f"/enrollments/{enrollment}/unenroll", {"on_leave": "erase"})


ACTS: list[Callable[[Scene], Awaitable[None]]] = [
    Scene.another_rule, Scene.another_policy, Scene.a_second_method, Scene.leave_and_expire, Scene.leave_and_erase,
    Scene.delete_and_keep, Scene.delete_and_expire, Scene.delete_and_erase, Scene.unenroll_and_erase,
]  # fmt: skip


@pytest.mark.parametrize("inline", [20_000, 1], ids=["at once", "in chunks"])
@pytest.mark.parametrize("act", ACTS, ids=[act.__name__ for act in ACTS])
async def test_an_undo_brings_everything_back(
    system: System, monkeypatch: pytest.MonkeyPatch, act: Callable[[Scene], Awaitable[None]], inline: int
) -> None:
    scene = Scene(system)
    await scene.begin()
    for module in ("plans.plan_writing", "methods.methods", "undo.run_undo"):
        monkeypatch.setattr(f"backend.services.enrollment.{module}.INLINE", inline)
    before = await picture()
    last = await fetch_value("SELECT max(id) FROM run")
    await act(scene)
    await scene.settled()
    assert await picture() != before
    runs = [row["id"] for row in await fetch("SELECT id FROM run WHERE id > $1 ORDER BY id DESC", last)]
    for run in runs:
        answer = await system.post(f"/runs/{run}/undo", {})
        assert answer.is_success, answer.text
        await scene.settled()
        left_alone = (await system.admin.get(f"/runs/{answer.json()['id']}")).json()["left_alone"]
        assert not left_alone
    after = await picture()
    for name, rows in before.items():
        assert after[name] == rows, name
