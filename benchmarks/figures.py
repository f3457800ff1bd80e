"""Measured figures: the table on the screen and the JSON beside it."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec


class Figure(msgspec.Struct):
    """One figure. `target` is the most it may be; `peers` did the same work in the same run, in the same unit."""

    name: str
    unit: str
    value: float
    target: float | None = None
    peers: dict[str, float] = {}


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def print_table(figures: Iterable[Figure], before: dict[str, Figure]) -> None:
    """Name, value, target, peers with their ratio, and what it was in a kept run."""
    rows = [["figure", "value", "target", "PostgreSQL", "DuckDB", "before"]]
    for figure in figures:
        kept = before.get(figure.name)
        rows.append(
            [
                figure.name,
                f"{figure.value:,.2f} {figure.unit}",
                "" if figure.target is None else f"< {figure.target:,g}{'' if ok(figure) else '  MISSED'}",
                *(_peer(figure, peer) for peer in ("postgres", "duckdb")),
                "" if kept is None else f"{kept.value:,.2f}",
            ]
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def ok(figure: Figure) -> bool:
    """Whether the figure keeps its target."""
    return figure.target is None or figure.value < figure.target


def _peer(figure: Figure, peer: str) -> str:
    value = figure.peers.get(peer)
    return "" if value is None else f"{value:,.2f} ({value / figure.value:,.0f}x)"


def write(figures: Sequence[Figure], file: Path) -> None:
    """The figures as JSON, one a line so that differences read well."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(msgspec.to_builtins(figure)) for figure in figures)
    file.write_text(f"[\n{lines}\n]\n")


def read(file: Path) -> dict[str, Figure]:
    """A kept run, by name; empty when there is none."""
    if not file.exists():
        return {}
    return {figure.name: figure for figure in msgspec.json.decode(file.read_bytes(), type=list[Figure])}
