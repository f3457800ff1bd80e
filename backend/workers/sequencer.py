"""The sequencer: moves committed outbox rows into the change log and numbers them without gaps.

A process of its own (`python -m backend.workers.sequencer`); any number may run, the holder of the lock works. Followers
hear of new rows by the NOTIFY inside `sequence_outbox`.
"""

import asyncio
import contextlib

import asyncpg
import structlog

from backend.database import Leadership, execute
from backend.runtime import metrics, readiness
from backend.workers.bell_listener import listen_for_bell
from backend.workers.worker_process import DATABASE_LOST, connected, run

# Rows a statement moves: about 50 ms of work, so that followers read while a flood is being numbered.
MOST_ROWS = 5_000
# Dead entries that a look at the queue may have to go over: a tenth of a millisecond.
SWEEP_ROWS = 20_000
# The bell may be dead (Redis is only a wake-up): a change waits at most this long for its number then.
POLL_SECONDS = 0.2
# Between tries while the database cannot be reached or the lead was lost.
RETRY_SECONDS = 0.5
# A statement that takes longer has lost its server without being told.
STATEMENT_SECONDS = 60.0

_log = structlog.get_logger("muster.sequencer")


class Sweeper:
    """Keeps the queue short: what was moved leaves dead entries at the beginning, over which every look at it goes.

    After a million of them a look takes 8 ms, and autovacuum comes once a minute.
    """

    def __init__(self) -> None:
        # Of what others have left behind nothing is known.
        self._moved = SWEEP_ROWS
        self._sweeping: asyncio.Task[None] | None = None

    def take(self, moved: int) -> None:
        """So many rows more were moved; sweep, beside the work, when it is time."""
        self._moved += moved
        if self._moved >= SWEEP_ROWS and (self._sweeping is None or self._sweeping.done()):
            self._moved = 0
            self._sweeping = asyncio.create_task(_sweep(), name="sweep")


async def _sweep() -> None:
    try:
        await execute("VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) outbox")
    except (*DATABASE_LOST, asyncpg.PostgresError) as error:
        _log.warning("the queue was not swept", error=error)


async def sequence_visible(connection: asyncpg.Connection, sweeper: Sweeper) -> None:
    """Number everything that is visible now."""
    while True:
        moved: int = await connection.fetchval(
            "SELECT moved FROM sequence_outbox($1)", MOST_ROWS, timeout=STATEMENT_SECONDS
        )
        metrics.SEQUENCED.inc(moved)
        sweeper.take(moved)
        if moved < MOST_ROWS:
            # Whoever has committed meanwhile rings.
            return


async def sequence_for_ever(bell: asyncio.Event) -> None:
    """Lead, number what comes, lose the lead, try again: until cancelled."""
    while True:
        try:
            async with Leadership("sequencer") as connection:
                _log.info("leading")
                sweeper = Sweeper()
                while True:
                    # Cleared before looking: a ring during the look is looked after.
                    bell.clear()
                    await sequence_visible(connection, sweeper)
                    # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with the bell.
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(POLL_SECONDS):
                            await bell.wait()
        except DATABASE_LOST as error:
            _log.warning("lost the database, trying again", error=error)
        except asyncpg.PostgresError:
            _log.exception("sequencing failed, trying again")
        await asyncio.sleep(RETRY_SECONDS)


async def main() -> None:
    """Run until cancelled, whatever becomes of PostgreSQL and Redis."""
    async with connected(pool_size=1) as process:
        bell = asyncio.Event()
        # It waits for the lead of the one it succeeds, which ends when it hears this.
        readiness.tell()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen_for_bell(process.redis_url, bell), name="bell")
            tasks.create_task(sequence_for_ever(bell), name="sequencer")


if __name__ == "__main__":
    run(main)
