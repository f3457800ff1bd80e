"""Who does a job that only one process may do: the holder of a session advisory lock."""

import asyncio
from types import TracebackType

import asyncpg

from backend.database.connection import open_connection
from backend.runtime import metrics

# How long a candidate waits between tries: bounds the time without a leader after one was killed. A try costs a tenth of a
# millisecond. It is no `pg_advisory_lock` that waits: such a statement would hold back the horizon of VACUUM for as long.
RETRY_SECONDS = 0.1
# A server that takes longer for an answer has gone without saying so.
TRY_SECONDS = 30.0

_TRY = "SELECT pg_try_advisory_lock(hashtext($1))"


class Leadership:
    """`async with Leadership("sequencer") as connection:` waits until this process leads, and holds it inside.

    The lock lives as long as the connection, so a killed leader frees it; work that must not outlive the lead is done
    on `connection` itself.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._connection: asyncpg.Connection | None = None
        self._leading = metrics.LEADING.labels(metrics.NAME, name)

    async def __aenter__(self) -> asyncpg.Connection:
        # One connection for all tries: to open one takes more of the processor than a hundred tries.
        connection = await open_connection()
        try:
            while not await connection.fetchval(_TRY, f"muster.{self.name}", timeout=TRY_SECONDS):  # noqa: ASYNC110 - another process's doing
                await asyncio.sleep(RETRY_SECONDS)
        except BaseException:
            connection.terminate()
            raise
        self._connection = connection
        self._leading.set(1)
        return connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            self._leading.set(0)
            connection.terminate()
