"""What would follow from acts, of ten thousand dynamic audiences: the engine over a view of the index in memory.

    python -m benchmarks.consequences --learners 1000000

Audiences are those of `deciding`, each in a session of its own with its people enrolled. The fuses ask an empty database. Times are on the
wall, the median or the only one; holds of the event loop are in processor time, for neighbours take the rest.
"""

import argparse
import asyncio
import gc
import resource
import time
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
from pyroaring import BitMap

from backend import database
from backend.index import FacetIndex
from backend.index.facts.learner_facts import Enrollments
from backend.runtime import clock
from backend.services.consequences.outcome import Outcome
from backend.services.consequences.world import SupposedWorld
from backend.services.enrollment.reconciler.followed_work import build
from backend.services.enrollment.reconciler.pending_work import PendingWork
from benchmarks import deciding, engine
from benchmarks.figures import Figure, print_table, quantile
from tests.harness.servers import run_servers

EDITS = 200
MOVED = 4_000
DEPARTMENT = 100_000
# Sessions stand behind the activities that rules ask about.
FIRST_SESSION = 1_000


class Held:
    """The longest hold of the event loop, in the processor's time."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def watch(self) -> None:
        """Until cancelled: each turn begins where the one before it ended."""
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.longest = max(self.longest, now - last)
            last = now


def put_sessions(index: FacetIndex) -> None:
    """Each method has a session of its own, in which its people are enrolled."""
    for method_id, method in list(index.methods.items()):
        session = FIRST_SESSION + method_id
        index.structure.put("activity", session, {"id": session, "kind": "course", "title": f"C{session}"})
        index.structure.put("session", session, {"id": session, "activity_id": session, "name": "S"})
        row = msgspec.structs.replace(method, session_id=session)
        index.structure.put("enrollment_method", method_id, msgspec.to_builtins(row))
        if method_id in index.facts.sources:
            enrollments = index.facts.enrollments[session] = Enrollments()
            enrollments.states.fill("active", index.facts.sources[method_id].copy())


def resident() -> float:
    """Megabytes that this process takes."""
    with open("/proc/self/statm") as file:  # noqa: PTH123 - not a file
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


async def made_ready(index: FacetIndex) -> PendingWork:
    """As an API process makes it."""
    work = PendingWork(index, clock.today(index.timezone))
    await build(work, asyncio.Lock(), lambda: True)
    return work


async def ask(
    work: PendingWork, suppose: Callable[[SupposedWorld], None], held: Held
) -> tuple[float, Outcome]:
    """How long the answer takes, and what it is."""
    await asyncio.sleep(0)
    held.longest = 0.0
    async with work.index.still:
        began = time.perf_counter()
        world = SupposedWorld(work, clock.now())
        suppose(world)
        await world.settle()
        took, outcome = time.perf_counter() - began, world.outcome()
    await asyncio.sleep(0)
    return took, outcome


def some_edit(random: Random, learners: int) -> Callable[[SupposedWorld], None]:
    """One learner's edit: a field, the language, a membership, the status."""
    learner = random.randint(1, learners)
    field = random.randint(1, len(engine.FIELD_SIZES))
    edits: list[tuple[str, int | None, Any]] = [
        ("field", field, f"v{random.randrange(engine.FIELD_SIZES[field - 1])}"),
        ("language", None, random.choice(["en", "fr", "de"])),
        ("membership", random.randint(1, engine.GROUPS), random.choice([None, "member"])),
        ("status", None, "suspended"),
    ]
    facet, ref, new = random.choice(edits)
    return lambda world: world.change_fact(facet, learner, ref, new)


def a_department(index: FacetIndex, size: int) -> int:
    """The group whose people, with its subgroups', are nearest to so many."""

    def people(group: int) -> int:
        return len(BitMap.union(BitMap(), *(index.members(one) for one in index.descendants(group))))

    return min(range(8, engine.GROUPS), key=lambda group: abs(people(group) - size))


async def figures_of(index: FacetIndex, learners: int) -> list[Figure]:
    """All of them."""
    held = Held()
    before = resident()
    watching = asyncio.create_task(held.watch())
    began = time.perf_counter()
    work = await made_ready(index)
    built, building, memory = time.perf_counter() - began, held.longest, resident() - before
    random = Random(4)
    for _ in range(20):
        await ask(work, some_edit(random, learners), held)
    edits, edit_hold = [], 0.0
    for _ in range(EDITS):
        edits.append((await ask(work, some_edit(random, learners), held))[0] * 1e3)
        edit_hold = max(edit_hold, held.longest)
    first, second = a_department(index, MOVED * 2), a_department(index, MOVED)
    some = BitMap(list(index.members(first))[:MOVED])

    def move(world: SupposedWorld) -> None:
        world.change_facts("membership", some, first, None)
        world.change_facts("membership", some, second, "member")

    moved, outcome = await ask(work, move, held)
    move_hold = held.longest
    print(f"{len(some):,} moved: {told(outcome)}")
    department = a_department(index, DEPARTMENT)
    parent = next(one for one in range(2, 8) if one != department // 8)
    row = {"id": department, "name": "D", "parent_id": parent}
    regrouped, outcome = await ask(
        work, lambda world: world.change_row("learner_group", department, row), held
    )
    people = BitMap.union(BitMap(), *(index.members(one) for one in index.descendants(department)))
    print(f"a department of {len(people):,}: {told(outcome)}")
    watching.cancel()
    name = f"consequences, {len(index.methods):,} audiences:"
    return [
        Figure(f"{name} made ready", "s", built),
        Figure(f"{name} made ready, longest hold", "ms", building * 1e3, 10.0),
        Figure(f"{name} memory", "MB", memory, 200.0),
        Figure(f"{name} one learner's edit p50", "ms", quantile(edits, 0.5), 10.0),
        Figure(f"{name} one learner's edit p99", "ms", quantile(edits, 0.99)),
        Figure(f"{name} one learner's edit, longest hold", "ms", edit_hold * 1e3, 10.0),
        Figure(f"{name} {MOVED:,} people moved between departments", "s", moved, 1.0),
        Figure(f"{name} {MOVED:,} people moved, longest hold", "ms", move_hold * 1e3, 10.0),
        Figure(f"{name} a department of {DEPARTMENT:,} under another", "s", regrouped, 5.0),
        Figure(f"{name} a department of {DEPARTMENT:,}, longest hold", "ms", held.longest * 1e3, 10.0),
    ]


def told(outcome: Outcome) -> str:
    """In numbers of people."""
    names = ("entering", "leaving", "gaining", "losing")
    found = {name: sum(len(getattr(one, name)) for one in outcome.sessions.values()) for name in names}
    return f"{found} in {len(outcome.sessions):,} sessions, {outcome.messages:,} messages"


async def run(learners: int, audiences: int = deciding.AUDIENCES) -> list[Figure]:
    """All figures at this size."""
    index = engine.build(learners)
    deciding.put_audiences(index, audiences, learners)
    put_sessions(index)
    gc.collect()
    gc.freeze()
    with run_servers() as servers:
        await database.connect(servers.new_database())
        try:
            return await figures_of(index, learners)
        finally:
            await database.disconnect()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--learners", type=int, default=100_000)
    parser.add_argument("--audiences", type=int, default=deciding.AUDIENCES)
    options = parser.parse_args()
    print_table(asyncio.run(run(options.learners, options.audiences)), {})


if __name__ == "__main__":
    main()
