"""`pg_dump` and `pg_restore` of the PostgreSQL that Muster brings; they know every server that Muster supports."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

from backend.backup.archive import PIECE_BYTES, BackupError
from backend.embedded.postgres import program

# A program says what is wrong in a few lines.
COMPLAINT_BYTES = 4096


async def _start(name: str, url: str, *arguments: str) -> asyncio.subprocess.Process:
    parts = urlsplit(url)
    address, environment = url, {"PATH": os.environ.get("PATH", os.defpath)}
    if parts.password is not None:
        # The command line is everybody's to read.
        netloc = parts.netloc.replace(f":{parts.password}@", "@")
        address = urlunsplit(parts._replace(netloc=netloc))
        environment["PGPASSWORD"] = parts.password
    return await asyncio.create_subprocess_exec(
        str(program(name)),
        *arguments,
        f"--dbname={address}",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )


async def _ended(name: str, process: asyncio.subprocess.Process, complaint: bytes) -> None:
    if await process.wait() != 0:
        raise BackupError(f"{name} failed: {complaint[-COMPLAINT_BYTES:].decode(errors='replace').strip()}")


async def dump(url: str, snapshot: str) -> AsyncIterator[bytes]:
    """Muster's schema with all its rows, as they were in `snapshot`."""
    process = await _start(
        "pg_dump",
        url,
        "--format=custom",
        "--compress=none",
        "--schema=public",
        "--no-owner",
        "--no-privileges",
        f"--snapshot={snapshot}",
    )
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    assert process.stderr is not None  # noqa: S101 - likewise
    complaint = asyncio.create_task(process.stderr.read())
    try:
        while piece := await process.stdout.read(PIECE_BYTES):
            yield piece
        await _ended("pg_dump", process, await complaint)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        complaint.cancel()


async def undump(url: str, pieces: Iterable[bytes]) -> None:
    """Make what `dump` said, in one transaction."""
    process = await _start(
        "pg_restore",
        url,
        "--format=custom",
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
    )
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    assert process.stdout is not None  # noqa: S101 - likewise
    assert process.stderr is not None  # noqa: S101 - likewise
    complaint = asyncio.create_task(process.stderr.read())
    try:
        # A program that has given up says why.
        with suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                process.stdin.write(piece)
                await process.stdin.drain()
            process.stdin.close()
        await _ended("pg_restore", process, await complaint)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        complaint.cancel()
