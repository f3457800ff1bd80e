"""What `make setup` says while packages are fetched."""

import subprocess
from pathlib import Path

PROGRESS = Path(__file__).parents[2] / ".ci" / "progress"


def said(lines: list[str], *arguments: str) -> list[str]:
    done = subprocess.run(
        [PROGRESS, *arguments], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_it_counts_every_tenth_package_and_passes_complaints() -> None:
    lines = [f"Collecting package-{i}==1.0" for i in range(25)]
    lines += [
        "  Downloading it.whl",
        "ERROR: no matching distribution",
        "Installing collected packages: a, b",
    ]
    assert said(lines, "30", "^Collecting ", "^Installing collected") == [
        "  10 of 30 packages",
        "  20 of 30 packages",
        "ERROR: no matching distribution",
        "  unpacking 25 packages",
    ]


def test_more_than_were_expected_are_told_as_they_are() -> None:
    assert said([f"got {i}" for i in range(20)], "5", "^got") == [
        "  10 of 10 packages",
        "  20 of 20 packages",
    ]
