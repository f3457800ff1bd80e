"""The normal form of texts: NFC, trimmed, without characters that nobody sees. See docs/decisions/0031.

What two people take for the same text is stored as the same bytes, whoever wrote it and on whatever machine. Nothing here
changes case: identifiers of other systems may differ by case alone.
"""

import re
import unicodedata

from backend.words import Message

# Soft hyphens, zero-width spaces, marks of direction, word joiners, byte order marks: left behind by word processors and
# by copying from web pages. They are part of no text.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
)
# Joiners are spelling in Persian and in the scripts of India, and hold emoji together; beside ASCII they are nothing.
_JOINERS = "\u200c\u200d"
_UNSEEN = re.compile(f"[{_INVISIBLE}]|(?<![^\\x00-\\x7f])[{_JOINERS}]|[{_JOINERS}](?![^\\x00-\\x7f])")
_NOWHERE = re.compile(f"[{_INVISIBLE}{_JOINERS}]")
_EDGES = re.compile(f"^[\\s{_INVISIBLE}{_JOINERS}]+|[\\s{_INVISIBLE}{_JOINERS}]+$")
_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029]")
# Lines and tabs are allowed where a text may have several lines.
_CONTROL_IN_LINES = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]")


class TextError(ValueError):
    """The text cannot be stored; `code` for programs, the message for people."""

    def __init__(self, code: str, message: Message) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def clean_text(text: str) -> str:
    """A text of one line, such as a name; may come out empty. Raises `TextError` for control characters."""
    if not (text.isascii() and text.isprintable()):
        text = _seen(text)
        _refuse(_CONTROL.search(text.strip()))
    return text.strip()


def clean_lines(text: str) -> str:
    """A text of one or several lines, such as a value of a field; may come out empty. Raises `TextError`."""
    if not (text.isascii() and text.isprintable()):
        text = _seen(text).replace("\r\n", "\n").replace("\r", "\n")
        _refuse(_CONTROL_IN_LINES.search(text))
    return text.strip()


def clean_long_text(text: str) -> str:
    """Like `clean_lines`, for documents: lines and the spaces around them stay as they were written."""
    if not (text.isascii() and text.isprintable()):
        text = _seen(text)
        _refuse(_CONTROL_IN_LINES.search(text))
    return text


def clean_code(text: str) -> str:
    """An identifier: an external id, a key, an option's value. Raises `TextError`, also for what is blank.

    What nobody sees is dropped around it. Inside it is refused, for nobody knows which of two identifiers is meant.
    """
    if text.isascii() and text.isprintable():
        text = text.strip()
    else:
        text = unicodedata.normalize("NFC", _EDGES.sub("", text))
        if hidden := _NOWHERE.search(text):
            raise TextError("character", hidden_character(text, hidden.start()))
        _refuse(_CONTROL.search(text))
    if not text:
        raise TextError("blank", Message("This is blank."))
    return text


def code_key(text: str) -> str:
    """What an identifier is looked up by: its clean form, or the text itself where it has none."""
    try:
        return clean_code(text)
    except TextError:
        return text


def without_edges(text: str) -> str:
    """`text` without white space and unseen characters around it."""
    return _EDGES.sub("", text)


def hidden_character(text: str, at: int) -> Message:
    """The message about a character that nobody sees; it counts from 1."""
    name = unicodedata.name(text[at], "an unnamed character").lower()
    return Message(
        "Character {place} is invisible ({name}, U+{code:04X}): type it again without.",
        place=at + 1,
        name=name,
        code=ord(text[at]),
    )


def first_hidden(text: str) -> int | None:
    """Where the first character is that nobody sees, or None."""
    found = None if text.isascii() else _NOWHERE.search(text)
    return found.start() if found else None


def _seen(text: str) -> str:
    return unicodedata.normalize("NFC", _UNSEEN.sub("", text))


def _refuse(control: re.Match[str] | None) -> None:
    if control is not None:
        raise TextError(
            "character", Message("It contains a control character (U+{code:04X}).", code=ord(control[0]))
        )
