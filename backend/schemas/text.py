"""Texts of requests in their normal form: which of its forms a field takes stands beside its type."""

from collections.abc import Callable, Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from backend.text import TextError, clean_code, clean_long_text, clean_text
from backend.words import Message

# Where the form stands in the `extra` of a type's `Meta`.
FORM = "form"
Form = Literal["name", "text", "long", "code"]


def _name(text: str) -> str:
    text = clean_text(text)
    if not text:
        raise TextError("blank", Message("This is blank."))
    return text


_FORMS: dict[Form, Callable[[str], str]] = {
    "name": _name,
    "text": clean_text,
    "long": clean_long_text,
    "code": clean_code,
}


class PlacedTextError(ValueError):
    """A text that has no normal form, with its place in the struct; msgspec adds where the struct itself stands."""

    def __init__(self, message: Message, path: str) -> None:
        super().__init__(f"{message} - at `$.{path}`")
        self.message = message


def clean(read: msgspec.Struct) -> None:
    """Bring the texts of `read` into their normal form, in place. Raises `ValueError`, with the path as msgspec tells it."""
    for name, wire_name, cleaned in _texts(type(read)):
        value = getattr(read, name)
        if isinstance(value, str):
            fresh: object = _cleaned(cleaned, value, wire_name)
        elif isinstance(value, list) and value:
            fresh = [
                _cleaned(cleaned, one, f"{wire_name}[{i}]") if isinstance(one, str) else one
                for i, one in enumerate(value)
            ]
        else:
            continue
        if fresh != value:
            msgspec.structs.force_setattr(read, name, fresh)


def _cleaned(cleaned: Callable[[str], str], text: str, path: str) -> str:
    try:
        return cleaned(text)
    except TextError as error:
        raise PlacedTextError(error.message, path) from None


@cache
def _texts(kind: type[msgspec.Struct]) -> tuple[tuple[str, str, Callable[[str], str]], ...]:
    """Each field of `kind` that is a text or a list of texts with a form: its name, that on the wire, and what cleans it."""
    hints = get_type_hints(kind, include_extras=True)
    names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return tuple(
        (name, wire_name, _FORMS[form]) for name, wire_name in names for form in list(_forms(hints[name]))[:1]
    )


def _forms(hint: Any) -> Iterator[Form]:
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *metadata = get_args(hint)
        yield from (
            one.extra[FORM]
            for one in metadata
            if isinstance(one, msgspec.Meta) and one.extra and FORM in one.extra
        )
        yield from _forms(inner)
    elif origin in {Union, UnionType, list}:
        for inner in get_args(hint):
            yield from _forms(inner)
