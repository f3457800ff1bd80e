"""What French asks of texts: no word that it shortens before a name, no line that begins with a mark."""

import re

from backend.words.catalog import CATALOGS
from tests.words.extraction import BACKEND, stored

# What is filled in after them begins with a figure.
FIGURES = {"count", "n", "number", "time", "date", "day", "total"}
BEFORE_A_SLOT = re.compile(r"\b(?:de|que|jusque|ne|se) \{(\w+)\}", re.IGNORECASE)


def test_no_word_that_french_shortens_stands_before_a_name() -> None:
    assert "fr" in CATALOGS
    texts = [str(message.string) for message in stored("fr") if message.id]
    for messages in sorted((BACKEND.parent / "frontend" / "messages").rglob("fr.json")):
        texts += messages.read_text().splitlines()
    wrong = [text for text in texts if set(BEFORE_A_SLOT.findall(text)) - FIGURES]
    assert wrong == []


def test_no_line_begins_with_a_mark() -> None:
    """A space that does not break stands before `:`, `»` and `%` and after `«`; a narrow one before `;`, `?` and `!`."""
    found = [message.string for message in stored("fr") if message.id]
    texts = [text for one in found for text in (one if isinstance(one, tuple) else (one,))]
    assert [text for text in texts if re.search(r"\S [:;?!%»]|« ", str(text))] == []
