"""A text that is said in the language of whoever reads it."""

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any, Self

import msgspec
from msgspec import Struct

from backend.words.catalog import ENGLISH, spoken_language, texts_of


class _Texts(Struct, frozen=True, omit_defaults=True):
    """What a message says in English before its slots are filled; `many` and `count` where it is a plural."""

    one: str
    many: str | None = None
    count: int = 1
    context: str | None = None


class Message(str):
    """A text with what fills its `{slots}`. It is its English text, and `render` says it in any language.

    A slot may hold another message, which is then said in the same language. Without slots it is a pattern, to be filled when
    it is rendered. Babel finds the texts by the names of these constructors: give the text itself, never a variable.
    """

    __slots__ = ("_texts", "slots")

    _texts: _Texts
    slots: dict[str, Any]

    def __new__(cls, text: str, /, **slots: object) -> Self:
        return cls._of(_Texts(text), slots)

    @classmethod
    def plural(cls, one: str, many: str, count: int, /, **slots: object) -> Self:
        """`one` where `count` is one, otherwise `many`; `{count}` is a slot of both."""
        return cls._of(_Texts(one, many, count), {"count": count, **slots})

    @classmethod
    def in_context(cls, context: str, text: str, /, **slots: object) -> Self:
        """A text that means something else in another place, such as the month and the verb “may”."""
        return cls._of(_Texts(text, context=context), slots)

    @classmethod
    def _of(cls, texts: _Texts, slots: dict[str, Any]) -> Self:
        pattern = _pattern(texts, ENGLISH)
        made = super().__new__(cls, pattern.format(**slots) if slots else pattern)
        made._texts, made.slots = texts, slots
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Message.of_parts, (self.parts(),)

    def parts(self) -> dict[str, Any]:
        """What it is made of, in values that JSON has."""
        slots = {
            name: {"message": value.parts()} if isinstance(value, Message) else _plain(value)
            for name, value in self.slots.items()
        }
        return {**msgspec.to_builtins(self._texts), "slots": slots}

    @classmethod
    def of_parts(cls, parts: Mapping[str, Any]) -> Self:
        """The message that is made of these `parts`."""
        slots = {
            name: cls.of_parts(value["message"]) if isinstance(value, dict) else value
            for name, value in parts["slots"].items()
        }
        return cls._of(_Texts(**{name: value for name, value in parts.items() if name != "slots"}), slots)

    def fill(self, **slots: object) -> "Message":
        """The same text with these slots, beside those it has."""
        return Message._of(self._texts, self.slots | slots)

    def pattern(self, language: str) -> str:
        """The text in a language, its slots not filled."""
        return _pattern(self._texts, spoken_language(language))

    def render(self, language: str, **slots: object) -> str:
        """The text in a language, its slots filled with `slots` and its own."""
        spoken, filled = spoken_language(language), self.slots | slots
        pattern = _pattern(self._texts, spoken)
        if not filled:
            return pattern
        # Messages in slots are English by themselves.
        return pattern.format(**filled) if spoken == ENGLISH else _Filler(spoken).vformat(pattern, (), filled)


def joined(separator: str, texts: Sequence[str]) -> Message:
    """Texts of which some may be messages, one after another, each said in the reader's language."""
    return Message(
        separator.join(f"{{part{i}}}" for i in range(len(texts))),
        **{f"part{i}": text for i, text in enumerate(texts)},
    )


def translate(message: str, language: str, /, **slots: object) -> str:
    """A message in a language; a text that is none is told as it is, unless it is the English of one without context."""
    return (message if isinstance(message, Message) else Message(message)).render(language, **slots)


def plural(one: str, many: str, count: int, language: str, /, **slots: object) -> str:
    """The form of a text for `count` in a language."""
    return Message.plural(one, many, count, **slots).render(language)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | None) else str(value)


def _pattern(texts: _Texts, language: str) -> str:
    if language != ENGLISH:
        catalog = texts_of(language)
        found = catalog.texts.get((texts.context, texts.one))
        if found is not None:
            return found[catalog.form(texts.count) if texts.many is not None else 0]
    return texts.one if texts.many is None or texts.count == 1 else texts.many


class _Filler(Formatter):
    """Fills slots as `str.format` does, with messages and numbers in one language."""

    def __init__(self, language: str) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> Any:
        if isinstance(value, Message):
            return format(value.render(self._language), format_spec)
        said = format(value, format_spec)
        if self._language == "fr" and "," in format_spec:
            return said.translate(_FRENCH_NUMBER)
        return said


_FRENCH_NUMBER = {ord(","): "\u202f", ord("."): ","}
