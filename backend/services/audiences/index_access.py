"""The index, as fresh as a question needs it: with what was committed before, or as it is."""

import asyncio
from contextlib import suppress

from backend.index import FacetIndex, Follower, IndexBehind
from backend.index.following.follower import CATCH_UP_SECONDS, Committed
from backend.services.errors import Unavailable
from backend.words import Message


class IndexIsBehind(Unavailable):
    """The index has not caught up in time with what was committed before the question."""

    type = "index_behind"

    def __init__(self) -> None:
        super().__init__(
            Message("The counts are not up to date yet. Try again in a moment."), headers={"Retry-After": "1"}
        )


async def current_index(follower: Follower, committed: Committed | None = None) -> FacetIndex:
    """The index with everything committed before the call, or with what a query has seen as `committed`. Raises `IndexIsBehind`."""
    try:
        await follower.catch_up(committed=committed)
    except IndexBehind:
        raise IndexIsBehind from None
    return follower.index


async def loaded_index(follower: Follower) -> FacetIndex:
    """The index as it is. Raises `IndexIsBehind` when it has not been loaded in time."""
    try:
        async with asyncio.timeout(CATCH_UP_SECONDS):
            await follower.loaded.wait()
    except TimeoutError:
        raise IndexIsBehind from None
    return follower.index


async def latest_index(follower: Follower) -> FacetIndex:
    """The index, if it can be with everything committed before the call: for numbers beside something else."""
    with suppress(IndexBehind):
        await follower.catch_up()
    return await loaded_index(follower)
