"""A method in a sentence, in the reader's language: on the method's card and as the reason in a catalog."""

from collections.abc import Callable, Collection

from asyncpg import Record

from backend.index import FacetIndex
from backend.rules import InvalidRule, Rule, convert, describe

_WORDS = {
    "en": {
        "manual": "Enrolled by hand.",
        "manual_named": "Enrolled by hand: {name}.",
        "self": "Self enrollment.",
        "self_key": "Self enrollment with a key.",
        "organisation": "Enrolled by your organisation.",
        "broken": "The audience's rule has to be mended.",
    },
    "fr": {
        "manual": "Inscription manuelle.",
        "manual_named": "Inscription manuelle : {name}.",
        "self": "Auto-inscription.",
        "self_key": "Auto-inscription avec une clé.",
        "organisation": "Inscription par votre organisation.",
        "broken": "La règle de l'audience est à corriger.",
    },
}


def words_for(language: str) -> dict[str, str]:
    """The fixed sentences in the closest language there is."""
    return _WORDS.get(language[:2], _WORDS["en"])


def sentence_of(  # noqa: PLR0913 - the method, and what its reader may read
    row: Record,
    index: FacetIndex,
    language: str,
    sealed: Collection[int] = (),
    part: Callable[[Rule], Rule] = lambda rule: rule,
    *,
    discreet: bool = False,
) -> str:
    """What the method's row says of who is enrolled by it, or `part` of it; `sealed` groups keep their names.

    `discreet`: said to those who organise nothing (see `describe_parts`).
    """
    said = words_for(language)
    if row["kind"] == "self":
        return said["self_key"] if row["key"] else said["self"]
    if row["kind"] == "manual":
        return said["manual_named"].format(name=row["name"]) if row["name"] else said["manual"]
    try:
        rule = convert(row["rule"])
    except InvalidRule:
        return said["broken"]
    return describe(part(rule), index, language, sealed=sealed, discreet=discreet)
