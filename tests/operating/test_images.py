"""The image and the compose file name what there is: files, commands, options, settings."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.instance import clean_environment, run_muster

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
MUSTERS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "muster"}


def test_what_is_copied_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        name
        for sources in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
        for name in sources.split()
    }
    assert copied == kept
    assert not [name for name in copied if not (ROOT / name).exists()]


def test_settings_are_those_that_are_documented() -> None:
    documented = set(re.findall(r"`(MUSTER_\w+)`", (ROOT / "docs/operating.md").read_text()))
    named = {name for service in MUSTERS.values() for name in service["environment"]}
    assert named | set(re.findall(r"MUSTER_\w+", DOCKERFILE)) <= documented


@pytest.mark.parametrize("name", MUSTERS)
def test_commands_and_options_exist(name: str, tmp_path: Path) -> None:
    command, *options = MUSTERS[name]["command"]
    said = run_muster(command, "--help", environment=clean_environment(COLUMNS="200"), directory=tmp_path)
    assert said.returncode == 0
    assert not [option for option in options if option.startswith("--") and option not in said.stdout]


def test_services_wait_for_each_other() -> None:
    for service in COMPOSE["services"].values():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] != "service_healthy" or "healthcheck" in COMPOSE["services"][other]
