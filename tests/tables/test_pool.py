"""Connections come back to the pool, whatever ends what they were taken for, and without a task of their own."""

import asyncio

import asyncpg
import pytest

from backend.database import connection, fetch_value
from backend.database.engine import ENGINE
from backend.database.pool import DirectPool


def _in_use() -> int:
    pool = ENGINE.pool
    assert isinstance(pool, DirectPool)
    return pool.get_size() - pool.get_idle_size()


async def test_giving_back_starts_no_task(database: str) -> None:
    """So that a query costs a request nothing but the query."""
    started: list[object] = []
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()

    def counting(
        loop: asyncio.AbstractEventLoop, coroutine: object, **options: object
    ) -> asyncio.Task[object]:
        started.append(coroutine)
        return asyncio.Task(coroutine, loop=loop, **options)  # type: ignore[arg-type]

    await fetch_value("SELECT 1")
    loop.set_task_factory(counting)  # type: ignore[arg-type]
    try:
        assert await fetch_value("SELECT 1") == 1
    finally:
        loop.set_task_factory(before)
    assert started == []
    assert _in_use() == 0


async def test_a_statement_that_is_cancelled_gives_its_connection_back(database: str) -> None:
    """The server is told to stop it; then the connection, or another in its place, serves the next."""
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await fetch_value("SELECT pg_sleep(30)")
    assert await fetch_value("SELECT 1") == 1
    assert _in_use() == 0


async def test_a_transaction_left_open_is_undone(database: str) -> None:
    """Nothing of one request is within another one."""
    async with connection() as used:
        await used.execute("BEGIN")
        await used.execute("CREATE TABLE left_open (id integer)")
    assert await fetch_value("SELECT to_regclass('left_open')") is None
    assert _in_use() == 0


async def test_a_connection_that_was_cut_is_replaced(database: str) -> None:
    """As when the server restarts under it."""
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        async with connection() as used:
            await used.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert await fetch_value("SELECT 1") == 1
    assert _in_use() == 0
