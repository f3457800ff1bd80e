"""How long a process takes to have its index, and what it takes in memory.

The main program calls `loading_figures` on the connected database, and `memory_figures` while `muster serve` runs there;
for a million learners it may reuse a kept directory.
"""

import gc
import time
from pathlib import Path

from backend.database import open_connection
from backend.index import load_index
from backend.index.checkpoints import read_checkpoint, write_checkpoint
from benchmarks.figures import Figure

# At 1,000,000 learners with 40 million memberships.
FROM_TABLES_SECONDS = 45.0
FROM_CHECKPOINT_SECONDS = 5.0
API_MEGABYTES = 700.0


async def loading_figures() -> list[Figure]:
    """The index from the tables, then from a checkpoint that is written for it."""
    started = time.perf_counter()
    index = await load_index()
    tables = time.perf_counter() - started
    connection = await open_connection()
    try:
        written = await write_checkpoint(index, connection)
    finally:
        connection.terminate()
    del index
    gc.collect()
    started = time.perf_counter()
    read = await read_checkpoint()
    checkpoint = time.perf_counter() - started
    assert read is not None, "the checkpoint that was just written is not read"
    return [
        Figure("index from the tables", "s", tables, FROM_TABLES_SECONDS),
        Figure("index from a checkpoint", "s", checkpoint, FROM_CHECKPOINT_SECONDS),
        Figure("writing a checkpoint", "s", written.seconds),
        Figure("size of a checkpoint", "MB", written.size / 1e6),
    ]


def memory_figures(pid: int) -> list[Figure]:
    """What the API process `pid` holds in memory, and has held at the most."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
    )
    return [
        Figure(name, "MB", int(status[key].split()[0]) / 1024, API_MEGABYTES)
        for name, key in (("memory of an API process", "VmRSS"), ("the most it held", "VmHWM"))
    ]
