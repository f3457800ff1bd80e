"""Starting embedded servers again when they die, beside the event loop and until told to stop."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor

import msgspec

from backend.embedded.postgres import EmbeddedPostgres
from backend.embedded.process import Patience
from backend.embedded.redis import EmbeddedRedis


class Servers(msgspec.Struct, frozen=True):
    """Addresses of the PostgreSQL and Redis to use."""

    database_url: str
    redis_url: str


class Embedded:
    """Addresses of servers, and those among them that are ours to keep alive, by name.

    `thread` starts them again: one thread that outlives them, because Linux ends a server with the *thread* that
    started it. Their addresses never change under the processes that use them.
    """

    def __init__(
        self,
        servers: Servers,
        ours: Mapping[str, EmbeddedPostgres | EmbeddedRedis] | None = None,
        *,
        thread: Executor | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.servers = servers
        self._ours = ours or {}
        self._thread = thread
        self._patience = patience or Patience()

    def dead(self) -> list[str]:
        """Names of our servers that do not run."""
        return [name for name, server in self._ours.items() if not server.running]

    async def revive(self, name: str) -> None:
        """Start this server again; raises `EmbeddedError` when it does not start. Crash recovery may take a while."""
        assert self._thread is not None  # noqa: S101 - whoever has servers has a thread for them
        await asyncio.wrap_future(self._thread.submit(self._ours[name].start))

    def settle(self) -> None:
        """End a revival that is under way, at once, and begin no other: the servers are about to be stopped."""
        self._patience.lose()
        if self._thread is not None:
            self._thread.submit(lambda: None).result()
