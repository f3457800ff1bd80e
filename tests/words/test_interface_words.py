"""The interface's own texts: each is shown somewhere, and what is shown has a text."""

import json
import re
from pathlib import Path

import pytest

FRONTEND = Path(__file__).parents[2] / "frontend"
# `m.` and a name, as the compiled catalog offers them.
USED = {
    name
    for path in (FRONTEND / "src").rglob("*")
    if path.suffix in {".ts", ".svelte"} and "paraglide" not in path.parts
    for name in re.findall(r"(?<![\w.])m\.(\w+)", path.read_text())
}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_text_is_shown_somewhere(language: str) -> None:
    texts = {
        key
        for path in (FRONTEND / "messages").rglob(f"{language}.json")
        for key in json.loads(path.read_text())
        if not key.startswith("$")
    }
    assert texts - USED == set()
    assert USED - texts == set()
