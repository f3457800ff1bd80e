"""One leads, the others try again on the connection they have."""

import asyncio

import pytest

from backend.database import Leadership, fetch

NAME = "test"
PATIENCE_SECONDS = 20
TRIES = 3
_TRYING = """
    SELECT pid, query_start FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE '%pg_try_advisory_lock%' AND pid <> pg_backend_pid()"""


@pytest.mark.usefixtures("database")
async def test_a_candidate_tries_on_one_connection_and_leads_when_the_leader_is_gone() -> None:
    leads = asyncio.Event()

    async def candidate() -> None:
        async with Leadership(NAME) as connection:
            leads.set()
            assert await connection.fetchval("SELECT pg_backend_pid()") == waiting

    async with Leadership(NAME) as leader, asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
        leading = leader.get_server_pid()
        tasks.create_task(candidate())
        # When each connection was seen to try.
        tried: dict[int, set[object]] = {}
        while max(map(len, tried.values()), default=0) < TRIES:
            for row in await fetch(_TRYING):
                if row["pid"] != leading:
                    tried.setdefault(row["pid"], set()).add(row["query_start"])
            await asyncio.sleep(0.01)
        (waiting,) = tried
        assert not leads.is_set()
        leader.terminate()
