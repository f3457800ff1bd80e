"""The benchmarks run from end to end at a tiny scale. Times are not judged here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.instance import clean_environment

PARTS = (
    "deciding", "consequences", "starting", "previews", "changes", "editors", "holding", "listing", "sockets", "writing", "moving", "counting", "requests",
)  # fmt: skip


@pytest.mark.timeout(300)
def test_a_tiny_run_measures_every_part_of_an_instance(tmp_path: Path) -> None:
    output = tmp_path / "figures.json"
    chosen = [part for name in PARTS for part in ("--only", name)]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks",
            "--scale",
            "300",
            "--watchers",
            "60",
            "--holding",
            "1",
            "--output",
            output,
            *chosen,
        ],
        cwd=Path(__file__).parents[2],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(output.read_text())
    assert {tuple(figure) for figure in figures} == {("name", "unit", "value", "target", "peers")}
    named = {figure["name"]: figure for figure in figures}
    assert len(named) == len(figures)
    for name in (
        "loading the index from a checkpoint",
        "preview over the socket, p50",
        "100 previews over HTTP, one after the other",
        "PATCH /learners/{id}, 16 clients, requests a second",
        "change by HTTP to the coach's socket, p95",
        "100 editors with different rules, last one told, p50",
        "longest hold of the API process's event loop, 16 typing and facts changing",
        "60 watchers, last one served, p50",
        "memory of a watcher in the API process",
        "30 audiences, full re-evaluation",
        "consequences, 30 audiences: one learner's edit p50",
        "change to the coach's socket among 1,000 changes a second, p95",
        "a bulk change by HTTP to its committed enrollment, each",
    ):
        assert name in done.stdout
        assert named[name]["value"] > 0 or "memory" in name
    counted = [figure for figure in figures if figure["peers"]]
    assert counted
    assert all(set(figure["peers"]) == {"postgres", "duckdb"} for figure in counted)
