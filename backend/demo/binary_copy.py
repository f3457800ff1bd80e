"""PostgreSQL's binary COPY format made by numpy: rows of fixed width, millions of them a second.

https://www.postgresql.org/docs/current/sql-copy.html (Binary Format)
"""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
# What is handed to the socket at once.
CHUNK_BYTES = 4 * 1024**2
# PostgreSQL counts microseconds and days from here.
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECONDS_A_DAY = 86_400_000_000

Array = NDArray[Any]
INT4, INT8, FLOAT8, BOOL = np.dtype(">i4"), np.dtype(">i8"), np.dtype(">f8"), np.dtype("u1")


class Null:
    """A column that is null in every row of the block."""


NULL = Null()
Column = Array | Null


def packed(columns: Iterable[Column]) -> bytes:
    """A block of rows. Integers, floats and booleans in the types above; texts as arrays of bytes, all equally long."""
    given = list(columns)
    fields: list[tuple[str, Any]] = [("count", ">i2")]
    for number, column in enumerate(given):
        fields.append((f"length{number}", INT4))
        if not isinstance(column, Null):
            fields.append((f"value{number}", column.dtype))
    rows = next(len(column) for column in given if not isinstance(column, Null))
    block = np.empty(rows, dtype=np.dtype(fields))
    block["count"] = len(given)
    for number, column in enumerate(given):
        if isinstance(column, Null):
            block[f"length{number}"] = -1
        else:
            block[f"length{number}"] = column.dtype.itemsize
            block[f"value{number}"] = column
    return block.tobytes()


def instants(days: Array) -> Array:
    """Days since 2000 as timestamps."""
    return (days.astype(np.int64) * MICROSECONDS_A_DAY).astype(INT8)


def constant(value: Array | bytes | int, rows: int, dtype: np.dtype[Any] | None = None) -> Array:
    """The same value in every row."""
    if isinstance(value, bytes):
        return np.full(rows, value, dtype=f"S{len(value)}")
    return np.full(rows, value, dtype=dtype)


async def copy(
    connection: asyncpg.Connection, table: str, columns: list[str], blocks: Iterable[bytes], *, frozen: bool
) -> None:
    """COPY the blocks into the table; `frozen` if this transaction has made or emptied it: nobody else sees it yet."""

    async def source() -> AsyncIterator[bytes]:
        yield HEADER
        for block in blocks:
            for start in range(0, len(block), CHUNK_BYTES):
                yield block[start : start + CHUNK_BYTES]
        yield TRAILER

    await connection.copy_to_table(table, source=source(), columns=columns, format="binary", freeze=frozen)
