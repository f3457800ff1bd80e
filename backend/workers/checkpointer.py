"""Writes checkpoints of the index, so that the next process starts in seconds. One of all workers does it at a time."""

import asyncio

import asyncpg
import structlog

from backend.database import Leadership
from backend.index import Follower
from backend.index.checkpoints import code_version, write_checkpoint
from backend.index.freezing import Replaced
from backend.workers.process import DATABASE_LOST

# How often the leader looks whether one is due.
LOOK_SECONDS = 15.0
# A start reads this much of the log in about a second.
GROWN = 50_000
# Under constant writing the log grows so much every few minutes, or seconds; so many bytes of checkpoints are written a second
# then at most: the 140 MB of a million people every ten minutes, those of a few thousand as often as it is looked.
BYTES_A_SECOND = 250_000
# However little was written, a start does not read more than this much time of it.
LATEST_SECONDS = 6 * 3600.0
RETRY_SECONDS = 5.0

_LATEST = """
    SELECT c.position, extract(epoch FROM now() - c.made_at)::float8 AS age,
           c.version = $1 AND c.timezone = o.timezone AND c.complete_at <= head.seq
           AND (c.position = head.seq OR EXISTS (SELECT FROM change_log WHERE seq = c.position + 1)) AS readable,
           (SELECT sum(octet_length(body)) FROM index_checkpoint_part WHERE checkpoint_id = c.id)::float8 AS size
    FROM index_checkpoint c, organisation o, log_head head ORDER BY c.id DESC LIMIT 1"""

_log = structlog.get_logger("muster.checkpoints")


async def write_for_ever(follower: Follower) -> None:
    """Lead, look, write; until cancelled."""
    while True:
        try:
            await follower.loaded.wait()
            async with Leadership("checkpoints") as connection:
                while True:
                    if await _is_due(follower.position, connection):
                        written = await write_checkpoint(follower.index, connection)
                        _log.info(
                            "checkpoint written",
                            position=written.position,
                            megabytes=round(written.size / 1e6, 1),
                            seconds=round(written.seconds, 1),
                        )
                    await asyncio.sleep(LOOK_SECONDS)
        except Replaced:
            _log.info("the index was loaded anew while it was written down")
        except (*DATABASE_LOST, asyncpg.PostgresError) as error:
            _log.warning("no checkpoint written, trying again", error=error)
        except Exception:  # noqa: BLE001 - a worker goes on without checkpoints; whoever starts reads the tables
            _log.exception("writing a checkpoint failed, trying again")
        await asyncio.sleep(RETRY_SECONDS)


async def _is_due(position: int, connection: asyncpg.Connection) -> bool:
    row = await connection.fetchrow(_LATEST, code_version())
    if row is None or not row["readable"]:
        return True
    return is_due(position - row["position"], row["age"], row["size"] or 0.0)


def is_due(grown: int, age: float, size: float) -> bool:
    """Whether to write another one when the log has grown so much since the last, of so many bytes and so many seconds old."""
    return grown > 0 and age >= (size / BYTES_A_SECOND if grown >= GROWN else LATEST_SECONDS)
