"""Rounds of faults under load, each followed by a look at the truth; and the figures of it all."""

import asyncio
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx

from tests.faults.disk import Disk
from tests.faults.expected_state import problems, settle
from tests.faults.faults import Faults
from tests.faults.instance import Instance
from tests.faults.ledger import Ledger
from tests.faults.load import Client, Confirming, ConfirmingEverybody, Facts, Newcomers
from tests.faults.mail import RoughSink
from tests.faults.redis import GivenRedis
from tests.faults.world import World
from tests.harness.mail import smtp_server

KILLS_A_ROUND = 8
# Between one fault and the next, so that each finds something going on.
BETWEEN_SECONDS = (0.2, 1.5)
# Clock jumps: mail falls due, leases run out, days begin, and sometimes it all goes back.
JUMPS = (
    timedelta(hours=2),
    timedelta(days=3),
    timedelta(hours=-5),
    timedelta(days=1, hours=1),
    timedelta(days=-1),
)
ROUNDS_A_JUMP = 3
# Beyond every minute 00 and every lease, and every jump back that was made.
TO_THE_END = timedelta(days=40)
WRITERS = 3
# The part of faults that are not kills.
OTHERS = 0.25


@dataclass
class Figures:
    """What happened."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    settled: list[float] = field(default_factory=list)
    # From the kill of a leader to the first work of the next one, by what it leads.
    handovers: dict[str, list[float]] = field(default_factory=dict)
    looks: int = 0
    seconds: float = 0.0

    def rows(self, ledger: Ledger, sink: RoughSink) -> list[tuple[str, str]]:
        """For a table."""
        times = sink.times()
        kills, others = (
            ", ".join(f"{number} {name}" for name, number in counted.items())
            for counted in (self.kills, self.others)
        )
        unanswered = ", ".join(f"{number} {name}" for name, number in ledger.unanswered.most_common())
        handovers = [
            (f"seconds until another {name} worked, median and most", f"{statistics.median(took):.1f}, {max(took):.1f} ({len(took)} seen)")
            for name, took in self.handovers.items()
        ]  # fmt: skip
        return [
            ("seed", str(self.seed)),
            ("seconds", f"{self.seconds:.0f}"),
            ("kill -9", f"{self.kills.total()} ({kills})"),
            ("other faults", f"{self.others.total()} ({others})"),
            ("looks at the truth", str(self.looks)),
            ("seconds until settled, median and most", f"{statistics.median(self.settled):.1f}, {max(self.settled):.1f}"),
            *handovers,
            ("writes acknowledged", str(ledger.acknowledged)),
            ("requests repeated for want of an answer", f"{ledger.unanswered.total()} ({unanswered})"),
            ("accounts made, plans confirmed, undone", ", ".join(map(str, (
                len(ledger.newcomers), len(ledger.confirmed), sum(one.undone for one in ledger.confirmed)
            )))),
            ("acknowledged writes lost", "0"),
            ("messages", str(len(times))),
            ("messages lost", "0"),
            ("repeats, all with the same Message-ID", f"{times.total() - len(times)}, {sink.dropped} of them because the server took a message without a word"),
        ]  # fmt: skip


class Campaign:
    """One instance from its first start to its last look."""

    def __init__(self, directory: Path, seed: int, people: int, disk: Disk | None = None) -> None:
        self.chance = random.Random(seed)
        self.figures = Figures(seed)
        self.ledger = Ledger()
        self.sink = RoughSink()
        self.directory = directory
        self.disk = disk
        self.people = people
        self.began = 0.0
        self.instance: Instance
        self.faults: Faults
        self.given: GivenRedis
        self.world: World
        self.clients: list[Client] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The instance and its load, inside the block."""
        self.began = time.monotonic()
        with smtp_server(self.sink):
            self.given = GivenRedis(self.directory / "given")
            self.instance = Instance(self.directory, self.sink.url)
            self.faults = Faults(self.instance, self.sink, self.chance, self.disk)
            self.figures.handovers = self.faults.handovers.seconds
            try:
                self.given.start()
                self.instance.start()
                self.world = World(self.instance.muster, self.people)
                self._say("the load begins")
                async with self._load():
                    yield
            finally:
                if self.instance.muster.process is not None:
                    self.instance.muster.stop()
                self.given.close()
                self.figures.seconds = time.monotonic() - self.began

    async def round(self, kills: int) -> None:
        """So many kills of anybody, among other faults."""
        self._say(f"kills {self.figures.kills.total() + 1} to {self.figures.kills.total() + kills}")
        done = 0
        while done < kills:
            if self.chance.random() < OTHERS:
                await self.strike(self.chance.choice(list(self.faults.others)))
            else:
                done += await self.strike(self.chance.choice(list(self.faults.kills)))

    async def strike(self, name: str) -> bool:
        """One fault under load, after a while; whether there was anything to harm."""
        for client in self.clients:
            client.let.set()
        await asyncio.wait(
            self._tasks,
            timeout=self.chance.uniform(*BETWEEN_SECONDS),
            return_when=asyncio.FIRST_COMPLETED,
        )
        self._raise_refusals()
        kills = self.faults.kills
        harmed = await (kills | self.faults.others)[name]()
        (self.figures.kills if name in kills else self.figures.others)[name] += harmed
        return harmed

    async def everything(self) -> None:
        """Each kind of fault once, in some order."""
        names = [*self.faults.kills, *self.faults.others]
        self.chance.shuffle(names)
        for name in names:
            # Nobody to harm: it is just being started again.
            while not await self.strike(name):
                pass

    async def jump(self, by: timedelta) -> None:
        """Stop it, and start it on another day, with the other Redis: the embedded one, or the given one behind a proxy."""
        await self._quiet()
        self._say(f"the clock moves by {by}")
        self.instance.given = None if self.instance.given else self.given
        self.instance.restart(by)
        self.figures.others["clock jump"] += 1

    async def look(self, *, mail: bool) -> None:
        """Let everything settle and compare; raises with everything that is wrong. With `mail`, what is due must go out."""
        await self._quiet()
        self._say("settling")
        began = time.monotonic()
        await settle(self.instance, mail=mail)
        self.figures.settled.append(time.monotonic() - began)
        self._say("looking")
        found = await problems(self.instance, self.world, self.ledger, self.sink)
        times = self.sink.times()
        repeats = times.total() - len(times) - self.sink.dropped
        if repeats > self.figures.kills.total():
            found.append(f"{repeats} repeated messages over {self.figures.kills.total()} kills")
        if wrong := self.ledger.unanswered[str(httpx.codes.INTERNAL_SERVER_ERROR.value)]:
            found.append(f"{wrong} answers were 500, which says that nobody thought of it")
        self.figures.looks += 1
        assert not found, "\n".join([f"seed {self.figures.seed}, look {self.figures.looks}:", *found])

    async def to_the_end(self) -> None:
        """The last look, so late that all mail is due."""
        await self.jump(TO_THE_END)
        await self.look(mail=True)

    async def _quiet(self) -> None:
        """Nobody writes any more, and everything that was begun is acknowledged."""
        for client in self.clients:
            client.let.clear()
        waiting = [asyncio.create_task(client.idle.wait()) for client in self.clients]
        while not all(task.done() for task in waiting):
            await asyncio.wait([*waiting, *self._tasks], return_when=asyncio.FIRST_COMPLETED, timeout=1)
            self._raise_refusals()

    def _raise_refusals(self) -> None:
        for task in self._tasks:
            if task.done():
                task.result()

    @asynccontextmanager
    async def _load(self) -> AsyncIterator[None]:
        world, ledger, seed = self.world, self.ledger, self.figures.seed
        people = sorted(world.people)
        self.clients = [
            *(Facts(world, ledger, f"{seed} facts {i}", people[i::WRITERS]) for i in range(WRITERS)),
            Newcomers(world, ledger, f"{seed} newcomers"),
            Confirming(world, ledger, f"{seed} confirming", world.session("picked")),
            ConfirmingEverybody(world, ledger, f"{seed} everybody", world.session("everybody")),
        ]
        self._tasks = [asyncio.create_task(client.run()) for client in self.clients]
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self.began:4.0f} s  {text}", file=sys.stderr, flush=True)
