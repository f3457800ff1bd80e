"""The catalog of what Muster says holds every text of the code, translated, and nothing else."""

import ast
import re
from collections.abc import Iterator, Sequence
from string import Formatter

import pytest
from babel.messages import Catalog

from backend import tables
from backend.words.catalog import CATALOGS
from backend.words.nouns import there_is_no
from tests.words.extraction import BACKEND, KEYWORDS, extracted, stored


def names_of(catalog: Catalog) -> set[tuple[object, object]]:
    return {(message.context, message.id) for message in catalog if message.id}


def slots_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def texts_of(found: str | Sequence[str] | None) -> Sequence[str]:
    return (found or "",) if isinstance(found, str | None) else found


def calls_of_messages() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(BACKEND.rglob("*.py")):
        source = path.read_text()
        if path.parent.name == "words" or "from backend.words import" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
                if name in KEYWORDS:
                    yield f"{path.relative_to(BACKEND)}:{node.lineno}", node


@pytest.mark.parametrize("language", CATALOGS)
def test_the_catalog_has_the_texts_of_the_code_and_no_others(language: str) -> None:
    assert names_of(stored(language)) == names_of(extracted()), "run `make words`, then translate what is new"


@pytest.mark.parametrize("language", CATALOGS)
def test_every_text_is_translated_with_the_same_slots(language: str) -> None:
    for message in stored(language):
        if not message.id:
            continue
        told = texts_of(message.string)
        assert all(told), f"{message.id} is not translated"
        assert not message.fuzzy
        wanted = slots_of(texts_of(message.id)[-1])
        assert [slots_of(text) for text in told] == [wanted] * len(told), message.id


# What tells people that something is wrong, and which of its arguments says so.
TELLING = {"Mistake": 2, "RowMistake": 3, "BadRow": 2, "Problem": 2}


def test_what_is_wrong_is_told_by_messages() -> None:
    """Errors take nothing else, which mypy checks; structs of the wire hold any text."""
    plain = []
    for path in sorted(BACKEND.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node.func, "id", None) if isinstance(node, ast.Call) else None
            if name not in TELLING or not isinstance(node, ast.Call):
                continue
            named = [keyword.value for keyword in node.keywords if keyword.arg == "message"]
            told = [*named, *node.args[TELLING[name] : TELLING[name] + 1]]
            if any(isinstance(one, ast.Constant | ast.JoinedStr) for one in told):
                plain.append(f"{path.relative_to(BACKEND)}:{node.lineno}: {ast.unparse(node)}")
    assert not plain


def test_every_message_is_a_text_with_what_fills_its_slots() -> None:
    wrong = []
    for place, call in calls_of_messages():
        many = getattr(call.func, "id", getattr(call.func, "attr", None)) != "Message"
        texts = call.args[: 2 if many else 1]
        if not texts or not all(
            isinstance(text, ast.Constant) and isinstance(text.value, str) for text in texts
        ):
            wrong.append(f"{place}: {ast.unparse(call)}")
            continue
        given = {keyword.arg for keyword in call.keywords}
        wanted = slots_of(texts[-1].value)  # type: ignore[attr-defined]  # just checked
        is_plural = getattr(call.func, "id", getattr(call.func, "attr", None)) == "plural"
        if None not in given and (given or is_plural) and given | ({"count"} & wanted) != wanted:
            wrong.append(f"{place}: {sorted(wanted)} against {sorted(filter(None, given))}")
    assert not wrong


def test_every_row_that_is_locked_can_be_said_to_be_missing() -> None:
    """Two people delete it at once: the second one is told, in words."""
    locked = {
        name
        for path in BACKEND.rglob("*.py")
        for name in re.findall(r"lock_row\((?:tables\.)?([A-Z]\w+),", path.read_text())
    }
    assert {"CourseGroup", "LearnerGroup", "Segment"} <= locked
    for name in locked:
        stored_name = getattr(tables, name)._meta.tablename  # noqa: SLF001 - Piccolo keeps it there
        assert "7" in str(there_is_no(stored_name.removeprefix("learner_"), 7))
