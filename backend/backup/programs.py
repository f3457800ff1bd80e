"""`pg_dump`, `pg_restore` and `psql` of the PostgreSQL that Muster brings; they know every server that Muster supports."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

from backend.backup.archive import PIECE_BYTES, BackupError
from backend.database import schema_swap
from backend.embedded.postgres import program

# A program says what is wrong in a few lines.
COMPLAINT_BYTES = 4096
# Since this version servers have a setting that every script of `pg_restore` begins with, in its first lines.
KNOWS_TRANSACTION_TIMEOUT = 17
_TRANSACTION_TIMEOUT = b"SET transaction_timeout = 0;\n"
HEAD_BYTES = 4096
_UNDUMP = ("--format=custom", "--no-owner", "--no-privileges")


async def _start(name: str, url: str | None, *arguments: str) -> asyncio.subprocess.Process:
    """Started on the database, if there is one."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "PGAPPNAME": schema_swap.LOADER}
    if url is not None:
        parts = urlsplit(url)
        if parts.password is not None:
            # The command line is everybody's to read.
            netloc = parts.netloc.replace(f":{parts.password}@", "@")
            url = urlunsplit(parts._replace(netloc=netloc))
            environment["PGPASSWORD"] = parts.password
        arguments = (*arguments, f"--dbname={url}")
    return await asyncio.create_subprocess_exec(
        str(program(name)),
        *arguments,
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


async def undump(url: str, pieces: Iterable[bytes], *, server: int) -> None:
    """Make what `dump` said, in one transaction, on a server of that major version."""
    if server < KNOWS_TRANSACTION_TIMEOUT:
        await _undump_by_script(url, pieces)
        return
    process = await _start("pg_restore", url, *_UNDUMP, "--single-transaction", "--exit-on-error")
    assert process.stderr is not None  # noqa: S101 - it is a pipe
    complaint = asyncio.create_task(process.stderr.read())
    try:
        await _feed(process, pieces)
        await _ended("pg_restore", process, await complaint)
    finally:
        await _end(process)
        complaint.cancel()


async def _undump_by_script(url: str, pieces: Iterable[bytes]) -> None:
    """The same by way of a script, without the setting that every script begins with and older servers do not know."""
    reader = await _start("pg_restore", None, *_UNDUMP, "--file=-")
    writer = await _start(
        "psql", url, "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"
    )
    assert reader.stdout is not None  # noqa: S101 - they are pipes
    assert reader.stderr is not None  # noqa: S101 - likewise
    assert writer.stdin is not None  # noqa: S101 - likewise
    assert writer.stderr is not None  # noqa: S101 - likewise
    assert writer.stdout is not None  # noqa: S101 - likewise
    helpers = [
        asyncio.create_task(work)
        for work in (reader.stderr.read(), writer.stderr.read(), writer.stdout.read(), _feed(reader, pieces))
    ]
    try:
        with suppress(BrokenPipeError, ConnectionResetError):
            head = b""
            while len(head) < HEAD_BYTES and (piece := await reader.stdout.read(PIECE_BYTES)):
                head += piece
            writer.stdin.write(head.replace(_TRANSACTION_TIMEOUT, b"", 1))
            while piece := await reader.stdout.read(PIECE_BYTES):
                writer.stdin.write(piece)
                await writer.stdin.drain()
            # What is not whole must not be committed: only a script that has come to its end is.
            await _ended("pg_restore", reader, await helpers[0])  # type: ignore[arg-type]  # the first two read
            writer.stdin.close()
        await _ended("psql", writer, await helpers[1])  # type: ignore[arg-type]  # likewise
    finally:
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
        for process in (writer, reader):
            if process.returncode is None:
                process.kill()
            # Not wait(): it waits for a pipe that nobody reads.
            await process.communicate()


async def _feed(process: asyncio.subprocess.Process, pieces: Iterable[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    # A program that has given up says why.
    with suppress(BrokenPipeError, ConnectionResetError):
        for piece in pieces:
            process.stdin.write(piece)
            await process.stdin.drain()
        process.stdin.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()
