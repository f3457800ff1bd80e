"""What a learner's values must be like, for one learner and for ten thousand."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from backend.database import compiled, fetch
from backend.schemas.problem import Mistake
from backend.services.people.field_values import Columns, WrongValueError, to_columns
from backend.tables import Field
from backend.text import TextError, clean_address
from backend.words import Message


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
        for row in await fetch(_kinds())
    }


@cache
def _kinds() -> str:
    """Asked at every write of a learner, and therefore made once."""
    return compiled(Field.select(Field.id, Field.key, Field.type, Field.options))


def clean_email(email: str) -> str | Mistake:
    """The address in its normal form, or what is wrong with it."""
    try:
        return clean_address(email)
    except TextError as error:
        return Mistake("email", "email", error.message)


def check_values(
    given: Mapping[str, object], kinds: Mapping[str, FieldKind], mistakes: list[Mistake]
) -> dict[int, Columns | None]:
    """The columns of every value by field id; what is wrong is added to `mistakes`."""
    found: dict[int, Columns | None] = {}
    for key, value in given.items():
        kind = kinds.get(key)
        if kind is None:
            mistakes.append(Mistake(f"fields.{key}", "unknown", Message("There is no such field.")))
            continue
        try:
            found[kind.id] = to_columns(value, kind.kind, kind.options)
        except WrongValueError as error:
            mistakes.append(Mistake(f"fields.{key}", "type", error.message))
    return found
