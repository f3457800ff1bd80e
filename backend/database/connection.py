"""Pool, connections and transactions on asyncpg, shared with Piccolo."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from contextvars import ContextVar
from typing import Any, Literal, cast

import asyncpg

from backend.database.codecs import install
from backend.database.engine import ENGINE
from backend.runtime import clock

# A statement that waits longer for a lock is stuck behind something that should be known.
LOCK_TIMEOUT_MS = 30_000
# A client that died in the middle must not hold its locks for ever.
IDLE_IN_TRANSACTION_MS = 60_000
# A server that hangs does not answer the end of a connection either.
DISCONNECT_SECONDS = 2.0
# Planning everything anew takes some milliseconds: as much as the look-ups of so many rows.
MANY_ROWS = 100

# What a statement raises when its server went away, restarts or drops the connection.
DATABASE_LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)

AfterCommit = Callable[[], Awaitable[None]]
AfterRollback = Callable[[], Awaitable[None]]
_commit_listeners: list[AfterCommit] = []
# Piccolo asks it for nothing but the connection.
_current: ContextVar[Any] = ENGINE.current_transaction
Isolation = Literal["read_committed", "repeatable_read", "serializable"]


class Transaction:
    """What Piccolo looks for in `ENGINE.current_transaction`, with the calls to make once it is committed, or rolled back."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self.callbacks: list[AfterCommit] = []
        self.rollback_callbacks: list[AfterRollback] = []


async def _leave_as_it_is(_: asyncpg.Connection) -> None:
    """Instead of resetting a connection that is given back: a round trip for every request, and nothing here outlasts a transaction.

    Settings are made LOCAL, locks that outlast a transaction and LISTEN have connections of their own (`open_connection`); a
    transaction that was left open is rolled back all the same.
    """


def _server_settings() -> dict[str, str]:
    return {
        "timezone": "UTC",
        "application_name": "muster",
        "lock_timeout": str(LOCK_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
        "muster.clock_offset": f"{clock.offset().total_seconds()} seconds",
        # The queries here are short or set-based over arrays; compiling them costs more than it saves.
        "jit": "off",
    }


async def connect(dsn: str, *, min_size: int = 1, max_size: int = 10) -> None:
    """Start this process's pool on `dsn`."""
    ENGINE.config = {"dsn": dsn, "server_settings": _server_settings()}
    await ENGINE.start_connection_pool(
        min_size=min_size, max_size=max_size, connect=_reach, init=install, reset=_leave_as_it_is
    )


async def _reach(*arguments: Any, **options: Any) -> asyncpg.Connection:
    """Connect. Raises `ConnectionError` where the server is down and its socket's file is gone: no file of ours is missing."""
    try:
        return await asyncpg.connect(*arguments, **options)
    except (ConnectionError, TimeoutError):
        raise
    except OSError as error:
        raise ConnectionRefusedError(error.errno, f"cannot reach PostgreSQL: {error}") from error


async def disconnect() -> None:
    """Close the pool; waits a moment for connections in use, then cuts them."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCONNECT_SECONDS):
            await ENGINE.close_connection_pool()
    ENGINE.pool = None


async def open_connection() -> asyncpg.Connection:
    """A connection of one's own outside the pool (to LISTEN, to hold an advisory lock); the caller closes it."""
    connection = await _reach(**ENGINE.config)
    await install(connection)
    return connection


def _pool() -> asyncpg.Pool:
    if ENGINE.pool is None:
        raise RuntimeError("the database pool is not started: call backend.database.connect first")
    return ENGINE.pool


def current_transaction() -> Transaction | None:
    """The transaction this task is in, if any."""
    found: Transaction | None = _current.get()
    return found


def on_commit(listener: AfterCommit) -> None:
    """Call `listener` after every committed transaction of this process (it rings the bell)."""
    _commit_listeners.append(listener)


def after_commit(callback: AfterCommit) -> None:
    """Call `callback` once the current transaction has committed; not at all if it does not."""
    found = current_transaction()
    if found is None:
        raise RuntimeError("after_commit needs a transaction")
    found.callbacks.append(callback)


def after_rollback(callback: AfterRollback) -> None:
    """Call `callback` once the current transaction has been rolled back, outside of it: for what counts although it failed."""
    found = current_transaction()
    if found is None:
        raise RuntimeError("after_rollback needs a transaction")
    found.rollback_callbacks.append(callback)


@asynccontextmanager
async def transaction(*, isolation: Isolation | None = None) -> AsyncIterator[asyncpg.Connection]:
    """One transaction on one pooled connection; inside another one it joins that one.

    Piccolo's own leaks the connection when COMMIT fails, so this takes its place; Piccolo queries inside run on it.
    """
    outer = current_transaction()
    if outer is not None:
        yield outer.connection
        return
    pool = _pool()
    pooled = await pool.acquire()
    # A proxy of a connection: it has all of its methods.
    connection = cast(asyncpg.Connection, pooled)
    current = Transaction(connection)
    committed = False
    try:
        started = connection.transaction(isolation=isolation) if isolation else connection.transaction()
        await started.start()
        token = _current.set(current)
        try:
            yield connection
        except BaseException:
            await started.rollback()
            raise
        else:
            await started.commit()
            committed = True
        finally:
            _current.reset(token)
        # Before the connection is given back: whoever waits for the change waits for this.
        for listener in _commit_listeners:
            await listener()
    finally:
        await pool.release(pooled)
        if not committed:
            for undone in current.rollback_callbacks:
                await undone()
    for callback in current.callbacks:
        await callback()


def connection() -> AbstractAsyncContextManager[asyncpg.Connection]:
    """The transaction's connection, or a pooled one outside a transaction; use it at once."""
    found = current_transaction()
    # No generator: for each statement it would cost as much as asking for the connection does.
    return cast(Any, _pool().acquire()) if found is None else nullcontext(found.connection)


async def fetch(sql: str, *arguments: object) -> list[asyncpg.Record]:
    """All rows of `sql` ($1, $2, … are `arguments`; pass lists as arrays, never as many parameters)."""
    async with connection() as used:
        return list(await used.fetch(sql, *arguments))


async def fetch_row(sql: str, *arguments: object) -> asyncpg.Record | None:
    """The first row, or None."""
    async with connection() as used:
        return await used.fetchrow(sql, *arguments)


async def fetch_value(sql: str, *arguments: object) -> Any:
    """The first column of the first row, or None."""
    async with connection() as used:
        return await used.fetchval(sql, *arguments)


async def execute(sql: str, *arguments: object) -> str:
    """Run `sql`; the status line, e.g. `UPDATE 3`."""
    async with connection() as used:
        status: str = await used.execute(sql, *arguments)
        return status


async def plan_by_key() -> None:
    """For the rest of the transaction, plan statements for what the tables hold now, and look up rows by index.

    For statements about thousands of people. A plan that was made and kept while the tables were empty would read all of them
    for each; so would one that trusts what is known of the few people who were in them an hour ago.
    """
    await execute(
        "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true)"
    )


async def plan_anew_for(rows: int) -> None:
    """Before a transaction writes `rows` rows: if these are many, have everything planned again, for what the tables hold now.

    A connection keeps the plans of its first look-ups of foreign keys, and of the statements in triggers. Where those were made
    while a table had a page or two, that table was read whole for each row: the import of 20,000 people into an organisation
    of a hundred grew 20 times as slow.
    """
    if rows >= MANY_ROWS:
        await execute("DISCARD PLANS; SET LOCAL enable_seqscan = off")
