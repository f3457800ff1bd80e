"""What a learner's values must be like, for one learner and for ten thousand."""

from collections.abc import Mapping
from dataclasses import dataclass

from backend.database import fetch
from backend.schemas.problem import Mistake
from backend.services.field_values import Columns, WrongValueError, to_columns
from backend.services.languages import is_language
from backend.text import TextError, clean_address


@dataclass(frozen=True, slots=True)
class FieldKind:
    """A field as far as its values are checked."""

    id: int
    kind: str
    options: frozenset[str]


async def field_kinds() -> dict[str, FieldKind]:
    """Every field by its key."""
    return {
        row["key"]: FieldKind(row["id"], row["type"], frozenset(row["options"]))
        for row in await fetch("SELECT id, key, type, options FROM field")
    }


def clean_email(email: str) -> str | Mistake:
    """The address in its normal form, or what is wrong with it."""
    try:
        return clean_address(email)
    except TextError as error:
        return Mistake("email", "email", str(error))


def check_language(language: str) -> Mistake | None:
    """What is wrong with a language tag."""
    if is_language(language):
        return None
    return Mistake("language", "language", "A language is a tag such as “en” or “fr”.")


def check_values(
    given: Mapping[str, object], kinds: Mapping[str, FieldKind], mistakes: list[Mistake]
) -> dict[int, Columns | None]:
    """The columns of every value by field id; what is wrong is added to `mistakes`."""
    found: dict[int, Columns | None] = {}
    for key, value in given.items():
        kind = kinds.get(key)
        if kind is None:
            mistakes.append(Mistake(f"fields.{key}", "unknown", "There is no such field."))
            continue
        try:
            found[kind.id] = to_columns(value, kind.kind, kind.options)
        except WrongValueError as error:
            mistakes.append(Mistake(f"fields.{key}", "type", str(error)))
    return found
