"""SQL stands in modules named for it, and each statement says why it is SQL. See docs/decisions/0039."""

import ast
import re
from pathlib import Path

import pytest

import backend.services

SERVICES = Path(backend.services.__file__).parent
# Beginnings of statements; values of columns and modes of locks are single words.
_STATEMENT = re.compile(
    r"\s*(--[^\n]*\n\s*)*((SELECT|WITH|TRUNCATE|DISCARD|VACUUM|CALL)\s+\S|(INSERT|UPDATE|DELETE)\s+[^\d\s])"
)
_REASON = re.compile(r"# SQL: \S.*\.$")


def _is_statements(path: Path) -> bool:
    return path.stem == "statements" or path.stem.endswith("_statements")


MODULES = sorted(SERVICES.rglob("*.py"))
STATEMENTS = [path for path in MODULES if _is_statements(path)]


def _name(path: Path) -> str:
    return str(path.relative_to(SERVICES))


def _text(node: ast.AST) -> str | None:
    """What a string says, with braces for what is put in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _texts(tree: ast.AST) -> list[tuple[int, str]]:
    """Line and text of every string."""
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    return [
        (getattr(node, "lineno", 0), text)
        for node in ast.walk(tree)
        if id(node) not in parts and (text := _text(node)) is not None
    ]


def sql_in(source: str) -> list[int]:
    """The lines of a module on which a statement begins."""
    return [line for line, text in _texts(ast.parse(source)) if _STATEMENT.match(text)]


@pytest.mark.parametrize("path", [path for path in MODULES if not _is_statements(path)], ids=_name)
def test_sql_stands_in_statements_modules(path: Path) -> None:
    assert not sql_in(path.read_text()), "move it to a statements module, or ask through Piccolo"


@pytest.mark.parametrize("path", STATEMENTS, ids=_name)
def test_every_statement_says_why_it_is_sql(path: Path) -> None:
    source = path.read_text()
    lines = source.splitlines()
    silent = []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign) or not any(_STATEMENT.match(text) for _, text in _texts(node)):
            continue
        above = node.lineno - 2
        reasons = []
        while above >= 0 and lines[above].startswith("#"):
            reasons.append(lines[above])
            above -= 1
        if ast.unparse(node.targets[0]).startswith("_"):
            # A part of others, which say it.
            continue
        if not any(_REASON.match(reason) for reason in reasons):
            silent.append(ast.unparse(node.targets[0]))
    assert not silent


def test_the_search_finds_what_it_is_for() -> None:
    assert sql_in('fetch("SELECT 1 FROM learner")') == [1]
    assert sql_in('x = f"""\n    UPDATE {table} SET a = 1"""') == [1]
    assert sql_in('fetch(\n    "WITH RECURSIVE a AS (SELECT 1)"\n    " SELECT a"\n)') == [2]
    assert not sql_in('state = "DELETE"\nraise Conflict("Select a session, with its people.")')
