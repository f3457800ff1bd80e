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
) -> None:
    """Run the benchmarks: a table, and JSON beside it."""
    if not (PROJECT / "benchmarks").is_dir():
        fail("the benchmarks are part of the source tree, not of an installed package", UNUSABLE)
    chosen = [] if scale is None else ["--scale", str(scale)]
    done = subprocess.run([sys.executable, "-m", "benchmarks", *chosen], cwd=PROJECT, check=False)  # noqa: S603 - our own module
    raise typer.Exit(done.returncode)
