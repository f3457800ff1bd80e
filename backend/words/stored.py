"""Messages as they are stored: in English, for whoever looks into the database, and with what tells them in any language."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from backend.words.message import Message, translate

# Where a record of JSON keeps the English text, and where what it is made of.
_ENGLISH, _MADE_OF = "message", "made_of"


def to_record(text: str) -> dict[str, Any]:
    """The members of a record of JSON that tell `text`."""
    made_of = {_MADE_OF: text.parts()} if isinstance(text, Message) else {}
    return {_ENGLISH: str(text), **made_of}


def text_in(record: Mapping[str, Any], language: str) -> str:
    """The text of a record, told in a language."""
    made_of, english = record.get(_MADE_OF), record.get(_ENGLISH)
    if made_of is not None:
        with suppress(AttributeError, LookupError, TypeError, ValueError):
            return Message.of_parts(made_of).render(language)
    # Something else may have been stored past Muster.
    return translate(english, language) if isinstance(english, str) else ""


def told_record(record: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The record as it is shown to a reader."""
    shown = {name: value for name, value in record.items() if name != _MADE_OF}
    return {**shown, _ENGLISH: text_in(record, language)}


def failure_told(error: str | None, detail: Mapping[str, Any], language: str) -> str | None:
    """Why a job failed, for a reader of this language: `error` is its English, and `failure` in `detail` what it is made of."""
    return None if error is None else text_in(detail.get("failure") or {_ENGLISH: error}, language)


def told_again(english: str | None, made_of: Any, language: str) -> str | None:
    """A stored text in a language, by what it is made of; where that is of another text, which an earlier release has replaced, as it stands."""
    if english is None or not isinstance(made_of, Mapping):
        return english
    with suppress(AttributeError, LookupError, TypeError, ValueError):
        message = Message.of_parts(made_of)
        if str(message) == english:
            return message.render(language)
    return english
