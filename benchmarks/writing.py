"""Writing: a session filled at once, that taken back, and a stream of bulk writes until all that follows is committed."""

import asyncio
import secrets
import time
from typing import Any

import httpx

from backend.database import execute, fetch, fetch_value
from benchmarks.figures import Figure
from benchmarks.watching import settled
from tests.harness.instance import Muster

# People of one fill, with how long it may take; as many of these as there are learners are measured. A smaller organisation is
# a smoke check: everybody, and the time is not judged.
FILLS = ((100_000, 4.0), (1_000_000, 40.0))
# Of a million learners some are suspended: with this share of a fill's people it is done with those there are, in as much less time.
ALMOST = 0.9
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 600.0
# A stream of requests that add so many people each to a group, so many of them at once.
STREAMED = 60_000
REQUEST = 1_000
AT_ONCE = 2
LEAST_A_SECOND = 3_000

_MEMBERS = """
WITH chosen AS (SELECT id FROM learner WHERE status IN ('invited', 'active') ORDER BY id LIMIT $2)
INSERT INTO membership (learner_id, group_id, role, since) SELECT id, $1, 'member', now() FROM chosen
"""
_ENROLLED = "SELECT count(*) FROM enrollment WHERE session_id = $1 AND state <> 'expired'"


class Admin:
    """A platform admin over HTTP."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert answer.is_success, f"{path}: {answer.text}"
        return answer.json()

    async def post(self, path: str, body: Any) -> Any:
        answer = await self.client.post(path, json=body)
        assert answer.is_success, f"{path}: {answer.text}"
        return answer.json()

    async def group(self) -> int:
        """A new group."""
        made: int = (await self.post("/groups", {"name": f"Writing {secrets.token_hex(4)}"}))["id"]
        return made

    async def session(self) -> int:
        """A session of a new path, whose fuse lets everybody leave."""
        path = await self.post("/activities", {"kind": "path", "title": "Writing", "steps": []})
        fuse = {"count": 1_000_000, "percent": 100, "most": 1_000_000, "entering": 1_000_000}
        body = {"activity_id": path["id"], "name": "Writing", "fuse": fuse}
        made: int = (await self.post("/sessions", body))["id"]
        return made

    async def confirm(self, session: int, group: int) -> Any:
        """Enroll the group's people, now and whenever one comes; seconds from the confirmation, and what it answered."""
        method = {"kind": "audience", "dynamic": True, "rule": {"blocks": [{"groups": [group]}]}}
        plan = await self.post(f"/sessions/{session}/plan", method)
        started = time.monotonic()
        applied = await self.post(f"/sessions/{session}/apply", method | {"hash": plan["hash"]})
        return started, applied

    async def finished(self, run: int) -> dict[str, Any]:
        """Wait until the run is through."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (found := await self.get(f"/runs/{run}"))["state"] == "applying":  # noqa: ASYNC110 - another process's doing
                await asyncio.sleep(POLL_SECONDS)
        assert found["state"] == "applied", found
        return found  # type: ignore[no-any-return]  # JSON


async def writing_figures(muster: Muster, token: str) -> list[Figure]:
    """All figures of this part."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"{muster.address}/api/v1", headers=headers, timeout=60) as client:
        admin = Admin(client)
        learners = await fetch_value("SELECT count(*) FROM learner WHERE status IN ('invited', 'active')")
        streamed = await _stream(muster, admin, min(STREAMED, learners))
        figures = []
        for people, seconds in FILLS:
            if ALMOST * people <= learners:
                some = min(people, learners)
                figures += await _fill(muster, admin, some, seconds * some / people)
        if not figures:
            figures = await _fill(muster, admin, learners, None)
        # Once more while PostgreSQL clears away what the fills left behind, and their mail is cancelled.
        return (
            figures
            + streamed
            + await _stream(muster, admin, min(STREAMED, learners), after=" right after that undo")
        )


async def _fill(muster: Muster, admin: Admin, people: int, seconds: float | None) -> list[Figure]:
    group, session = await admin.group(), await admin.session()
    await execute(_MEMBERS, group, people)
    await settled(muster)
    started, applied = await admin.confirm(session, group)
    await admin.finished(applied["run_id"])
    filled = time.monotonic() - started
    await settled(muster)
    followed = time.monotonic() - started
    assert await fetch_value(_ENROLLED, session) == people
    started = time.monotonic()
    undo = await admin.post(f"/runs/{applied['run_id']}/undo", {})
    await admin.finished(undo["id"])
    undone = time.monotonic() - started
    assert await fetch_value(_ENROLLED, session) == 0
    await settled(muster)
    return [
        Figure(f"first fill of {people:,} enrollments", "s", filled, seconds),
        Figure(f"first fill of {people:,}, until the index has it", "s", followed),
        Figure(f"undo of {people:,} enrollments", "s", undone, None if seconds is None else 2 * seconds),
    ]


async def _stream(muster: Muster, admin: Admin, people: int, after: str = "") -> list[Figure]:
    group, session = await admin.group(), await admin.session()
    await admin.confirm(session, group)
    ids = [
        row["id"]
        for row in await fetch(
            "SELECT id FROM learner WHERE status IN ('invited', 'active') ORDER BY id LIMIT $1", people
        )
    ]
    parts = [ids[start : start + REQUEST] for start in range(0, people, REQUEST)]
    await settled(muster)

    async def send() -> None:
        while parts:
            await admin.post(f"/groups/{group}/members", {"learner_ids": parts.pop()})

    started = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(send())
    accepted = time.monotonic() - started
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await fetch_value(_ENROLLED, session) < people:  # noqa: ASYNC110 - likewise
            await asyncio.sleep(POLL_SECONDS)
    enrolled = time.monotonic() - started
    return [
        Figure(
            f"a bulk change by HTTP to its committed enrollment{after}, each",
            "µs",
            1e6 * enrolled / people,
            None if after else 1e6 / LEAST_A_SECOND,
        ),
        Figure(f"a bulk change by HTTP to its answer{after}, each", "µs", 1e6 * accepted / people),
    ]
