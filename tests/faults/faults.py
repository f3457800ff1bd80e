"""What is done to the instance: kills, freezes, lost leads, a rude mail server."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tests.faults.disk import Disk
from tests.faults.instance import Instance
from tests.faults.leading import AWAY, LEADER, STANDS_FOR, Handovers
from tests.faults.mail import Manners, RoughSink
from tests.faults.redis import GivenRedis

# How long a server hangs, or the mail server misbehaves, while the load goes on.
FROZEN_SECONDS = (0.5, 2.5)
# How often the campaign waits until somebody leads again; otherwise the next fault may come before.
WAITS = 0.5
LONGEST_WAIT_SECONDS = 30.0


class Faults:
    """Each does its harm once and returns whether there was anything to harm."""

    def __init__(
        self, instance: Instance, sink: RoughSink, chance: random.Random, disk: Disk | None = None
    ) -> None:
        self.instance = instance
        self.disk = disk
        self.sink = sink
        self.chance = chance
        self.handovers = Handovers(instance)

    @property
    def kills(self) -> dict[str, Callable[[], Awaitable[bool]]]:
        """`kill -9`, by who is killed."""
        return {
            "worker": lambda: self._kill("worker"),
            "api": lambda: self._kill("api"),
            "sequencer": lambda: self._kill("sequencer"),
            "redis": lambda: self._kill_redis(wipe=False),
            "redis, wiped": lambda: self._kill_redis(wipe=True),
            "postgres": lambda: self._kill("postgres"),
        }

    @property
    def others(self) -> dict[str, Callable[[], Awaitable[bool]]]:
        """What hurts without killing."""
        found: dict[str, Callable[[], Awaitable[bool]]] = {
            "redis stopped": lambda: self._freeze("redis"),
            "reconciler's lead lost": lambda: self._lose_lead("reconciler"),
            "sequencer's lead lost": lambda: self._lose_lead("sequencer"),
            "smtp 451": lambda: self._mail("451"),
            "smtp stall": lambda: self._mail("stall"),
            "smtp drop after DATA": lambda: self._mail("drop"),
        }
        if given := self.instance.given:
            found["redis a black hole"] = lambda: self._swallow(given)
        if disk := self.disk:
            found["disk full"] = lambda: self._fill_disk(disk)
        return found

    async def _kill(self, role: str) -> bool:
        if role == "postgres":
            self.handovers.disturb()
        found = self.instance.processes(role)
        if not found:
            return False
        lead = STANDS_FOR.get(role)
        if lead:
            # What is being watched takes longer if a second worker dies meanwhile, or who numbers its work.
            self.handovers.disturb(*STANDS_FOR.values())
        leader = await self.handovers.leader(lead) if lead else None
        with suppress(ProcessLookupError):
            os.kill(self.chance.choice(found), signal.SIGKILL)
            if lead and leader:
                watching = self.handovers.watch(lead, leader)
                if self.chance.random() < WAITS:
                    await asyncio.wait({watching}, timeout=LONGEST_WAIT_SECONDS)
            return True
        return False

    async def _kill_redis(self, *, wipe: bool) -> bool:
        if not await self._kill("redis"):
            return False
        if wipe:
            for file in self.instance.redis_files.glob("appendonly*"):
                file.unlink(missing_ok=True)
        if self.instance.given is not None:
            await asyncio.sleep(self.chance.uniform(*FROZEN_SECONDS))
            self.instance.given.start()
        return True

    async def _swallow(self, given: GivenRedis) -> bool:
        given.proxy.swallow()
        await asyncio.sleep(self.chance.uniform(*FROZEN_SECONDS))
        given.proxy.stop_swallowing()
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
        self.handovers.disturb(name)
        with suppress(*AWAY):
            async with self.instance.connection() as connection:
                for row in await connection.fetch(LEADER, name):
                    await connection.execute("SELECT pg_terminate_backend($1)", row["pid"])
                    return True
        return False

    async def _fill_disk(self, disk: Disk) -> bool:
        self.handovers.disturb()
        disk.fill()
        await asyncio.sleep(self.chance.uniform(*FROZEN_SECONDS))
        disk.make_room()
        return True

    async def _mail(self, manners: Manners) -> bool:
        self.sink.manners = manners
        await asyncio.sleep(self.chance.uniform(*FROZEN_SECONDS))
        self.sink.manners = "good"
        return True
