"""Compares a process's index with the tables now and then; a difference is told, and mended from the tables."""

import asyncio
from random import uniform

import asyncpg
import structlog
from prometheus_client import Counter

from backend.index.following.checkpoints import forget_checkpoints
from backend.index.following.follower import Follower
from backend.index.following.load_tables import load_index
from backend.index.following.table_differences import TableDifference, differences
from backend.runtime.metrics import NAME, process_gauge

# The first look shows what a checkpoint was worth; by then a start is over. Processes do not all look at once.
FIRST_SECONDS = (240.0, 900.0)
# Reading all the facts of a million people takes PostgreSQL about a minute of one core.
EVERY_SECONDS = 6 * 3600.0
RETRY_SECONDS = 60.0
# An index that is so far behind is not compared: it will be, once it has caught up.
REACHED_SECONDS = 60.0

CHECKED = process_gauge(
    "muster_index_checked_seconds", "When the index was last compared with the tables, in seconds since 1970"
)
DIFFERENCES = Counter(
    "muster_index_differences_total", "Parts of the index that were not what the tables say", ["facet"]
)

_log = structlog.get_logger("muster.index")


async def check_periodically(follower: Follower) -> None:
    """Check for ever, until cancelled."""
    await follower.loaded.wait()
    pause = uniform(*FIRST_SECONDS)  # noqa: S311 - it only spreads the work
    while True:
        await asyncio.sleep(pause)
        try:
            await check_index(follower)
            pause = EVERY_SECONDS
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            _log.warning("the index could not be compared with the tables", error=repr(error))
            pause = RETRY_SECONDS
        except Exception:  # noqa: BLE001 - whatever it was, it must not end the process that it looks after
            _log.exception("comparing the index with the tables failed")
            pause = RETRY_SECONDS


async def check_index(follower: Follower) -> list[TableDifference]:
    """Compare now. Where they differ, checkpoints are thrown away and the index is loaded from the tables."""

    async def reached(position: int) -> None:
        async with asyncio.timeout(REACHED_SECONDS):
            await follower.wait_for(position)

    found = await differences(follower.index, reached)
    CHECKED.labels(NAME).set_to_current_time()
    for difference in found:
        DIFFERENCES.labels(difference.facet).inc(difference.slots)
        _log.error(
            "the index differed from the tables and is loaded again",
            facet=difference.facet,
            slots=difference.slots,
            example=difference.example,
        )
    if found:
        await forget_checkpoints()
        follower.replace(await load_index())
    return found
