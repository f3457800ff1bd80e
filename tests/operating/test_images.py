"""The image and the compose file name what there is: files, commands, options, settings."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.api import serving_api
from tests.harness.instance import clean_environment, run_muster
from tests.harness.servers import Servers

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
MUSTERS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "muster"}
COPIED = {
    name
    for sources in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    for name in sources.split()
}
CHECKS = {
    name: service["healthcheck"]["test"]
    for name, service in COMPOSE["services"].items()
    if "healthcheck" in service
}


def test_what_is_copied_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert kept == COPIED
    assert not [name for name in COPIED if not (ROOT / name).exists()]


def test_what_setting_up_reads_is_copied() -> None:
    # All that `make setup` would do from nothing; nothing is done.
    steps = subprocess.run(
        ["make", "--dry-run", "--always-make", "setup"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    scripts = set(re.findall(r"\.ci/\w+", steps))
    read = "\n".join([steps, *((ROOT / script).read_text() for script in scripts)])
    files = {path.name for path in ROOT.iterdir() if path.is_file()}
    assert scripts == {".ci/python", ".ci/node", ".ci/progress"}
    assert files & set(re.findall(r"[\w.-]+", read)) <= COPIED


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


async def test_a_check_tells_who_answers_from_who_does_not(
    database_url: str, servers: Servers, tmp_path: Path
) -> None:
    _, python, *options = CHECKS["api"]
    assert python == "python"

    async def answers(address: str) -> bool:
        words = [word.replace("http://127.0.0.1:8000", address) for word in options]
        assert words != options
        asked = await asyncio.create_subprocess_exec(sys.executable, *words, stderr=subprocess.DEVNULL)
        return await asked.wait() == 0

    async with serving_api(database_url, servers.new_redis(), tmp_path) as address:
        assert await answers(address)
    assert not await answers(address)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_has_no_spaces_within_an_argument(name: str) -> None:
    # Podman 4 splits there what docker-compose gives it, and the service never becomes healthy.
    assert not [word for word in CHECKS[name] if " " in word]
