"""The rest of the program asks the index by its methods: what it is made of may change without anybody noticing."""

import ast
from collections.abc import Iterator
from pathlib import Path

BACKEND = Path(__file__).parents[2] / "backend"
PARTS = frozenset({"structure", "facts", "cache"})


def _reaching_in(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in PARTS:
            owner = (
                node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            )
            if owner in {"index", "then", "world", "supposed"}:
                yield f"{node.lineno}: {owner}.{node.attr}"


def test_nobody_reaches_into_the_index() -> None:
    found = {
        str(path.relative_to(BACKEND)): reached
        for path in BACKEND.rglob("*.py")
        if not path.is_relative_to(BACKEND / "index") and (reached := [*_reaching_in(path.read_text())])
    }
    assert found == {}
