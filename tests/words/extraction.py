"""The texts that stand in the code, as Babel finds them, and the catalog brought up to them."""

from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from backend.words.catalog import CATALOGS

BACKEND = Path(__file__).parents[2] / "backend"
# The constructors of `backend.words`: which of their arguments are texts, and which a context (`c`).
KEYWORDS = {"Message": None, "plural": (1, 2), "in_context": ((1, "c"), 2)}
HEADERS = {
    "fr": """\
# What Muster says, in French; see docs/how-to/translate.md.
msgid ""
msgstr ""
"Language: fr\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

"""
}


def extracted() -> Catalog:
    """Every text of the code once."""
    found = Catalog()
    texts = extract_from_dir(
        BACKEND, method_map=[("**.py", "python")], keywords=KEYWORDS, strip_comment_tags=True
    )
    for _file, _line, text, _comments, context in texts:
        found.add(text, context=context)
    return found


def stored(language: str) -> Catalog:
    """The catalog as it is."""
    return read_po(BytesIO(CATALOGS[language].read_bytes()), locale=language, abort_invalid=True)


def bring_up(language: str) -> int:
    """Adds what the code has, takes away what it no longer has, and tells how many texts are still to be translated."""
    catalog = stored(language)
    catalog.update(extracted(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    made = BytesIO()
    write_po(made, catalog, sort_output=True, width=110, omit_header=True, no_location=True)
    CATALOGS[language].write_bytes(HEADERS[language].encode() + made.getvalue())
    return sum(not all(m.string if isinstance(m.string, tuple) else (m.string,)) for m in catalog if m.id)
