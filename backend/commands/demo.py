"""`muster demo` and `muster synth`: organisations to try Muster with."""

from pathlib import Path
from typing import Annotated

import typer

from backend.commands.context import UNUSABLE, DataDir, fail, run_command, say
from backend.demo.open_university import load_open_university
from backend.demo.oulad import OuladError
from backend.demo.small import is_wanted, load_demo
from backend.demo.synthetic import synthesize
from backend.embedded import Servers
from backend.settings import Settings


def demo(
    oulad: Annotated[
        Path | None, typer.Option(help="Load the Open University data set of this directory")
    ] = None,
    first: Annotated[bool, typer.Option("--first", help="Only if there is nobody yet")] = False,
    data_dir: DataDir = None,
) -> None:
    """Load the demo organisation, or the Open University data set."""

    async def work(_: Settings, __: Servers) -> None:
        if first and not await is_wanted():
            return
        if oulad is None:
            for one in await load_demo(_progress):
                if not first:
                    print(f"{one.who:<8} {one.email}   password: {one.password}")
            return
        try:
            loaded = await load_open_university(oulad, _progress)
        except OuladError as error:
            fail(error, UNUSABLE)
        print(
            f"{loaded.learners:,} learners, {loaded.sessions} sessions, {loaded.registrations:,} registrations "
            f"in {loaded.seconds:.1f} s"
        )

    run_command(data_dir, work)


def synth(
    learners: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many people")],
    seed: Annotated[int, typer.Option(help="The same seed makes the same organisation")] = 1,
    data_dir: DataDir = None,
) -> None:
    """Make a synthetic organisation in an empty database."""

    async def work(_: Settings, __: Servers) -> None:
        made = await synthesize(learners, seed, _progress)
        print(
            f"{made.learners:,} learners, {made.groups:,} groups, {made.memberships:,} memberships, "
            f"{made.field_values:,} field values, {made.results:,} results, {made.awards:,} awards "
            f"in {made.seconds:.1f} s"
        )

    run_command(data_dir, work)


def _progress(text: str) -> None:
    say(f"→ {text}")
