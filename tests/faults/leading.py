"""How long nobody leads after the leader was killed: from the kill to the first work of the next one."""

import asyncio
import time
from collections import defaultdict
from contextlib import suppress

import asyncpg

from tests.faults.instance import Instance

LEADER = """
SELECT a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objid = hashtext('muster.' || $1)::bigint & 4294967295
"""
# What only the leader moves, under load several times a second.
WORK = {
    "sequencer": "SELECT seq FROM log_head",
    "reconciler": "SELECT position FROM follower WHERE name = 'reconciler'",
}
# Which processes stand for which lead.
STANDS_FOR = {"sequencer": "sequencer", "worker": "reconciler"}
# What it raises to ask a server that is just being killed.
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
# A killed process's connection is gone in a moment; who leads after this was not killed.
GONE_SECONDS = 1.0
POLL_SECONDS = 0.01


class Handovers:
    """Watches kills, one of each lead at a time; `seconds` has what was seen to its end undisturbed."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self._watching: dict[str, asyncio.Task[None]] = {}

    async def leader(self, name: str) -> int | None:
        """The database's process that serves who leads; None also when nobody can be asked."""
        with suppress(*AWAY):
            async with self.instance.connection() as connection:
                found: int | None = await connection.fetchval(LEADER, name)
                return found
        return None

    def watch(self, name: str, leader: int) -> asyncio.Task[None]:
        """`leader` may just have been killed: take the time until somebody else has done something."""
        self.disturb(name)
        self._watching[name] = asyncio.create_task(self._watch(name, leader, time.monotonic()))
        return self._watching[name]

    def disturb(self, *names: str) -> None:
        """What is being watched (everything if nothing is named) will have taken longer than it takes."""
        for name in names or tuple(self._watching):
            if name in self._watching:
                self._watching.pop(name).cancel()

    async def _watch(self, name: str, leader: int, killed_at: float) -> None:
        with suppress(*AWAY):
            async with self.instance.connection() as connection:
                done = await connection.fetchval(WORK[name])
                while True:
                    now = await connection.fetchval(LEADER, name)
                    if now is None:
                        # What the dead one had begun in the database may still come to its end.
                        done = await connection.fetchval(WORK[name])
                    elif now == leader:
                        if time.monotonic() - killed_at > GONE_SECONDS:
                            return
                    elif await connection.fetchval(WORK[name]) > done:
                        self.seconds[name].append(time.monotonic() - killed_at)
                        return
                    await asyncio.sleep(POLL_SECONDS)
