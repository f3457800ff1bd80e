"""The table of features names every behaviour once, and only tests and routes that exist; every operation of the API is in it."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from backend.app import create_app
from backend.commands.openapi import _nothing

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "features.md").read_text()
# How many behaviours each document has; what two readings of one sentence counted twice is left out.
LAST = {"A": 84, "B": 37, "C": 23, "D": 23, "E": 26, "F": 6}
LEFT_OUT = {"E2"}
PREFIX = "/api/v1"
METHODS = ("get", "post", "put", "patch", "delete")
NOTHING = "—"


class Row(NamedTuple):
    """One behaviour."""

    id: str
    behaviour: str
    state: str
    where: str
    routes: str
    tests: str


ROWS = [
    Row(*(cell.strip() for cell in line.strip("| ").split(" | ")))
    for line in re.findall(r"^\| [A-F]\d+ \| .*$", PAGE, re.MULTILINE)
]


def named_tests(text: str) -> list[tuple[str, str]]:
    """(file, name) of every test that a text names."""
    return re.findall(r"`([^`]+?)::([^`]+)`", text)


def named_routes(text: str) -> set[str]:
    """Every operation that a text names, as the OpenAPI document writes its path."""
    found = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`]*)`", text)
    return {f"{method} {path if path.startswith('/api/') else PREFIX + path}" for method, path in found}


@cache
def names_of(file: str) -> frozenset[str]:
    """The tests of a file; none where there is no such file."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    text = path.read_text()
    if path.suffix == ".ts":
        return frozenset(
            name for _, name in re.findall(r"^\s*(?:it|test)\((['\"`])(.+?)\1,", text, re.MULTILINE)
        )
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(one.name for one in ast.parse(text).body if isinstance(one, functions))


def operations() -> set[str]:
    """What the OpenAPI document holds."""
    document = create_app(_nothing()).openapi_schema.to_schema()
    return {
        f"{name.upper()} {path}"
        for path, item in document["paths"].items()
        for name in item
        if name in METHODS
    }


def test_every_behaviour_has_one_row() -> None:
    wanted = [f"{section}{n}" for section, last in LAST.items() for n in range(1, last + 1)]
    assert [row.id for row in ROWS] == [one for one in wanted if one not in LEFT_OUT]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_state_says_what_is_missing_and_what_is_there_names_its_tests(row: Row) -> None:
    state, _, why = row.state.partition(" ")
    assert state in ("●", "◐", "○")
    assert bool(why) == (state != "●"), "what is missing, or what it waits for"
    if state == "○":
        assert {row.where, row.routes, row.tests} == {NOTHING}
    else:
        assert named_tests(row.tests), "names no test"
    assert named_routes(row.routes) or row.routes == NOTHING


def test_tests_that_are_named_exist() -> None:
    assert [f"{file}::{name}" for file, name in named_tests(PAGE) if name not in names_of(file)] == []


def test_routes_that_are_named_exist_and_every_operation_is_named() -> None:
    there = operations()
    named = named_routes(PAGE)
    assert sorted(named - there) == [], "named, but not there"
    assert sorted(there - named) == [], "in no row, nor among the routes beside the request"
