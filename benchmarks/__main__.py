"""Measure an instance of its own and print one table.

    python -m benchmarks [--scale LEARNERS] [--only PART]… [--directory DIR] [--compare FILE]

Real data by default: the Open University's, from `MUSTER_OULAD_DIR` or `../shared/data/oulad`. With `--scale` a
synthetic organisation of so many people; times of a small one are a smoke check and are not judged.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from backend import database
from backend.embedded import Instance
from backend.index import load_index
from backend.rules import Rule
from benchmarks.consequences import run as consequence_figures
from benchmarks.counting import count_everywhere
from benchmarks.deciding import AUDIENCES
from benchmarks.deciding import run as deciding_figures
from benchmarks.editing import editor_figures, typing_figures
from benchmarks.engine import run as engine_figures
from benchmarks.figures import Figure, ok, print_table, read, write
from benchmarks.holding import HOLDING_SECONDS, holding_figures
from benchmarks.listing import listing_figures
from benchmarks.moving import moving_figures
from benchmarks.requests import request_figures
from benchmarks.rules import RuleMaker
from benchmarks.sockets import Class, change_figures, preview_figures
from benchmarks.starting import starting_figures
from benchmarks.watching import WATCHERS, settled, watching_figures
from benchmarks.writing import writing_figures
from tests.harness.instance import ADMIN_EMAIL, Muster, clean_environment, muster_command

HERE = Path(__file__).parent
LATEST = HERE / "latest.json"
OULAD = Path(os.environ.get("MUSTER_OULAD_DIR", HERE.parent.parent / "shared" / "data" / "oulad"))
RULES = 400
# Marks a kept directory whose data are complete.
LOADED = "benchmark-data"
# The Open University's data is to be in within this time.
LOADING_SECONDS = 60.0
SYNTHESIS_SECONDS = 240.0
# What the engine alone is measured with, beside real data: as many as those have.
ENGINE_LEARNERS = 28_785
# One audience for so many learners, up to as many as are asked for.
LEARNERS_AN_AUDIENCE = 10
INSTANCE_PARTS = frozenset(
    {
        "starting",
        "previews",
        "changes",
        "editors",
        "holding",
        "listing",
        "sockets",
        "counting",
        "writing",
        "moving",
        "requests",
    }
)
PARTS = ("engine", "deciding", "consequences", *sorted(INSTANCE_PARTS))


def main() -> int:
    """Measure and print; with `--judge`, 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=int, help="learners of a synthetic organisation instead of real data")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part; may be repeated")
    parser.add_argument("--watchers", type=int, default=WATCHERS, help="sockets that watch one session")
    parser.add_argument(
        "--holding",
        type=float,
        default=HOLDING_SECONDS,
        help="seconds to look at holds of the event loop for",
    )
    parser.add_argument("--compare", type=Path, help="a kept run to show beside this one")
    parser.add_argument("--directory", type=Path, help="keep the data here, and use what an earlier run left")
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    parser.add_argument("--judge", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    output = options.output or (LATEST if options.scale is None else HERE / f"scale-{options.scale}.json")
    before = read(options.compare or output)
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as name:
        directory: Path = options.directory or Path(name)
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o711)
        figures = measure(directory, options.scale, options.only or PARTS, options.watchers, options.holding)
    print_table(figures, before)
    # What was not measured this time stays as it was.
    write(
        [*({} if options.only is None else before | {f.name: f for f in figures}).values()] or figures, output
    )
    return 1 if options.judge and not all(ok(figure) for figure in figures) else 0


def measure(
    directory: Path, scale: int | None, parts: Sequence[str], watchers: int, holding: float
) -> list[Figure]:
    """Load the data, start Muster, measure it from outside and beside it."""
    muster = Muster(directory, clean_environment())
    figures = []
    fresh = not (muster.data_dir / LOADED).exists()
    if fresh:
        say("loading the data" if scale is None else f"making {scale:,} learners")
        source = ["demo", "--oulad", str(OULAD)] if scale is None else ["synth", "--learners", str(scale)]
        started = time.monotonic()
        subprocess.run(muster_command(*source), env=dict(muster.environment), cwd=directory, check=True)
        limit = LOADING_SECONDS if scale is None else SYNTHESIS_SECONDS
        figures = [Figure("loading, with starting the servers", "s", time.monotonic() - started, limit)]
        (muster.data_dir / LOADED).touch()
    if "engine" in parts:
        say("the engine alone")
        figures += engine_figures(scale or ENGINE_LEARNERS)
    if "deciding" in parts:
        say("many dynamic audiences")
        learners = scale or ENGINE_LEARNERS
        audiences = min(AUDIENCES, learners // LEARNERS_AN_AUDIENCE)
        figures += asyncio.run(deciding_figures(learners, audiences))
    if "consequences" in parts:
        say("what would follow")
        learners = scale or ENGINE_LEARNERS
        audiences = min(AUDIENCES, learners // LEARNERS_AN_AUDIENCE)
        figures += asyncio.run(consequence_figures(learners, audiences))
    if not INSTANCE_PARTS.isdisjoint(parts):
        say("starting Muster")
        muster.start()
        try:
            figures += asyncio.run(_measure(muster, directory, parts, watchers, holding))
        finally:
            muster.stop()
    return figures


async def _measure(
    muster: Muster, directory: Path, parts: Sequence[str], watchers: int, holding: float
) -> list[Figure]:
    running = Instance(muster.data_dir).running()
    assert running is not None
    assert running.database_url is not None
    await database.connect(running.database_url)
    try:
        return await _figures(muster, directory, parts, watchers, holding)
    finally:
        await database.disconnect()


async def _figures(
    muster: Muster, directory: Path, parts: Sequence[str], watchers: int, holding: float
) -> list[Figure]:
    if not await database.fetch_value("SELECT 1 FROM learner WHERE email = $1", ADMIN_EMAIL):
        muster.create_admin()
    say("waiting until the change log is followed")
    await settled(muster)
    say("loading the index, twice")
    starting, index = await starting_figures(muster)
    figures = starting if "starting" in parts else []
    maker = RuleMaker(index, seed=1)
    rules = [maker.rule() for _ in range(RULES)]
    token = muster.token()
    base = f"{muster.address}/api/v1"
    figures += await _asked(muster, token, rules, parts)
    lesson = Class(muster.sign_in())
    if "changes" in parts:
        say("changes to the coach's socket")
        coach = muster.token(lesson.coach_email)
        figures += await change_figures(muster.live_url, base, token, coach, lesson)
    if "editors" in parts:
        say("a hundred editors")
        figures += await editor_figures(muster.live_url, base, token, rules, lesson)
    if "holding" in parts:
        say("holds of the event loop")
        figures += await holding_figures(muster, token, rules, lesson, holding)
    if "sockets" in parts:
        say(f"{watchers:,} watchers")
        figures += await watching_figures(muster, token, lesson, watchers)
    if "writing" in parts:
        say("filling a session, taking it back, and a stream of changes")
        figures += await writing_figures(muster, token)
    if "moving" in parts:
        say("many people who move at once")
        figures += await moving_figures(muster, token)
    if "listing" in parts:
        say("long lists, and the grid of assignments")
        figures += await listing_figures(muster, token)
    if "counting" in parts:
        say("the same counts in PostgreSQL and DuckDB")
        await settled(muster)
        figures += await count_everywhere(await load_index(), rules, directory)
    return figures


async def _asked(muster: Muster, token: str, rules: Sequence[Rule], parts: Sequence[str]) -> list[Figure]:
    figures = []
    if "previews" in parts:
        say("previews over the socket")
        figures += await preview_figures(muster.live_url, token, rules)
        figures += await typing_figures(muster.live_url, token, rules)
    if "requests" in parts:
        say("requests over HTTP")
        figures += await request_figures(muster.address, token, rules)
    return figures


def say(text: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"→ {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
