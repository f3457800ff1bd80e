"""A filter type is one registration: one that exists only in these tests works everywhere.

msgspec looks at what a filter can be when the first rule is read, so the type is made known in a process of its own, which runs
the tests in `with_name_begins_with.py`.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from backend.index.filters.registry import evaluated_types
from backend.rules import AllFilter, FieldFilter, Nested
from backend.rules.filters.registry import filter_types, register
from tests.harness.instance import clean_environment

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 900


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_a_type_of_a_test_works_everywhere() -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "tests.filters.name_begins_with",
        "-q",
    ]
    ran = subprocess.run(
        [*command, "tests/filters/with_name_begins_with.py"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_type_has_its_evaluation() -> None:
    asking = {kind for kind in filter_types() if not issubclass(kind, Nested)}
    assert asking == evaluated_types()


def test_a_tag_is_taken_once() -> None:
    class Another(FieldFilter, frozen=True, tag="all"):
        pass

    with pytest.raises(ValueError, match="two filter types 'all'"):
        register(Another)
    assert AllFilter in filter_types()
