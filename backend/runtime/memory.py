"""Memory that a process gives back to the system once what it needed for a while is freed."""

import asyncio
import ctypes


async def give_back_memory() -> None:
    """Give back to the system what is freed and still kept for later, beside the event loop; it takes a few hundredths of a second.

    The allocator of glibc keeps freed memory between what is still in use: some 60 MB once a million people were read. Does nothing
    where the C library is another.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        await asyncio.to_thread(trim, 0)
