"""Whatever people do, one act after the other: every live enrollment has a live source, and every live source an enrollment."""

import random
from datetime import datetime
from typing import Any

import pytest

from backend.database import fetch, fetch_value, transaction
from backend.schemas.imports import EnrollmentRow
from backend.services.access.actor import SYSTEM
from backend.services.imports.applying import write_rows
from tests.enrollment.writing.test_sources_decide import HISTORY
from tests.groups.test_unlinking import SOURCELESS
from tests.harness.system import System

ACTS = 30
UNHELD = """
SELECT count(*) FROM source s WHERE s.until IS NULL AND NOT EXISTS (
    SELECT FROM enrollment e WHERE e.session_id = s.session_id AND e.learner_id = s.learner_id AND e.state <> 'expired')
"""


class Acts:
    """A small organisation, and what people do in it."""

    groups: list[int]
    people: list[int]
    sessions: list[int]

    def __init__(self, system: System, seed: int) -> None:
        self.system = system
        self.chance = random.Random(seed)

    async def begin(self) -> None:
        system = self.system
        self.groups = [await system.group("A"), await system.group("B")]
        self.people = await system.people(6)
        activity = await system.activity(external_id="act")
        self.sessions = [
            await system.session(activity, external_id="one", fuse_count=1000),
            await system.session(await system.activity("Other"), external_id="two", fuse_count=1000),
        ]
        for group in self.groups:
            await system.join(group, *self.people[:4])
        await self.method()
        await self.method()

    def pick(self) -> int:
        return self.chance.choice(self.people)

    async def method(self) -> None:
        await self.system.enroll_group(
            self.chance.choice(self.sessions),
            self.chance.choice(self.groups),
            on_leave=self.chance.choice(["keep", "expire"]),
            dynamic=self.chance.random() < 0.7,
        )

    async def join(self) -> None:
        await self.system.admin.post(
            f"/groups/{self.chance.choice(self.groups)}/members",
            json={"learner_ids": [self.pick(), self.pick()]},
        )

    async def remove(self) -> None:
        unlink = self.chance.choice(["group_only", "expire", "erase"])
        body: dict[str, Any] = {"learner_ids": [self.pick(), self.pick()], "unlink": unlink}
        await self.confirmed("POST", f"/groups/{self.chance.choice(self.groups)}/members/remove", body)

    async def move(self) -> None:
        first, second = self.chance.sample(self.groups, 2)
        body = {"learner_ids": [self.pick()], "to_group_id": second, "unlink": "group_only"}
        await self.confirmed("POST", f"/groups/{first}/members/move", body)

    async def confirmed(self, method: str, path: str, body: dict[str, Any]) -> None:
        """Again with the figures, as a person who has read them."""
        answer = await self.system.admin.request(method, path, json=body)
        if answer.status_code == 409 and "erase" in answer.json():
            answer = await self.system.admin.request(
                method, path, json={**body, "confirm": answer.json()["erase"]}
            )
        assert answer.status_code in (200, 409, 503), answer.text

    async def end_method(self) -> None:
        rows = await fetch("SELECT id, session_id FROM enrollment_method WHERE deleted_at IS NULL")
        row = self.chance.choice(rows)
        people = self.chance.choice(["keep", "expire", "erase"])
        await self.confirmed(
            "DELETE", f"/sessions/{row['session_id']}/methods/{row['id']}", {"people": people}
        )
        await self.method()

    async def enrollment(self) -> int | None:
        rows = await fetch("SELECT id FROM enrollment WHERE state <> 'expired' ORDER BY id")
        return self.chance.choice(rows)["id"] if rows else None

    async def unenroll(self) -> None:
        if (one := await self.enrollment()) is not None:
            body = {"on_leave": self.chance.choice(["keep", "expire", "erase"])}
            await self.confirmed("POST", f"/enrollments/{one}/unenroll", body)

    async def suspend(self) -> None:
        if (one := await self.enrollment()) is not None:
            act = self.chance.choice(["suspend", "resume"])
            await self.system.admin.post(f"/enrollments/{one}/{act}")

    async def report(self) -> None:
        email = await fetch_value("SELECT email FROM learner WHERE id = $1", self.pick())
        row: dict[str, Any] = {
            "learner": email,
            "activity": "act",
            "status": self.chance.choice(["completed", "failed"]),
        }
        if row["status"] == "failed" and self.chance.random() < 0.5:
            row["revoke"] = True
        answer = await self.system.admin.post("/results/bulk", json={"results": [row]})
        assert answer.status_code == 200, answer.text

    async def history(self) -> None:
        email = await fetch_value("SELECT email FROM learner WHERE id = $1", self.pick())
        session = self.chance.choice(["one", "two"])
        times: dict[str, Any] = self.chance.choice(
            [{}, {"since": HISTORY[0]}, dict(zip(("since", "until"), HISTORY, strict=True))]
        )
        row = EnrollmentRow(learner=email, session=session, **{k: _instant(v) for k, v in times.items()})
        async with transaction():
            await write_rows(SYSTEM, "enrollments", [row])

    async def undo(self) -> None:
        rows = await fetch("SELECT id FROM run WHERE state = 'applied' ORDER BY id DESC LIMIT 6")
        if rows:
            answer = await self.system.post(f"/runs/{self.chance.choice(rows)['id']}/undo", {})
            assert answer.status_code in (200, 201, 202, 409), answer.text

    async def person(self) -> None:
        status = self.chance.choice(["suspended", "active", "active"])
        await self.system.admin.patch(f"/learners/{self.pick()}", json={"status": status})

    async def act(self) -> str:
        acts = (
            self.join, self.remove, self.remove, self.move, self.end_method, self.unenroll, self.suspend, self.report,
            self.history, self.undo, self.person,
        )  # fmt: skip
        chosen = self.chance.choice(acts)
        await chosen()
        return chosen.__name__


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_act_leaves_an_enrollment_without_a_source(system: System, seed: int) -> None:
    acts = Acts(system, seed)
    await acts.begin()
    done: list[str] = []
    for _ in range(ACTS):
        done.append(await acts.act())
        await system.settled()
        assert await fetch_value(SOURCELESS) == 0, done
        assert await fetch_value(UNHELD) == 0, done
