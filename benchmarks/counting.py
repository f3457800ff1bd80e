"""The same counts three times: in the engine, in PostgreSQL, in DuckDB; the answers must be the same."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from backend.database import connection, execute, fetch_value
from backend.index import FacetIndex
from backend.rules import Rule
from backend.runtime import clock
from benchmarks.figures import Figure, quantile
from benchmarks.sql import INDEXES, TABLES, count_of

# Peers take longer; this many of the rules are put to them.
PEER_RULES = 60
DUCKDB_THREADS = 2


async def count_everywhere(index: FacetIndex, rules: Sequence[Rule], scratch: Path) -> list[Figure]:
    """Figures of counting `rules`; filters cold (nothing remembered) and warm. Raises when answers differ.

    The main program calls it at any scale; a kept directory is left as it was but for indexes of PostgreSQL.
    """
    day = clock.today(index.timezone)
    asked = rules[:PEER_RULES]
    statements = [count_of(rule, index) for rule in asked]
    totals = [len(index.evaluate(rule, day)) for rule in rules]
    warm = _timed(lambda rule: len(index.evaluate(rule, day)), rules)

    def cold_count(rule: Rule) -> int:
        index.cache.clear()
        return len(index.evaluate(rule, day))

    cold = _timed(cold_count, rules)
    for statement in INDEXES:
        await execute(statement)
    postgres = await _in_postgres(statements, totals[:PEER_RULES])
    ducks = await _in_duckdb(statements, totals[:PEER_RULES], scratch)
    return [
        Figure(
            f"count of a rule, {'nothing remembered' if own is cold else 'filters remembered'}, {name}",
            "ms",
            quantile(own, share),
            target,
            {"postgres": quantile(postgres, share), "duckdb": quantile(ducks, share)},
        )
        for own in (cold, warm)
        for name, share, target in (("p50", 0.5, 0.5), ("p99", 0.99, 15.0))
    ]


def _timed(count: Callable[[Rule], int], rules: Sequence[Rule]) -> list[float]:
    taken = []
    for rule in rules:
        started = time.perf_counter()
        count(rule)
        taken.append((time.perf_counter() - started) * 1000)
    return taken


async def _in_postgres(statements: Sequence[str], totals: Sequence[int]) -> list[float]:
    taken = []
    for statement, total in zip(statements, totals, strict=True):
        await fetch_value(statement)
        started = time.perf_counter()
        found = await fetch_value(statement)
        taken.append((time.perf_counter() - started) * 1000)
        assert found == total, f"PostgreSQL counts {found}, the engine {total}: {statement}"
    return taken


async def _in_duckdb(statements: Sequence[str], totals: Sequence[int], scratch: Path) -> list[float]:
    with duckdb.connect(config={"threads": DUCKDB_THREADS}) as duck:
        duck.execute("SET TimeZone = 'UTC'")
        async with connection() as source:
            for table, select in TABLES.items():
                file = scratch / f"{table}.csv"
                await source.copy_from_query(select, output=file, format="csv", header=True)
                # Samples of the first rows would take sparse columns for text.
                duck.execute(
                    f"CREATE TABLE {table} AS FROM read_csv('{file}', header = true, sample_size = -1)"
                )
        taken = []
        for statement, total in zip(statements, totals, strict=True):
            duck.execute(statement).fetchone()
            started = time.perf_counter()
            row = duck.execute(statement).fetchone()
            taken.append((time.perf_counter() - started) * 1000)
            assert row is not None
            assert row[0] == total, f"DuckDB counts {row[0]}, the engine {total}: {statement}"
        return taken
