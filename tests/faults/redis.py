"""A Redis that is given to the instance, behind a TCP proxy that can become a black hole."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from backend.embedded.redis import EmbeddedRedis

PIECE_BYTES = 64 * 1024
WAIT_SECONDS = 10.0


class Proxy:
    """Forwards connections to a unix socket, and swallows what they say when told to; in a thread of its own.

    What a swallowed connection says is lost for good and it hears nothing more, but it stays open: its ends cannot know.
    """

    def __init__(self) -> None:
        self.socket = ""
        self.swallowing = False
        self._swallowed: set[asyncio.StreamWriter] = set()
        self._open: dict[asyncio.StreamWriter, asyncio.StreamWriter] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server = self._wait(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def swallow(self) -> None:
        """What is open now is dead, and what comes until `stop_swallowing` too."""
        self._wait(self._set(swallowing=True))

    def stop_swallowing(self) -> None:
        """New connections reach the server again; the swallowed ones never do."""
        self._wait(self._set(swallowing=False))

    def close(self) -> None:
        """Break every connection and take none."""
        self._wait(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_SECONDS)

    async def _set(self, *, swallowing: bool) -> None:
        self.swallowing = swallowing
        if swallowing:
            self._swallowed |= self._open.keys()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.swallowing:
            self._swallowed.add(writer)
        with suppress(OSError):
            server_reader, server_writer = await asyncio.open_unix_connection(self.socket)
            self._open[writer] = server_writer
            answers = asyncio.create_task(self._pass_on(server_reader, writer, writer))
            try:
                await self._pass_on(reader, server_writer, writer)
            finally:
                answers.cancel()
                self._open.pop(writer, None)
                server_writer.close()
        self._swallowed.discard(writer)
        writer.close()

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, client: asyncio.StreamWriter
    ) -> None:
        """Until `source` ends. The end of the server is swallowed too: only the client's own ends a connection."""
        with suppress(OSError):
            while piece := await source.read(PIECE_BYTES):
                if client not in self._swallowed:
                    sink.write(piece)
                    await sink.drain()
        if sink is client and client not in self._swallowed:
            client.close()

    async def _close(self) -> None:
        self._server.close()
        for client, server in list(self._open.items()):
            client.close()
            server.close()
        # Python 3.11 does not wait for handlers.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class GivenRedis:
    """A Redis beside the instance, as an operator gives one: who kills it starts it again."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o711, exist_ok=True)
        self._server = EmbeddedRedis(directory)
        self.home = self._server.home
        self.proxy = Proxy()
        self.url = ""

    def start(self) -> None:
        """Start it, also after it was killed; the address stays."""
        address = urlsplit(self._server.start())
        self.proxy.socket = unquote(address.path)
        self.url = f"redis://{address.username}:{address.password}@127.0.0.1:{self.proxy.port}/0"

    @property
    def pids(self) -> list[int]:
        """Its process, while it lives."""
        return [self._server.process.pid] if self._server.process and self._server.running else []

    def close(self) -> None:
        """End it and the proxy."""
        self.proxy.close()
        self._server.stop()
