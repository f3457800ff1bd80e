"""Ten thousand dynamic audiences against a stream of changes: the decision engine alone, no database, no network.

    python -m benchmarks.deciding --learners 1000000

What is timed is all that a reconciler does with a change but writing: applying it to the index, noting it, deciding, and
giving reasons. Audiences are of up to 5 groups and 1 to 5 filters of all kinds (see `engine.some_rule`).
"""

import argparse
import asyncio
import gc
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import msgspec

from backend.index import Change, FacetIndex
from backend.index.facts.structure_rows import Method
from backend.runtime import clock
from backend.services.enrollment.fuses.decision import Decision
from backend.services.enrollment.reconciler.decisions import decide_all
from backend.services.enrollment.reconciler.pending_work import PendingWork
from benchmarks import engine
from benchmarks.figures import Figure, print_table

AUDIENCES = 10_000
# As the follower hands them over.
SLICE = 250
SINGLES = 20_000
ALONE = 500
BULK = 10_000
# Audiences larger than this share of everybody are not what ten thousand of them are like.
LARGEST_SHARE = 0.01


class Stream:
    """Changes of one organisation, each true when it is made."""

    def __init__(self, index: FacetIndex, learners: int) -> None:
        self.index = index
        self.random = Random(2)
        self.learners = learners
        self.position = index.position
        self.facts: dict[tuple[str, int, int | None], Any] = {}

    def change(self, facet: str, learner: int, ref: int | None, new: Any) -> Change:
        """The next change of the log."""
        key = (facet, learner, ref)
        old = self.facts.get(key, self._held(facet, learner, ref))
        self.facts[key] = new
        self.position += 1
        return Change(self.position, datetime.now(UTC), facet, learner, ref, old, new)

    def _held(self, facet: str, learner: int, ref: int | None) -> Any:
        facts = self.index.facts
        match facet:
            case "membership":
                return "member" if learner in facts.members(ref or 0) else None
            case "field":
                return facts.fields[ref or 0].of(learner)
            case "language":
                return facts.language.of(learner)
            case "result":
                status = facts.results[ref or 0].statuses.of(learner)
                return None if status is None else [status, learner in facts.results[ref or 0].successful, 0]
            case _:
                expires = facts.awards[ref or 0].of(learner)
                return None if expires is None else ["2020-01-01T00:00:00+00:00", f"{expires}T00:00:00+00:00"]

    def single(self) -> Change:
        """A change of one fact of somebody."""
        random, learner = self.random, self.random.randint(1, self.learners)
        makers: list[Callable[[], tuple[str, int | None, Any]]] = [
            lambda: ("membership", random.randint(1, engine.GROUPS), random.choice([None, "member"])),
            self._field,
            lambda: ("field", random.choice(engine.NUMBER_FIELDS), random.randrange(2_000)),
            lambda: ("result", random.randint(1, engine.ACTIVITIES), ["completed", True, 0]),
            lambda: ("language", None, random.choice(["en", "fr", "de", "es", "nl"])),
            self._award,
        ]
        facet, ref, new = random.choice(makers)()
        return self.change(facet, learner, ref, new)

    def _field(self) -> tuple[str, int | None, Any]:
        field = self.random.randint(1, len(engine.FIELD_SIZES))
        return "field", field, f"v{self.random.randrange(engine.FIELD_SIZES[field - 1])}"

    def _award(self) -> tuple[str, int | None, Any]:
        day = date(2026, 3, 1 + self.random.randrange(28))
        new = ["2025-01-01T00:00:00+00:00", f"{day}T00:00:00+00:00"]
        return "award", self.random.randint(1, engine.CERTIFICATES), new

    def bulk(self) -> list[Change]:
        """What a sheet brings: one field of many people, and a group for many."""
        people = self.random.sample(range(1, self.learners + 1), min(BULK // 2, self.learners))
        made = [
            self.change("field", p, 4, f"v{self.random.randrange(engine.FIELD_SIZES[3])}") for p in people
        ]
        group = self.random.randint(100, engine.GROUPS)
        return made + [self.change("membership", p, group, "member") for p in people]


def put_audiences(index: FacetIndex, count: int, learners: int) -> None:
    """So many live methods, each holding its audience."""
    random = Random(3)
    day = clock.today(index.timezone)
    index.structure.put("session", 1, {"id": 1, "activity_id": 1, "name": "S"})
    method = 0
    while method < count:
        rule = engine.some_rule(random)
        if not rule.blocks[0].filters:
            continue
        people = index.evaluate(rule, day)
        if len(people) > learners * LARGEST_SHARE:
            continue
        method += 1
        if people:
            index.facts.sources[method] = people
        row = Method(method, session_id=1, kind="audience", rule=rule, dynamic=True, state="live")
        index.structure.put("enrollment_method", method, msgspec.to_builtins(row))


async def run(learners: int, audiences: int = AUDIENCES) -> list[Figure]:
    """All figures at this size."""
    index = engine.build(learners)
    put_audiences(index, audiences, learners)
    held = sum(len(held) for held in index.facts.sources.values())
    print(f"{learners:,} learners, {audiences:,} audiences that hold {held:,} people in all")
    gc.collect()
    gc.freeze()
    started = time.thread_time()
    work = PendingWork.of_all(index, clock.today(index.timezone))
    made_in = time.thread_time() - started
    work.everything("check")
    started = time.thread_time()
    decisions = await decide_all(work)
    whole = time.thread_time() - started
    assert not decisions, "they hold what they want"
    stream = Stream(index, learners)
    await _take(work, [stream.single() for _ in range(2_000)], SLICE)
    singles = [stream.single() for _ in range(SINGLES)]
    single_rate, single_people = await _take(work, singles, SLICE)
    alone_rate, _ = await _take(work, [stream.single() for _ in range(ALONE)], 1)
    bulk_rate, bulk_people = await _take(work, stream.bulk(), BULK)
    print(f"moved: {single_people:,} by single changes, {bulk_people:,} in bulk; prepared in {made_in:.1f} s")
    return [
        Figure(f"{audiences:,} audiences, full re-evaluation", "s", whole, 5.0),
        Figure(f"{audiences:,} audiences, preparing a new leader", "s", made_in, 5.0),
        Figure(f"{audiences:,} audiences, single changes, each", "µs", 1e6 / single_rate, 100.0),
        Figure(f"{audiences:,} audiences, one change with nothing else to do", "µs", 1e6 / alone_rate),
        Figure(f"{audiences:,} audiences, changes in bulk, each", "µs", 1e6 / bulk_rate, 1e6 / 30_000),
    ]


async def _take(work: PendingWork, changes: list[Change], size: int) -> tuple[float, int]:
    """Changes a second, and how many people were decided about."""
    people = 0
    started = time.thread_time()
    for start in range(0, len(changes), size):
        for inner in range(start, min(start + size, len(changes)), SLICE):
            end = min(inner + SLICE, start + size)
            work.batch(work.index.apply(changes[inner:end]))
        decisions = await decide_all(work)
        people += sum(decision.people for decision in decisions)
        _carry_out(work.index, decisions)
    return len(changes) / (time.thread_time() - started), people


def _carry_out(index: FacetIndex, decisions: list[Decision]) -> None:
    """As if it were written already: what comes back through the log is not part of this."""
    for decision in decisions:
        for learner in decision.entering:
            index.facts.move("source", learner, decision.method.id, None, [1])
        for learner in decision.leaving:
            index.facts.move("source", learner, decision.method.id, [1], None)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--learners", type=int, default=100_000)
    parser.add_argument("--audiences", type=int, default=AUDIENCES)
    options = parser.parse_args()
    print_table(asyncio.run(run(options.learners, options.audiences)), {})


if __name__ == "__main__":
    main()
