"""The table of the field reports names every case once, and tests that exist."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent.parent
CASES = 39
STATES = ("right", "partly", "not there yet")
_ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", re.MULTILINE)
_TEST = re.compile(r"`(\w+)::(\w+)`")


def functions() -> set[tuple[str, str]]:
    """Every test there is: (module, function)."""
    return {
        (path.stem, one.name)
        for path in TESTS.rglob("test_*.py")
        for one in ast.parse(path.read_text()).body
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_case_has_a_state_and_its_tests_exist() -> None:
    rows = _ROW.findall((Path(__file__).parent / "README.md").read_text())
    assert [int(number) for number, *_ in rows] == list(range(1, CASES + 1))
    there = functions()
    for number, _, state, tests in rows:
        said, _, why = state.strip().partition(": ")
        assert said in STATES, (number, state)
        assert bool(why) == (said != "right"), f"case {number}: what is missing, and why"
        named = _TEST.findall(tests)
        assert bool(named) == (said != "not there yet"), f"case {number}: its tests"
        assert not set(named) - there, f"case {number} names tests that do not exist"
