"""What tests of enrolling say and ask."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx

from backend.database import execute, fetch, fetch_row, fetch_value, transaction
from backend.index import Follower
from backend.workers.reconciler import Reconciler
from tests.harness.tls import NO_CERTIFICATES

PASSWORD = "correct horse battery"
# Long enough for a shared machine; a test that waits so long has failed.
PATIENCE_SECONDS = 30


async def until(sql: str, *arguments: object, is_: object = True) -> None:
    """Wait for a condition of the database."""
    async with asyncio.timeout(4 * PATIENCE_SECONDS):
        while await fetch_value(sql, *arguments) != is_:  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.02)


class System:
    """A running Muster, seen from inside and outside."""

    def __init__(
        self,
        address: str,
        database_url: str,
        redis_url: str,
        follower: Follower,
        reconciler: Reconciler,
        password_hash: str,
    ) -> None:
        self.address = address
        self.database_url = database_url
        self.redis_url = redis_url
        self.follower = follower
        self.reconciler = reconciler
        self.password_hash = password_hash
        self.admin: httpx.AsyncClient
        self.admin_id = 0
        self.stack: AsyncExitStack

    # ── people and structure ─────────────────────────────────────────────────────────────────────────────────────

    async def person(self, email: str, **more: object) -> int:
        """Somebody who can sign in with `PASSWORD`."""
        row = {"email": email, "password_hash": self.password_hash, **more}
        marks = ", ".join(f"${i}" for i in range(1, len(row) + 1))
        found: int = await self.write_value(
            f"INSERT INTO learner (added_at, {', '.join(row)}) VALUES (muster_now(), {marks}) RETURNING id",
            *row.values(),
        )
        return found

    async def people(self, number: int, group: int | None = None) -> list[int]:
        """Many active learners, in a group if there is one."""
        first = await fetch_value("SELECT coalesce(max(id), 0) FROM learner")
        async with transaction():
            rows = await fetch(
                "INSERT INTO learner (email, first_name, added_at)"
                " SELECT 'p' || i || '@people.example', 'P' || i, muster_now() FROM generate_series($1::int, $2::int) i"
                " RETURNING id",
                first + 1,
                first + number,
            )
            ids = [row["id"] for row in rows]
            if group is not None:
                await self.join(group, *ids)
        return ids

    async def write(self, sql: str, *arguments: object) -> str:
        """One committed statement, bell and all."""
        async with transaction():
            return await execute(sql, *arguments)

    async def write_value(self, sql: str, *arguments: object) -> Any:
        """The same with a value."""
        async with transaction():
            return await fetch_value(sql, *arguments)

    async def group(self, name: str = "Sales", parent: int | None = None) -> int:
        """A group."""
        found: int = await self.write_value(
            "INSERT INTO learner_group (name, parent_id) VALUES ($1, $2) RETURNING id", name, parent
        )
        return found

    async def join(self, group: int, *learners: int, role: str = "member") -> None:
        """Memberships."""
        await self.write(
            "INSERT INTO membership (group_id, learner_id, role, since)"
            " SELECT $1, l, $3, muster_now() FROM unnest($2::int[]) l",
            group,
            list(learners),
            role,
        )

    async def leave(self, group: int, *learners: int) -> None:
        """End memberships."""
        await self.write(
            "DELETE FROM membership WHERE group_id = $1 AND learner_id = ANY($2::int[])",
            group,
            list(learners),
        )

    async def activity(self, title: str = "Onboarding", **more: object) -> int:
        """An activity without steps."""
        row = {"kind": "course", "title": title, **more}
        marks = ", ".join(f"${i}" for i in range(1, len(row) + 1))
        found: int = await self.write_value(
            f"INSERT INTO activity ({', '.join(row)}) VALUES ({marks}) RETURNING id", *row.values()
        )
        return found

    async def session(self, activity: int | None = None, **more: object) -> int:
        """A session, of a new activity unless one is given."""
        row = {"activity_id": activity or await self.activity(), "name": "Spring", **more}
        marks = ", ".join(f"${i}" for i in range(1, len(row) + 1))
        found: int = await self.write_value(
            f"INSERT INTO session ({', '.join(row)}) VALUES ({marks}) RETURNING id", *row.values()
        )
        return found

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def sign_in(self, client: httpx.AsyncClient, email: str) -> None:
        """Give the client somebody's cookie."""
        answer = await client.post("/auth/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text

    async def client(self, email: str) -> httpx.AsyncClient:
        """A client signed in as somebody."""
        made = await self.stack.enter_async_context(
            httpx.AsyncClient(base_url=f"{self.address}/api/v1", timeout=60, verify=NO_CERTIFICATES)
        )
        await self.sign_in(made, email)
        return made

    async def plan(
        self, session: int, client: httpx.AsyncClient | None = None, **body: Any
    ) -> dict[str, Any]:
        """Ask for a plan."""
        answer = await self.post(f"/sessions/{session}/plan", body, client)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def post(
        self, path: str, body: dict[str, Any], client: httpx.AsyncClient | None = None
    ) -> httpx.Response:
        """Post, and again when told to: after a flood the index needs its time."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                answer = await (client or self.admin).post(path, json=body)
                if answer.status_code != 503:
                    return answer
                await asyncio.sleep(float(answer.headers["Retry-After"]))

    async def apply(
        self, session: int, client: httpx.AsyncClient | None = None, **body: Any
    ) -> dict[str, Any]:
        """Plan and confirm."""
        plan = await self.plan(session, client, **body)
        answer = await self.post(f"/sessions/{session}/apply", {**body, "hash": plan["hash"]}, client)
        assert answer.status_code in (200, 202), answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def enroll_group(self, session: int, group: int, **body: Any) -> dict[str, Any]:
        """A dynamic audience of one group, confirmed."""
        rule = {"blocks": [{"groups": [group]}]}
        return await self.apply(session, **{"kind": "audience", "rule": rule, "dynamic": True, **body})

    async def enrolled(self, session: int) -> set[int]:
        """Who is enrolled, by the table."""
        rows = await fetch(
            "SELECT learner_id FROM enrollment WHERE session_id = $1 AND state <> 'expired'", session
        )
        return {row["learner_id"] for row in rows}

    async def enrollment(self, session: int, learner: int) -> dict[str, Any]:
        """One person's row."""
        row = await fetch_row(
            "SELECT * FROM enrollment WHERE session_id = $1 AND learner_id = $2", session, learner
        )
        assert row is not None
        return dict(row)

    async def method(self, method: int) -> dict[str, Any]:
        """A method's row."""
        row = await fetch_row("SELECT * FROM enrollment_method WHERE id = $1", method)
        assert row is not None
        return dict(row)

    async def settled(self) -> None:
        """Wait until everything committed is numbered, looked at, and what followed from it too."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            calm = 0
            while calm < 2:
                waiting = await fetch_value("SELECT count(*) FROM outbox")
                head = await fetch_value("SELECT seq FROM log_head")
                calm = calm + 1 if not waiting and self.reconciler.reached == head else 0
                await asyncio.sleep(0.01)
