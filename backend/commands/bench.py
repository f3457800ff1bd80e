"""`muster bench`."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from backend.commands.context import UNUSABLE, fail

PROJECT = Path(__file__).parents[2]


def bench(
    scale: Annotated[
        int | None, typer.Option(help="Learners of a synthetic organisation instead of real data")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Measure this part; may be repeated")] = None,
    directory: Annotated[Path | None, typer.Option(help="Keep the data here, or use what was kept")] = None,
    compare: Annotated[Path | None, typer.Option(help="A kept run to show beside this one")] = None,
) -> None:
    """Run the benchmarks: a table, and JSON beside it."""
    if not (PROJECT / "benchmarks").is_dir():
        fail("the benchmarks are part of the source tree, not of an installed package", UNUSABLE)
    named = {
        "--scale": scale,
        "--directory": directory and directory.resolve(),
        "--compare": compare and compare.resolve(),
    }
    chosen = [part for name, value in named.items() if value is not None for part in (name, str(value))]
    chosen += [part for name in only or () for part in ("--only", name)]
    done = subprocess.run([sys.executable, "-m", "benchmarks", *chosen], cwd=PROJECT, check=False)  # noqa: S603 - our own module
    raise typer.Exit(done.returncode)
