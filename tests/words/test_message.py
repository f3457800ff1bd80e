"""A message is English wherever nobody asks for a language, and any language where somebody does."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.words import Message, joined, plural, spoken_language, translate
from backend.words import catalog as catalogs


@pytest.fixture(autouse=True)
def small_catalog(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    made = tmp_path / "fr.po"
    made.write_text(
        'msgid "Hello {name}."\nmsgstr "Bonjour {name}."\n\n'
        'msgid "At most {most:,} values."\nmsgstr "{most:,} valeurs au plus."\n\n'
        'msgid "{count:,} person"\nmsgid_plural "{count:,} people"\n'
        'msgstr[0] "{count:,} personne"\nmsgstr[1] "{count:,} personnes"\n\n'
        'msgid "nobody"\nmsgstr "personne"\n\n'
        'msgctxt "month"\nmsgid "May"\nmsgstr "mai"\n'
    )
    monkeypatch.setitem(catalogs.CATALOGS, "fr", made)
    catalogs.texts_of.cache_clear()
    yield
    catalogs.texts_of.cache_clear()


def test_a_message_is_its_english_text_and_renders_in_french() -> None:
    message = Message("Hello {name}.", name="Ada")
    assert message == "Hello Ada."
    assert message.render("en") == "Hello Ada."
    assert message.render("fr-CA") == "Bonjour Ada."
    assert message.render("de") == "Hello Ada."
    assert Message("Hello {name}.").render("fr", name="Ada") == "Bonjour Ada."
    assert Message("Hello {name}.").pattern("fr") == "Bonjour {name}."


def test_messages_within_messages_are_said_in_the_same_language() -> None:
    message = Message("Hello {name}.", name=Message("nobody"))
    assert message == "Hello nobody."
    assert message.render("fr") == "Bonjour personne."
    both = joined("; ", [message, "{as it is}"])
    assert both == "Hello nobody.; {as it is}"
    assert both.render("fr") == "Bonjour personne.; {as it is}"


def test_numbers_are_written_as_the_language_writes_them() -> None:
    message = Message("At most {most:,} values.", most=5000)
    assert message == "At most 5,000 values."
    assert message.render("fr") == "5\u202f000 valeurs au plus."


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [
        (0, "0 people", "0 personne"),
        (1, "1 person", "1 personne"),
        (2000, "2,000 people", "2\u202f000 personnes"),
    ],
)
def test_each_language_has_its_own_plurals(count: int, english: str, french: str) -> None:
    message = Message.plural("{count:,} person", "{count:,} people", count)
    assert (message, message.render("fr")) == (english, french)
    assert plural("{count:,} person", "{count:,} people", count, "fr") == french


def test_one_word_of_two_meanings_is_told_by_its_context() -> None:
    assert Message.in_context("month", "May").render("fr") == "mai"
    assert translate("May", "fr") == "May"


def test_a_message_survives_pickling() -> None:
    restored = pickle.loads(pickle.dumps(Message("Hello {name}.", name="Ada")))  # noqa: S301 - just made
    assert (restored, restored.render("fr")) == ("Hello Ada.", "Bonjour Ada.")


def test_the_first_language_that_is_spoken_is_taken() -> None:
    assert spoken_language("de", "fr_CA", "en") == "fr"
    assert spoken_language("de", "") == "en"
