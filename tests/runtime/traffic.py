"""People who do not stop while Muster is reloaded: requests on kept and on fresh connections, and sockets that come back."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.harness.instance import REQUEST_SECONDS, Muster

# What a client says to come back at once for.
RESTARTS = 1012
PATIENCE_SECONDS = 30


class Traffic:
    """What was asked and how it went."""

    def __init__(self, muster: Muster, token: str) -> None:
        self.muster = muster
        self.headers = {"Authorization": f"Bearer {token}"}
        self.answered = 0
        self.failures: list[str] = []
        self.followers: list[Follower] = []
        self._stop = asyncio.Event()

    def client(self) -> httpx.AsyncClient:
        """A client with connections of its own."""
        return httpx.AsyncClient(
            base_url=f"{self.muster.address}/api/v1", headers=self.headers, timeout=REQUEST_SECONDS
        )

    async def keep_asking(self, method: str, path: str, *, fresh: bool = False, **body: Any) -> None:
        """Ask again and again on one connection, or on a fresh one each time."""
        client = self.client()
        try:
            while not self._stop.is_set():
                await self._ask(client, method, path, body)
                if fresh:
                    await client.aclose()
                    client = self.client()
        finally:
            await client.aclose()

    async def _ask(self, client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any]) -> None:
        try:
            answer = await client.request(method, path, **body)
        except httpx.HTTPError as error:
            self.failures.append(repr(error))
        else:
            self.answered += 1
            if not answer.is_success:
                self.failures.append(answer.text)

    async def follow(self, topic: str) -> None:
        """Watch `topic` on a socket, and come back when the server says that it restarts."""
        follower = Follower()
        self.followers.append(follower)
        while not self._stop.is_set():
            async with connect(
                self.muster.live_url, additional_headers=self.headers, compression=None
            ) as socket:
                await socket.send(json.dumps({"type": "watch", "id": "a", "topic": topic}))
                try:
                    await follower.read(socket, self._stop)
                except ConnectionClosed as closed:
                    follower.closes.append(closed.rcvd.code if closed.rcvd else 0)
                    if follower.closes[-1] != RESTARTS:
                        self.failures.append(f"a socket ended with {closed}")

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        for follower in self.followers:
            follower.came.set()


class Follower:
    """What one socket was shown."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.closes: list[int] = []
        self.came = asyncio.Event()

    async def read(self, socket: Any, stop: asyncio.Event) -> None:
        """Keep the latest state until told to stop."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                reading = asyncio.create_task(socket.recv())
                await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not reading.done():
                    reading.cancel()
                    return
                frame = json.loads(reading.result())
                if frame["type"] == "state":
                    self.state = frame["data"]
                    self.came.set()
        finally:
            stopping.cancel()

    async def until(self, condition: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until the state satisfies `condition`."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition(self.state):
                self.came.clear()
                await self.came.wait()


@asynccontextmanager
async def traffic(muster: Muster, token: str) -> AsyncIterator[tuple[Traffic, asyncio.TaskGroup]]:
    """Traffic that ends with the block."""
    made = Traffic(muster, token)
    async with asyncio.TaskGroup() as group:
        try:
            yield made, group
        finally:
            made.stop()


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something outside this process."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - it happens in other processes
                await asyncio.sleep(0.05)
    assert condition(), "it did not happen in time"
