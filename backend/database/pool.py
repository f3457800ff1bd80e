"""A pool whose connections come back at once."""

from typing import Any, Self

import asyncpg
from asyncpg.pool import Pool


class DirectPool(Pool):
    """asyncpg's pool, but what has nothing to undo is given back without a task of its own.

    asyncpg gives every connection back within a shielded task, so that a cancellation does not come between. Ours are not reset
    (`connection._leave_as_it_is`): outside a transaction nothing is waited for. Only a statement that is being cancelled is, and
    whoever is cancelled while waiting for that costs the connection, which the pool replaces.
    """

    @classmethod
    def sized(cls, *, min_size: int, max_size: int, **options: Any) -> Self:
        """A pool with asyncpg's own settings for everything that is not said."""
        return cls(
            connection_class=asyncpg.Connection,  # type: ignore[arg-type]  # the stubs want a class with a record type
            record_class=asyncpg.Record,
            init_size=min_size,
            min_size=min_size,
            max_size=max_size,
            max_queries=50_000,
            max_inactive_connection_lifetime=300.0,
            setup=None,
            loop=None,
            **options,
        )

    async def release(self, connection: Any, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's own
        """Give the connection back; one that is given back already stays so."""
        held = connection._con  # noqa: SLF001 - asyncpg has no other way to ask
        if held is None or timeout is not None or held.is_closed() or held.is_in_transaction():
            await super().release(connection, timeout=timeout)
            return
        held._on_release()  # noqa: SLF001 - as asyncpg's own does
        await connection._holder.release(None)  # noqa: SLF001 - likewise, but for the task
