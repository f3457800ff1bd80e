"""A client of the live socket for tests: real sockets, frames as plain values."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

# Long enough for a busy machine; a test that waits this long fails.
PATIENCE_SECONDS = 15

Frame = dict[str, Any]


class LiveSocket:
    """An open socket that remembers every frame it received."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.seen: list[Frame] = []

    async def send(self, type_: str, **fields: Any) -> None:
        """Send one frame."""
        await self.connection.send(json.dumps({"type": type_, **fields}))

    async def next(self) -> Frame:
        """The next frame, whatever it is."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            frame: Frame = json.loads(await self.connection.recv())
        self.seen.append(frame)
        return frame

    async def until(self, wanted: Callable[[Frame], Any]) -> Frame:
        """The first frame to come for which `wanted` holds."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                frame = await self.next()
                if wanted(frame):
                    return frame

    async def read_on(self) -> None:
        """Read until the connection ends, with its `ConnectionClosed`."""
        while True:
            await self.next()

    async def settled(self) -> None:
        """Read until a ping has been answered: what was on its way before has arrived."""
        await self.send("ping")
        await self.until(lambda frame: frame["type"] == "pong")


@asynccontextmanager
async def live_socket(url: str, token: str | None = None, **headers: str) -> AsyncIterator[LiveSocket]:
    """A socket, signed in with `token` when there is one."""
    given = {**headers, **({"Authorization": f"Bearer {token}"} if token else {})}
    async with connect(url, additional_headers=given, max_size=None, compression=None) as connection:
        yield LiveSocket(connection)
