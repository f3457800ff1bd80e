"""Counting in the engine alone: rules over a synthetic organisation in memory, no database, no network.

    python -m benchmarks.engine --learners 1000000

Prints, for cold filters (nothing remembered) and warm ones, the median and the 99th percentile in milliseconds of
processor time: the engine waits for nothing, and neighbours on the machine do not blur it.
"""

import argparse
import gc
import resource
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import numpy as np
from pyroaring import BitMap

from backend.index import Change, FacetIndex
from backend.index.facts.learner_facts import Results
from backend.index.facts.values import Values
from backend.rules import (
    AddedFilter,
    Block,
    CertificateFilter,
    FieldFilter,
    Filter,
    GroupFilter,
    LanguageFilter,
    PathResultFilter,
    Rule,
)
from benchmarks.figures import Figure

DAY = date(2026, 3, 29)
FIELD_SIZES = (4, 5, 8, 12, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
NUMBER_FIELDS = (101, 102)
DATE_FIELDS = (103, 104)
ACTIVITIES = 200
CERTIFICATES = 50
GROUPS = 5_000
# Of people to one another: 1,000,000 learners have 40 memberships each.
MEMBERSHIPS_EACH = 40


def build(learners: int, seed: int = 1) -> FacetIndex:
    """An organisation like `muster synth`: skewed nested groups, fields, results, awards."""
    random = np.random.default_rng(seed)
    index = FacetIndex()
    put_structure(index)
    facts = index.facts
    everybody = np.arange(1, learners + 1, dtype=np.uint32)
    facts.status.fill("active", BitMap(everybody))
    facts.countable |= facts.status.present
    spread(facts.language, everybody, random.integers(0, 5, learners), ["en", "fr", "de", "es", "nl"])
    days = [DAY - timedelta(days=ago) for ago in range(3_000)]
    spread(facts.added, everybody, random.integers(0, len(days), learners), days)
    weights = 1 / np.arange(1, GROUPS + 1) ** 0.7
    sizes = np.minimum(weights / weights.sum() * learners * MEMBERSHIPS_EACH, learners * 0.9).astype(int)
    for group, size in enumerate(sizes, 1):
        facts.groups[group] = BitMap(
            np.flatnonzero(random.random(learners) < size / learners).astype(np.uint32) + 1
        )
    for field, count in enumerate(FIELD_SIZES, 1):
        values: list[Any] = [f"v{i}" for i in range(count)]
        spread(
            facts.fields.setdefault(field, Values()), everybody, random.zipf(1.3, learners) % count, values
        )
    for field in NUMBER_FIELDS:
        spread(
            facts.fields.setdefault(field, Values()),
            everybody,
            random.integers(0, 2_000, learners),
            list(range(2_000)),
        )
    for field in DATE_FIELDS:
        texts = [(DAY - timedelta(days=ago)).isoformat() for ago in range(10_000)]
        spread(
            facts.fields.setdefault(field, Values()),
            everybody,
            random.integers(0, len(texts), learners),
            texts,
        )
    for activity in range(1, ACTIVITIES + 1):
        put_results(index, activity, random, learners)
    for certificate in range(1, CERTIFICATES + 1):
        held = everybody[random.random(learners) < 0.05]
        expiries = [DAY + timedelta(days=ahead) for ahead in range(-700, 700)]
        awards: Values[date] = facts.awards.setdefault(certificate, Values())
        spread(awards, held, random.integers(0, len(expiries), len(held)), expiries)
    return index


def put_structure(index: FacetIndex) -> None:
    put = index.structure.put
    for group in range(1, GROUPS + 1):
        put("learner_group", group, {"id": group, "name": f"G{group}", "parent_id": group // 8 or None})
    for field in range(1, len(FIELD_SIZES) + 1):
        put("field", field, {"id": field, "key": f"f{field}", "name": f"F{field}", "type": "text"})
    for field in NUMBER_FIELDS:
        put("field", field, {"id": field, "key": f"f{field}", "name": f"F{field}", "type": "number"})
    for field in DATE_FIELDS:
        put("field", field, {"id": field, "key": f"f{field}", "name": f"F{field}", "type": "date"})
    for activity in range(1, ACTIVITIES + 1):
        put("activity", activity, {"id": activity, "kind": "path", "title": f"A{activity}"})
    for certificate in range(1, CERTIFICATES + 1):
        put(
            "certificate",
            certificate,
            {"id": certificate, "activity_id": certificate, "title": f"C{certificate}"},
        )


def put_results(index: FacetIndex, activity: int, random: np.random.Generator, learners: int) -> None:
    results = index.facts.results.setdefault(activity, Results())
    some = np.flatnonzero(random.random(learners) < 0.1).astype(np.uint32) + 1
    spread(results.statuses, some, random.integers(0, 3, len(some)), ["started", "completed", "failed"])
    results.successful |= results.statuses.get("completed")


def spread(values: Values[Any], people: np.ndarray, chosen: np.ndarray, names: list[Any]) -> None:
    """Give each of `people` the value whose place in `names` is in `chosen`."""
    order = np.argsort(chosen, kind="stable")
    ends = np.searchsorted(chosen[order], np.arange(len(names) + 1))
    for i, name in enumerate(names):
        part = people[order[ends[i] : ends[i + 1]]]
        if len(part):
            values.fill(name, BitMap(part))


def some_rule(random: Random, groups: int = 5, filters: int = 5) -> Rule:
    """A rule of up to so many groups and filters, of all kinds."""
    chosen: list[Filter] = [some_filter(random) for _ in range(random.randint(0, filters))]
    return Rule(
        [Block([random.randint(1, GROUPS) for _ in range(random.randint(1, groups))], filters=chosen)]
    )


def some_filter(random: Random) -> Filter:
    field = random.randint(1, len(FIELD_SIZES))
    text = [f"v{random.randrange(FIELD_SIZES[field - 1])}" for _ in range(3)]
    low = random.randrange(1_000)
    makers: list[Callable[[], Filter]] = [
        lambda: FieldFilter(field, "in", list(text)),
        lambda: FieldFilter(field, "not_in", list(text)),
        lambda: FieldFilter(random.choice(NUMBER_FIELDS), "between", [low, low + 500]),
        lambda: FieldFilter(random.choice(DATE_FIELDS), "lt", ["2020-01-01"]),
        lambda: PathResultFilter(
            random.choice(["completed", "not_completed", "started"]), [random.randint(1, ACTIVITIES)]
        ),
        lambda: CertificateFilter(
            random.choice(["valid", "expired", "expiring"]), [random.randint(1, CERTIFICATES)]
        ),
        lambda: LanguageFilter([random.choice(["en", "fr"])]),
        lambda: AddedFilter("last_days", [random.choice([30, 365])]),
        lambda: GroupFilter([random.randint(1, GROUPS)]),
    ]
    return random.choice(makers)()


def measure(
    name: str, calls: list[Callable[[], object]], p50: float | None = None, p99: float | None = None
) -> list[Figure]:
    """Median and 99th percentile of the calls, each timed once, in processor time."""
    took = []
    gc.disable()
    for call in calls:
        start = time.thread_time()
        call()
        took.append((time.thread_time() - start) * 1e3)
    gc.enable()
    took.sort()
    return [
        Figure(f"{name} p50", "ms", statistics.median(took), p50),
        Figure(f"{name} p99", "ms", took[min(len(took) - 1, int(len(took) * 0.99))], p99),
    ]


def run(learners: int) -> list[Figure]:
    """All figures at this size."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    index = build(learners)
    memberships = sum(len(members) for members in index.facts.groups.values())
    stored = sum(len(members.serialize()) for members in index.facts.groups.values())
    random = Random(1)
    rules = [some_rule(random) for _ in range(1_000)]
    for rule in rules:
        assert not index.check(rule)
    huge = Rule([Block(list(range(1, GROUPS + 1)))])

    def cold(rule: Rule) -> Callable[[], object]:
        def ask() -> object:
            index.cache.clear()
            return index.preview(rule, DAY)

        return ask

    figures = [
        Figure("memberships", "", memberships),
        Figure("bytes a membership in bitmaps", "B", stored / max(memberships, 1), 2.0),
        Figure(
            "memory of the process",
            "MB",
            (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        ),
        *measure("preview, nothing remembered", [cold(rule) for rule in rules]),
        *measure("preview, first time", [lambda rule=rule: index.preview(rule, DAY) for rule in rules]),  # type: ignore[misc]  # of a lambda with a default mypy infers nothing
        *measure("preview, again", [lambda rule=rule: index.preview(rule, DAY) for rule in rules]),  # type: ignore[misc]  # of a lambda with a default mypy infers nothing
        *measure("evaluate, again", [partial(index.evaluate, rule, DAY) for rule in rules], 0.5, 15.0),
        *measure("5,000 groups, nothing remembered", [cold(huge) for _ in range(20)], 50.0),
        *measure("5,000 groups, again", [lambda: index.preview(huge, DAY) for _ in range(20)]),
    ]
    return figures + changes(index, random, learners, rules)


def changes(index: FacetIndex, random: Random, learners: int, rules: list[Rule]) -> list[Figure]:
    """Applying changes one by one, and asking the rules that they affect about the changed people."""
    at = datetime.now(UTC)
    made = []
    for seq in range(1, 20_001):
        learner, group = random.randint(1, learners), random.randint(1, GROUPS)
        made.append(Change(seq, at, "membership", learner, group, None, "member"))
    start = time.thread_time()
    batch = index.apply(made)
    apply_seconds = time.thread_time() - start
    predicates = index.predicates(dict(enumerate(rules)))
    start = time.thread_time()
    affected = index.affected(batch, predicates)
    for key in affected:
        index.evaluate(rules[key], DAY, only=batch.learners)
    return [
        Figure("changes applied", "1/s", len(made) / apply_seconds),
        Figure(
            f"{len(affected)} affected rules asked about {len(batch.learners)} people",
            "ms",
            (time.thread_time() - start) * 1e3,
        ),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--learners", type=int, default=28_785)
    learners = parser.parse_args().learners
    print(f"{learners:,} learners, {GROUPS:,} groups")
    for figure in run(learners):
        print(f"  {figure.name:<60} {figure.value:>14,.3f} {figure.unit}")


if __name__ == "__main__":
    main()
