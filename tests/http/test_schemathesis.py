"""The OpenAPI document held against the running API by Schemathesis: every check, every phase, a bounded number of cases."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.harness.instance import Muster, clean_environment
from tests.harness.world import World, world_of

# For each operation and phase, of about a hundred operations.
MOST_CASES = 5
# Some 43,000 cases: four minutes on a machine with nothing else to do, and seven beside other tests.
SECONDS = 900
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
# What the document cannot say, with the reason; everything else of every check counts.
CONFIGURATION = """
[checks.positive_data_acceptance]
# 422 says what no schema can: that a value refers to nothing, that two do not go together. 503: the index is read.
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "503"]

[[operations]]
# Good rows are kept and bad ones reported in an answer of 200: so says the contract.
include-path-regex = "/bulk$"
checks.negative_data_rejection.enabled = false
"""
# Its coverage phase takes every combination: filters inside filters would be tens of thousands of cases for each of a dozen
# operations. It gets some of them, and does not look at the shape of answers, which have the others, too.
LEFT_OUT = (
    *("AllFilter", "AnyFilter", "NoneFilter", "CertificateFilter", "GroupFilter", "LanguageFilter"),
    *("AddedFilter", "ManagerFilter", "SegmentFilter", "FieldFilter", "PersonFilter", "AtLeastFilter"),
)
FRAME = re.compile(r" {4,}(File \"|\S.*\(|[~^ ]*$)")
PHASES = ["examples,fuzzing,stateful", "coverage"]
# Whoever asks is an admin, so they may take away their own token, or themselves: here they cannot.
UNHARMED = (
    "CREATE OR REPLACE FUNCTION leave_as_it_is() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    """
    CREATE OR REPLACE TRIGGER unharmed BEFORE DELETE ON api_token FOR EACH ROW WHEN (old.learner_id = {learner})
    EXECUTE FUNCTION leave_as_it_is()
    """,
    """
    CREATE OR REPLACE TRIGGER unharmed BEFORE UPDATE OR DELETE ON learner FOR EACH ROW WHEN (old.id = {learner})
    EXECUTE FUNCTION leave_as_it_is()
    """,
)


@pytest.fixture(scope="module")
def demo(start_muster: Callable[..., Muster]) -> Muster:
    """An instance with something in it."""
    return start_muster("--demo")


def admin_of(world: World) -> str:
    """The token of an admin whom nobody can harm."""
    learner = world.learner(is_admin=True)
    token = world.token(learner)
    for statement in UNHARMED:
        world.run(statement.format(learner=learner))
    return token


def without_nested_filters(document: dict[str, Any]) -> dict[str, Any]:
    """The document with fewer kinds of filters."""
    left_out = {f"#/components/schemas/{name}" for name in LEFT_OUT}

    def cut(node: Any) -> None:
        if isinstance(node, dict):
            if "anyOf" in node:
                node["anyOf"] = [one for one in node["anyOf"] if one.get("$ref") not in left_out]
            for child in node.values():
                cut(child)
        elif isinstance(node, list):
            for child in node:
                cut(child)

    cut(document)
    return document


def without_frames(output: str) -> str:
    """The end of what was printed, without the frames of tracebacks: hundreds of lines would hide what the error is."""
    return "\n".join(line for line in output.splitlines() if not FRAME.match(line))[-20_000:]


@pytest.mark.timeout(SECONDS + 30)
@pytest.mark.parametrize("phases", PHASES)
def test_the_api_keeps_to_its_openapi_document(demo: Muster, tmp_path: Path, phases: str) -> None:
    with world_of(demo.database_url) as world:
        token = admin_of(world)
    document = httpx.get(f"{demo.address}/api/openapi.json").json()
    if phases == "coverage":
        document = without_nested_filters(document)
    (tmp_path / "openapi.json").write_bytes(msgspec.json.encode(document))
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    done = subprocess.run(
        [
            str(SCHEMATHESIS),
            "run",
            "openapi.json",
            f"--url={demo.address}",
            *(["--exclude-checks=response_schema_conformance"] if phases == "coverage" else []),
            f"--phases={phases}",
            f"--max-examples={MOST_CASES}",
            # One: Python 3.11 fails now and then where two threads parse, which Hypothesis does to name its lambdas.
            "--workers=1",
            "--generation-deterministic",
            "--continue-on-failure",
            "--no-shrink",
            "--suppress-health-check=all",
            "--warnings=off",
            "--no-color",
            f"--header=Authorization: Bearer {token}",
        ],
        cwd=tmp_path,
        env=clean_environment(PATH=os.environ["PATH"]),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{without_frames(done.stdout)}\n{done.stderr[-2_000:]}\n{demo.said()}"
    # Nothing of it was asked as a stranger, whom everything would have been refused.
    me = httpx.get(f"{demo.address}/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert me.status_code == 200
