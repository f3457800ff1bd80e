"""Texts that were stored before they were brought into one form: found, and mended where nobody else has the same.

Input schemas and triggers keep new ones out. See docs/decisions/0031.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.database import execute, fetch, fetch_value, transaction
from backend.services.operations import statements
from backend.text import TextError, clean_address, clean_code

# What is said of one kind; the rest is a number.
NAMED = 20
# Rows changed in one transaction, so that nobody waits long and the log takes them in bites.
BITE = 1_000


@dataclass(frozen=True, slots=True)
class OddText:
    """A stored text that is not in its normal form, and the other row that holds that form already (a duplicate)."""

    table: str
    column: str
    id: int
    stored: str
    normal: str | None
    other: int | None

    @property
    def mendable(self) -> bool:
        """Whether it can be brought into its form without touching anybody else."""
        return self.normal is not None and self.other is None


_PLACES: Sequence[tuple[str, str, Callable[[str], str], str]] = (
    ("learner", "email", clean_address, "lower(email)"),
    ("learner", "external_id", clean_code, "external_id"),
    ("learner_group", "external_id", clean_code, "external_id"),
    ("activity", "external_id", clean_code, "external_id"),
    ("session", "external_id", clean_code, "external_id"),
)


async def odd_texts() -> list[OddText]:
    """Every address and external id that is not in its normal form."""
    return [one for place in _PLACES for one in await _odd_texts(*place)]


async def _odd_texts(table: str, column: str, clean: Callable[[str], str], compared: str) -> list[OddText]:
    rows = await fetch(statements.odd_texts(table, column))
    forms = [(row["id"], row["text"], _form(row["text"], clean)) for row in rows]
    odd = [one for one in forms if one[1] != one[2]]
    keys = [_key(form, compared) for _, _, form in odd if form is not None]
    holders: dict[str, int] = {
        row["key"]: row["id"] for row in await fetch(statements.holders_of_texts(table, compared), keys)
    }
    found: list[OddText] = []
    for row_id, stored, form in odd:
        key = None if form is None else _key(form, compared)
        other = None if key is None else holders.setdefault(key, row_id)
        found.append(OddText(table, column, row_id, stored, form, None if other == row_id else other))
    return found


def _form(text: str, clean: Callable[[str], str]) -> str | None:
    try:
        return clean(text)
    except TextError:
        return None


def _key(form: str, compared: str) -> str:
    return form.lower() if compared.startswith("lower") else form


@dataclass(frozen=True, slots=True)
class OddValues:
    """How many stored values of a field are not in their normal form, or are blank; options keep the form that the field gives them."""

    field_id: int
    key: str
    count: int
    mendable: bool


async def odd_values() -> list[OddValues]:
    """Fields with such values: rules compare them with texts in the normal form, and miss them."""
    rows = await fetch(statements.ODD_VALUES)
    return [OddValues(row["id"], row["key"], row["count"], row["type"] == "text") for row in rows]


async def mend_values(found: Sequence[OddValues]) -> None:
    """Bring values of text fields into their normal form; blank ones go, for they are none."""
    for one in found:
        more = one.mendable
        while more:
            async with transaction():
                more = await fetch_value(statements.MEND_VALUES, one.field_id, BITE) == BITE


async def mend(found: Sequence[OddText]) -> int:
    """Bring those into their normal form of which there is no duplicate; how many."""
    mendable = [one for one in found if one.mendable]
    for table, column, _, _ in _PLACES:
        here = [one for one in mendable if (one.table, one.column) == (table, column)]
        for start in range(0, len(here), BITE):
            bite = here[start : start + BITE]
            async with transaction():
                await execute(
                    statements.mend_texts(table, column),
                    [one.id for one in bite],
                    [one.stored for one in bite],
                    [one.normal for one in bite],
                )
    return len(mendable)
