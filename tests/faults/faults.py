"""What is done to the instance: kills, freezes, lost leads, a rude mail server."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg

from tests.faults.disk import Disk
from tests.faults.instance import Instance
from tests.faults.mail import Manners, RoughSink

# How long a server hangs, or the mail server misbehaves, while the load goes on.
FROZEN_SECONDS = (0.5, 2.5)
LEADER = """
SELECT a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objid = hashtext('muster.' || $1)::bigint & 4294967295
"""
# What it raises to ask a server that is just being killed.
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


class Faults:
    """Each does its harm once and returns whether there was anything to harm."""

    def __init__(
        self, instance: Instance, sink: RoughSink, chance: random.Random, disk: Disk | None = None
    ) -> None:
        self.instance = instance
        self.disk = disk
        self.sink = sink
        self.chance = chance

    @property
    def kills(self) -> dict[str, Callable[[], Awaitable[bool]]]:
        """`kill -9`, by who is killed."""
        return {
            "worker": lambda: self._kill("worker"),
            "api": lambda: self._kill("api"),
            "sequencer": lambda: self._kill("sequencer"),
            "redis": lambda: self._kill("redis"),
            "redis, wiped": self._wipe_redis,
            "postgres": lambda: self._kill("postgres"),
        }

    @property
    def others(self) -> dict[str, Callable[[], Awaitable[bool]]]:
        """What hurts without killing."""
        found: dict[str, Callable[[], Awaitable[bool]]] = {
            "redis half-open": lambda: self._freeze("redis"),
            "reconciler's lead lost": lambda: self._lose_lead("reconciler"),
            "sequencer's lead lost": lambda: self._lose_lead("sequencer"),
            "smtp 451": lambda: self._mail("451"),
            "smtp stall": lambda: self._mail("stall"),
            "smtp drop after DATA": lambda: self._mail("drop"),
        }
        return found if self.disk is None else found | {"disk full": self._fill_disk}

    async def _kill(self, role: str) -> bool:
        found = self.instance.processes(role)
        if not found:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.chance.choice(found), signal.SIGKILL)
            return True
        return False

    async def _wipe_redis(self) -> bool:
        if not await self._kill("redis"):
            return False
        for file in (self.instance.muster.data_dir / "redis").glob("appendonly*"):
            file.unlink(missing_ok=True)
        return True

    async def _freeze(self, role: str) -> bool:
        found = self.instance.processes(role)
        with suppress(ProcessLookupError):
            for pid in found:
                os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(self.chance.uniform(*FROZEN_SECONDS))
            for pid in found:
                os.kill(pid, signal.SIGCONT)
        return bool(found)

    async def _lose_lead(self, name: str) -> bool:
        """End the connection that holds the lock; its process works on, and another one takes the lead."""
        with suppress(*AWAY):
            async with self.instance.connection() as connection:
                for row in await connection.fetch(LEADER, name):
                    await connection.execute("SELECT pg_terminate_backend($1)", row["pid"])
                    return True
        return False

    async def _fill_disk(self) -> bool:
        assert self.disk is not None
        self.disk.fill()
        await asyncio.sleep(self.chance.uniform(*FROZEN_SECONDS))
        self.disk.make_room()
        return True

    async def _mail(self, manners: Manners) -> bool:
        self.sink.manners = manners
        await asyncio.sleep(self.chance.uniform(*FROZEN_SECONDS))
        self.sink.manners = "good"
        return True
