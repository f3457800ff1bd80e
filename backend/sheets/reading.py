"""Reading a sheet somebody sent: in a child process that is killed when it takes too long."""

import asyncio
import sys
from typing import Any

import msgspec

from backend.sheets.limits import CHILD_SECONDS, MOST_BYTES, SheetError
from backend.sheets.sheet import Sheet, Wishes
from backend.words import Message


class _Answer(msgspec.Struct):
    sheet: Sheet | None = None
    error: dict[str, Any] | None = None


async def read_sheet(content: bytes, wishes: Wishes | None = None) -> Sheet:
    """The rows of the first sheet of an xlsx, or of a CSV, as text; raises `SheetError`."""
    if len(content) > MOST_BYTES:
        raise SheetError(Message("The file is larger than {most} MB.", most=MOST_BYTES // 1024**2))
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "backend.sheets.child",
        msgspec.json.encode(wishes or Wishes()).decode(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(CHILD_SECONDS):
            out, _ = await child.communicate(content)
    except TimeoutError:
        raise SheetError(Message("Reading the sheet took too long.")) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    try:
        answer = msgspec.msgpack.decode(out, type=_Answer)
    except msgspec.DecodeError:
        raise SheetError(Message("The sheet could not be read; it may be damaged or too large.")) from None
    if answer.sheet is None:
        raise SheetError(
            Message.of_parts(answer.error) if answer.error else Message("The sheet could not be read.")
        )
    return answer.sheet
