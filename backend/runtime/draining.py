"""uvicorn that drops no request on its way out.

Its own shutdown closes idle connections at once, under requests that are just arriving, and asyncio forgets connections
that were accepted in the same moment. Here every connection gets an answer that says `Connection: close`, or is closed
after it was idle for a while.
"""

import asyncio
import signal
import socket
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from backend.runtime import readiness
from backend.runtime.http_protocol import PatientProtocol

# What ends takes its time while a successor stands beside it: uploads and large plans are finished.
HAND_OVER_SECONDS = 30
# Sockets come back to the successor over this long, not all in one moment.
SPREAD_SECONDS = 2.0
# An idle connection is kept this long after the end has begun: longer than most clients reuse one (httpx 5 s).
LEAVING_IDLE_SECONDS = 6.0
# From `accept` to a connection that uvicorn knows of, asyncio needs three turns of its loop.
ACCEPTING_TURNS = 5


class HttpProtocol(PatientProtocol):
    """A connection whose last answer says that it closes."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if readiness.patience() is not None:
            self._limit_idling()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if readiness.patience() is not None:
            self._answer_last()

    def shutdown(self) -> None:
        if self._under_way() is not None:
            self._answer_last()
        elif readiness.patience():
            self._limit_idling()
        else:
            super().shutdown()

    def _under_way(self) -> RequestResponseCycle | None:
        # None before the first request, whatever uvicorn declares.
        cycle: Any = self.cycle
        return cycle if cycle is not None and not cycle.response_complete else None

    def _answer_last(self) -> None:
        cycle = self._under_way()
        if cycle is None:
            return
        # It says so in its headers, unless they are out already.
        cycle.keep_alive = False

    def _limit_idling(self) -> None:
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        self.timeout_keep_alive_task = self.loop.call_later(
            LEAVING_IDLE_SECONDS, self.timeout_keep_alive_handler
        )


class Server(uvicorn.Server):
    """SIGTERM ends it soon; SIGHUP says that a successor accepts beside it, and ends it without haste."""

    hand_over = False

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hand_over)
        await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        readiness.tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        readiness.leave(SPREAD_SECONDS if self.hand_over else 0.0)
        loop = asyncio.get_running_loop()
        for listener in sockets or ():
            loop.remove_reader(listener)
        for _ in range(ACCEPTING_TURNS):
            await asyncio.sleep(0)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if readiness.patience():
            # Told to hurry while handing over.
            readiness.leave(0.0)
            asyncio.get_running_loop().call_soon_threadsafe(self._let_go)
        super().handle_exit(sig, frame)

    def _hand_over(self) -> None:
        self.hand_over = True
        self.config.timeout_graceful_shutdown = HAND_OVER_SECONDS
        self.should_exit = True

    def _let_go(self) -> None:
        for connection in list(self.server_state.connections):
            connection.shutdown()
