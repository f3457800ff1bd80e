"""Writes checkpoints of the index, so that the next process starts in seconds. One of all workers does it at a time."""

import asyncio
import contextlib

import asyncpg
import structlog

from backend.database import Leadership
from backend.index import Batch, Follower
from backend.index.following.checkpoint_parts import Replaced
from backend.index.following.checkpoints import code_version, write_checkpoint
from backend.workers.worker_process import DATABASE_LOST

# How often the leader looks whether one is due, unless it hears of much that was changed.
LOOK_SECONDS = 15.0
# A start reads this much of the log in about a second.
GROWN = 50_000
# Under constant writing the log grows so much every few minutes, or seconds; so many bytes of checkpoints are written a second
# then at most: the 140 MB of a million people every ten minutes, those of a few thousand as often as it is looked.
BYTES_A_SECOND = 250_000
# What a start reads in four seconds is not left to those ten minutes; so many bytes a second are written then.
MUCH_GROWN = 200_000
MOST_BYTES_A_SECOND = 5_000_000
# However little was written, a start does not read more than this much time of it.
LATEST_SECONDS = 6 * 3600.0
RETRY_SECONDS = 5.0
# A worker that ends leaves one if the log has grown by more than a start reads in an instant. Writing that of a million people
# takes three seconds of a quiet machine; the supervisor waits a little longer than this.
LAST_GROWN = 2_000
LAST_SECONDS = 8.0
# So long its index may take to reach the end of the log before that; a load has just ended, perhaps.
REACHED_SECONDS = 3.0

_LATEST = """
    SELECT c.position, extract(epoch FROM now() - c.made_at)::float8 AS age,
           c.version = $1 AND c.timezone = o.timezone AND c.complete_at <= head.seq
           AND (c.position = head.seq OR EXISTS (SELECT FROM change_log WHERE seq = c.position + 1)) AS readable,
           (SELECT sum(octet_length(body)) FROM index_checkpoint_part WHERE checkpoint_id = c.id)::float8 AS size
    FROM index_checkpoint c, organisation o, log_head head ORDER BY c.id DESC LIMIT 1"""

_log = structlog.get_logger("muster.checkpoints")


async def write_for_ever(follower: Follower) -> None:
    """Lead, look, write; until cancelled, and then once more if it is worth it."""
    while True:
        try:
            await follower.loaded.wait()
            async with Leadership("checkpoints") as connection:
                await _Checkpointer(follower, connection).lead()
        except Replaced:
            _log.info("the index was loaded anew while it was written down")
        except (*DATABASE_LOST, asyncpg.PostgresError) as error:
            _log.warning("no checkpoint written, trying again", error=error)
        except Exception:  # noqa: BLE001 - a worker goes on without checkpoints; whoever starts reads the tables
            _log.exception("writing a checkpoint failed, trying again")
        await asyncio.sleep(RETRY_SECONDS)


class _Checkpointer:
    """Who leads, on the connection that says so."""

    def __init__(self, follower: Follower, connection: asyncpg.Connection) -> None:
        self._follower = follower
        self._connection = connection
        self._position = follower.position
        self._woken = asyncio.Event()

    async def lead(self) -> None:
        """Look and write, until cancelled; then leave a checkpoint to whoever starts next."""
        unsubscribe = self._follower.subscribe(self._heard)
        try:
            while True:
                self._woken.clear()
                if await self._due():
                    await self._write()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._woken.wait()
        except asyncio.CancelledError:
            await self._write_the_last()
            raise
        finally:
            unsubscribe()

    def _heard(self, batch: Batch) -> None:
        """Much was changed, or the tables were filled past the log: nobody should have to read that twice."""
        if batch.reloaded or batch.position - self._position >= GROWN:
            self._position = batch.position
            self._woken.set()

    async def _due(self) -> bool:
        row = await self._connection.fetchrow(_LATEST, code_version())
        if row is None or not row["readable"]:
            return True
        return is_due(self._follower.position - row["position"], row["age"], row["size"] or 0.0)

    async def _write(self) -> None:
        written = await write_checkpoint(self._follower.index, self._connection)
        self._position = written.position
        _log.info(
            "checkpoint written",
            position=written.position,
            megabytes=round(written.size / 1e6, 1),
            seconds=round(written.seconds, 1),
        )

    async def _write_the_last(self) -> None:
        """The process ends. What cannot be written in time is not: the transaction goes with the connection."""
        try:
            async with asyncio.timeout(LAST_SECONDS):
                head = await self._connection.fetchval("SELECT seq FROM log_head")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(REACHED_SECONDS):
                        await self._follower.wait_for(head)
                row = await self._connection.fetchrow(_LATEST, code_version())
                grown = (
                    None if row is None or not row["readable"] else self._follower.position - row["position"]
                )
                if grown is None or grown >= LAST_GROWN:
                    await self._write()
        except Exception as error:  # noqa: BLE001 - the process ends either way
            _log.warning("no checkpoint left at the end", error=repr(error))


def is_due(grown: int, age: float, size: float) -> bool:
    """Whether to write another one when the log has grown so much since the last, of so many bytes and so many seconds old."""
    if grown >= MUCH_GROWN:
        return age >= size / MOST_BYTES_A_SECOND
    return grown > 0 and age >= (size / BYTES_A_SECOND if grown >= GROWN else LATEST_SECONDS)
