"""The languages Muster speaks, and what each calls an English text."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from gettext import c2py
from pathlib import Path

from babel.messages.pofile import read_po
from msgspec import Struct

ENGLISH = "en"
# English needs no catalog: its texts stand in the code.
CATALOGS = {"fr": Path(__file__).parent / "fr.po"}
LANGUAGES = (ENGLISH, *CATALOGS)

# A text's context, where it needs one, and the text itself; of a plural the form for one.
Key = tuple[str | None, str]


class TextCatalog(Struct, frozen=True):
    """The texts of one language: several where the text is a plural, of which `form` gives the number for a count."""

    texts: Mapping[Key, tuple[str, ...]]
    form: Callable[[int], int]


@cache
def texts_of(language: str) -> TextCatalog:
    """The catalog of one of `CATALOGS`; read once, when somebody first reads that language."""
    with CATALOGS[language].open("rb") as file:
        read = read_po(file, locale=language)
    texts = {
        (message.context, _forms(message.id)[0]): _forms(message.string)
        for message in read
        if message.id and message.string
    }
    return TextCatalog(texts, c2py(read.plural_expr))


def _forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def spoken_language(*wanted: str) -> str:
    """The first of the wanted language tags (`fr`, `fr-CA`) that Muster speaks; English if none."""
    for tag in wanted:
        primary = tag.replace("_", "-").split("-")[0].lower()
        if primary in LANGUAGES:
            return primary
    return ENGLISH
