"""Two who change different things of one row at once both keep their change."""

import asyncio
from typing import Any

import httpx
import pytest

from backend.database import fetch_row, fetch_value, open_connection, transaction
from backend.services import jobs
from tests.learning.paths import create


async def _until_blocked_by(pid: int) -> None:
    async with asyncio.timeout(20):
        while not await fetch_value(  # noqa: ASYNC110 - PostgreSQL has no event for it
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))", pid
        ):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("table", "path", "mine", "other", "column"),
    [
        ("session", "sessions", {"name": "Mine"}, "ends_at = '2027-01-01'", "name"),
        ("activity", "activities", {"title": "Mine"}, "description = 'Theirs'", "title"),
        ("learner_group", "groups", {"name": "Mine"}, "description = 'Theirs'", "name"),
        ("field", "fields", {"name": "Mine"}, "options = '{a,b}'", "name"),
        ("segment", "segments", {"name": "Mine"}, "rule = '{\"include\": [1]}'", "name"),
        ("learner", "learners", {"first_name": "Mine"}, "last_name = 'Theirs'", "first_name"),
    ],
)
async def test_a_change_writes_what_is_given_and_nothing_else(
    admin: httpx.AsyncClient,
    sequencer: None,
    table: str,
    path: str,
    mine: dict[str, Any],
    other: str,
    column: str,
) -> None:
    activity = await create(admin, "/activities", kind="course", title="Safety")
    bodies: dict[str, dict[str, Any]] = {
        "sessions": {"activity_id": activity["id"], "name": "Spring"},
        "activities": {"kind": "course", "title": "Other"},
        "groups": {"name": "Sales"},
        "fields": {"key": "place", "name": "Place", "type": "choice", "options": ["a"]},
        "segments": {"name": "People", "rule": {"include": [1]}},
        "learners": {"email": "ana@example.org"},
    }
    made = await create(admin, f"/{path}", **bodies[path])
    before = await fetch_row(f"SELECT * FROM {table} WHERE id = $1", made["id"])
    holder = await open_connection()
    try:
        opened = holder.transaction()
        await opened.start()
        await holder.execute(f"UPDATE {table} SET {other}, version = version + 1 WHERE id = $1", made["id"])
        changing = asyncio.create_task(admin.patch(f"/{path}/{made['id']}", json=mine))
        await _until_blocked_by(holder.get_server_pid())
        await opened.commit()
        answer = await changing
    finally:
        await holder.close()
    assert answer.status_code == 200, answer.text
    after = await fetch_row(f"SELECT * FROM {table} WHERE id = $1", made["id"])
    assert before is not None
    assert after is not None
    assert after[column] == "Mine"
    theirs = other.split(" = ", maxsplit=1)[0]
    expected = await fetch_value(f"SELECT (SELECT t FROM (SELECT {other.split(' = ', 1)[1]} AS t) x)::text")
    found = await fetch_value(f"SELECT {theirs}::text FROM {table} WHERE id = $1", made["id"])
    assert found.startswith(expected)
    assert after["version"] == before["version"] + 2


async def test_jobs_are_woken_by_the_commit(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also under an idempotency key, where the service's transaction is part of a longer one."""
    heard: list[str] = []

    async def hear(job: jobs.Job) -> None:
        heard.append(job)

    monkeypatch.setattr(jobs, "enqueue", hear)
    async with transaction():
        async with transaction():
            jobs.wake("send_mail")
        assert heard == []
    assert heard == ["send_mail"]
