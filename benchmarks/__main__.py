"""`python -m benchmarks [--scale LEARNERS] [--compare FILE]`: measure an instance of its own and print one table.

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
from pathlib import Path

import httpx

from backend import database
from backend.embedded import Instance
from backend.index import FacetIndex, load_index
from benchmarks.counting import count_everywhere
from benchmarks.figures import Figure, ok, print_table, read, write
from benchmarks.rules import RuleMaker
from benchmarks.sockets import Class, change_figures, preview_figures
from tests.harness.instance import Muster, clean_environment, muster_command

HERE = Path(__file__).parent
LATEST = HERE / "latest.json"
OULAD = Path(os.environ.get("MUSTER_OULAD_DIR", HERE.parent.parent / "shared" / "data" / "oulad"))
RULES = 400
# Marks a kept directory whose data are complete.
LOADED = "benchmark-data"
# The Open University's data is to be in within this time.
LOADING_SECONDS = 60.0
SETTLING_SECONDS = 120.0


def main() -> int:
    """Measure and print; with `--judge`, 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=int, help="learners of a synthetic organisation instead of real data")
    parser.add_argument("--compare", type=Path, default=LATEST, help="a kept run to show beside this one")
    parser.add_argument("--directory", type=Path, help="keep the data here, and use what an earlier run left")
    parser.add_argument("--judge", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    before = read(options.compare)
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as name:
        directory: Path = options.directory or Path(name)
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o711)
        figures = measure(directory, options.scale)
    print_table(figures, before if options.scale is None else {})
    write(figures, LATEST if options.scale is None else HERE / "results" / f"scale-{options.scale}.json")
    return 1 if options.judge and not all(ok(figure) for figure in figures) else 0


def measure(directory: Path, scale: int | None) -> list[Figure]:
    """Load the data, start Muster, measure it from outside and beside it."""
    muster = Muster(directory, clean_environment())
    figures = []
    fresh = not (muster.data_dir / LOADED).exists()
    if fresh:
        say("loading the data" if scale is None else f"making {scale:,} learners")
        source = ["demo", "--oulad", str(OULAD)] if scale is None else ["synth", "--learners", str(scale)]
        started = time.monotonic()
        subprocess.run(muster_command(*source), env=dict(muster.environment), cwd=directory, check=True)
        limit = LOADING_SECONDS if scale is None else None
        figures = [Figure("loading, with starting the servers", "s", time.monotonic() - started, limit)]
        (muster.data_dir / LOADED).touch()
    say("starting Muster")
    muster.start()
    try:
        if fresh:
            muster.create_admin()
        figures += asyncio.run(_measure(muster, directory))
    finally:
        muster.stop()
    return figures


async def _measure(muster: Muster, directory: Path) -> list[Figure]:
    running = Instance(muster.data_dir).running()
    assert running is not None
    assert running.database_url is not None
    await database.connect(running.database_url)
    try:
        say("waiting until the change log is followed")
        await _settled(muster)
        say("previews over the socket")
        token = muster.token()
        index: FacetIndex = await load_index()
        maker = RuleMaker(index, seed=1)
        rules = [maker.rule() for _ in range(RULES)]
        figures = await preview_figures(muster.live_url, token, rules)
        say("changes to the coach's socket")
        lesson = Class(muster.sign_in())
        coach = muster.token(lesson.coach_email)
        base = f"{muster.address}/api/v1"
        figures += await change_figures(muster.live_url, base, token, coach, lesson)
        say("the same counts in PostgreSQL and DuckDB")
        figures += await count_everywhere(await load_index(), rules, directory)
    finally:
        await database.disconnect()
    return figures


async def _settled(muster: Muster) -> None:
    """Wait until all that loading wrote is numbered and in the API's index."""
    async with asyncio.timeout(SETTLING_SECONDS), httpx.AsyncClient() as client:
        while True:
            position = (await client.get(f"{muster.address}/api/health")).json()["position"]
            if not await database.fetch_value(
                "SELECT EXISTS (SELECT FROM outbox) OR seq > $1 FROM log_head", position
            ):
                return
            await asyncio.sleep(0.2)


def say(text: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"→ {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
