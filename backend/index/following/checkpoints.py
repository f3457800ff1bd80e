"""Checkpoints of the index in PostgreSQL: written by a worker, read by whoever starts, never trusted when wrong."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import asyncpg
import msgspec
import structlog

from backend import rules
from backend.database import execute, transaction
from backend.index.facet_index import FacetIndex
from backend.index.facts.changes import COLUMNS, change_of, portions
from backend.index.facts.structure_rows import known_timezone
from backend.index.following.checkpoint_parts import parts_of, put_part
from backend.index.time_slices import TimeSlice

# The newest, and one behind it for when the newest turns out to be damaged.
KEPT = 2
# Rows of the log that one query brings; each may name thousands of people.
READ_ROWS = 2_000
# Changes applied between two looks at the clock; well under a millisecond.
_FEW_CHANGES = 50
_PREFETCH = 8
_DIGEST_BYTES = 32

_NEWEST = """
    SELECT c.id, c.position, c.complete_at, c.digest, head.seq AS head,
           head.seq = c.position OR EXISTS (SELECT FROM change_log WHERE seq = c.position + 1) AS followed
    FROM index_checkpoint c, log_head head
    WHERE c.version = $1 AND c.timezone = muster_timezone() AND c.complete_at <= head.seq
    ORDER BY c.id DESC"""
_PARTS = "SELECT body, digest FROM index_checkpoint_part WHERE checkpoint_id = $1 ORDER BY number"
_LOG = f"""
    SELECT {COLUMNS} FROM change_log
    WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3"""
_BEGIN = """
    INSERT INTO index_checkpoint (version, timezone, position, complete_at, digest)
    VALUES ($1, $2, $3, $3, '') RETURNING id"""
_FINISH = "UPDATE index_checkpoint SET complete_at = $2, digest = $3 WHERE id = $1"
_FORGET = """
    DELETE FROM index_checkpoint WHERE id NOT IN (SELECT id FROM index_checkpoint ORDER BY id DESC LIMIT $1)"""

_logger = structlog.get_logger(__name__)


class Unusable(Exception):
    """What is stored is not what was written, or the log does not lead on from it."""


class WrittenCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint that was written."""

    position: int
    parts: int
    size: int
    seconds: float


@cache
def code_version() -> str:
    """Stands for all code that gives a checkpoint its meaning; another version of it does not read this one's."""
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for folder in (Path(__file__).parents[1], Path(rules.__file__).parent):
        for file in sorted(folder.rglob("*.py")):
            digest.update(str(file.relative_to(folder)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


async def write_checkpoint(index: FacetIndex, connection: asyncpg.Connection) -> WrittenCheckpoint:
    """Write one and forget old ones, in one transaction. Raises `Replaced` when the index is loaded anew meanwhile."""
    started = time.monotonic()
    position, facts = index.position, index.facts
    digest = _Digest()
    async with connection.transaction():
        made = await connection.fetchval(_BEGIN, code_version(), facts.timezone, position)

        async def records() -> AsyncIterator[tuple[int, int, bytes, bytes]]:
            async for body in parts_of(index, facts):
                yield made, digest.parts, body, digest.add(body)

        columns = ["checkpoint_id", "number", "body", "digest"]
        await connection.copy_records_to_table("index_checkpoint_part", columns=columns, records=records())
        complete_at = index.position
        await connection.execute(_FINISH, made, complete_at, digest.of(position, complete_at, facts.timezone))
        await connection.execute(_FORGET, KEPT)
    return WrittenCheckpoint(position, digest.parts, digest.size, time.monotonic() - started)


async def read_checkpoint() -> FacetIndex | None:
    """The index from the newest checkpoint that can be trusted, at some position the log leads on from; None without one."""
    async with transaction(isolation="repeatable_read") as connection:
        for row in await connection.fetch(_NEWEST, code_version()):
            try:
                return await _read(row, connection)
            except (Unusable, ValueError, TypeError, KeyError, EOFError) as why:
                _logger.warning("index_checkpoint_unusable", checkpoint=row["id"], reason=repr(why))
    return None


async def forget_checkpoints() -> None:
    """Throw all away: nobody is to start from what may be wrong."""
    await execute("DELETE FROM index_checkpoint")


async def _read(row: asyncpg.Record, connection: asyncpg.Connection) -> FacetIndex:
    if not row["followed"]:
        raise Unusable("the log does not lead on from it")
    index = FacetIndex(known_timezone(await connection.fetchval("SELECT muster_timezone()")))
    index.position = row["position"]
    digest = _Digest()
    async for part in connection.cursor(_PARTS, row["id"], prefetch=_PREFETCH):
        if digest.add(part["body"]) != part["digest"]:
            raise Unusable("a part is damaged")
        await put_part(index, part["body"])
    if digest.of(row["position"], row["complete_at"], index.facts.timezone) != row["digest"]:
        raise Unusable("its checksum does not fit")
    # Its parts are of different moments: from here on they are of one.
    await apply_log(index, row["complete_at"], connection)
    return index


async def apply_log(index: FacetIndex, until: int, connection: asyncpg.Connection) -> None:
    """Apply the log up to a position. Raises `Unusable` when it does not reach that far without a gap."""
    time_slice = TimeSlice()
    while index.position < until:
        rows = await connection.fetch(_LOG, index.position, until, READ_ROWS)
        if not rows or rows[0]["seq"] != index.position + 1:
            raise Unusable(f"the log has a gap after {index.position}")
        for changes in portions(map(change_of, rows), _FEW_CHANGES):
            index.apply(changes)
            if time_slice.used_up():
                await asyncio.sleep(0)


class _Digest:
    def __init__(self) -> None:
        self.parts = 0
        self.size = 0
        self._all = hashlib.blake2b(digest_size=_DIGEST_BYTES)

    def add(self, body: bytes) -> bytes:
        """Take a part in; its own digest."""
        self.parts += 1
        self.size += len(body)
        own = hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()
        self._all.update(own)
        return own

    def of(self, position: int, complete_at: int, timezone: str) -> bytes:
        """Of all that was added and of what is written beside it."""
        told = self._all.copy()
        told.update(f"{self.parts} {position} {complete_at} {timezone} {code_version()}".encode())
        return told.digest()
