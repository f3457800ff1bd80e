"""Starting cold: the index from the tables and from a checkpoint, and what an API process holds in memory."""

import time

from backend.database import open_connection
from backend.index import FacetIndex, load_index
from backend.index.following.checkpoints import read_checkpoint, write_checkpoint
from benchmarks.figures import Figure
from benchmarks.watching import api_process, resident_bytes
from tests.harness.instance import Muster


async def starting_figures(muster: Muster) -> tuple[list[Figure], FacetIndex]:
    """Both ways to load, in this process; the index is for whoever measures next."""
    started = time.perf_counter()
    index = await load_index()
    from_tables = time.perf_counter() - started
    connection = await open_connection()
    try:
        await write_checkpoint(index, connection)
    finally:
        await connection.close()
    started = time.perf_counter()
    read = await read_checkpoint()
    from_checkpoint = time.perf_counter() - started
    assert read is not None, "a checkpoint that was just written can be read"
    memory = resident_bytes(api_process(muster.pid)) / 1e6
    return [
        Figure("loading the index from the tables", "s", from_tables, 45.0),
        Figure("loading the index from a checkpoint", "s", from_checkpoint, 5.0),
        Figure("memory of the API process", "MB", memory, 700.0),
    ], index
