"""WHERE clauses put together from parts, with their parameters."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.services.errors import Invalid
from backend.services.paging import decode_cursor
from backend.words import Message

_WILDCARDS = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})
# A search of more words than this is a pasted text.
MOST_WORDS = 10


@dataclass(slots=True)
class Conditions:
    """`add("status = {}", "active")` writes the parameter's number in place of the braces."""

    parts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def value(self, value: object) -> str:
        """A new parameter's placeholder."""
        self.values.append(value)
        return f"${len(self.values)}"

    def add(self, sql: str, *values: object) -> None:
        """One more condition; each `{}` in it is one of the values."""
        self.parts.append(sql.format(*(self.value(value) for value in values)))

    def add_search(self, q: str | None, *columns: str) -> None:
        """Every word of `q` occurs in one of the columns, in whatever case."""
        for word in unicodedata.normalize("NFC", q or "").split()[:MOST_WORDS]:
            mark = self.value(f"%{word.lower().translate(_WILDCARDS)}%")
            self.parts.append("(" + " OR ".join(f"lower({column}) LIKE {mark}" for column in columns) + ")")

    @property
    def sql(self) -> str:
        """All of them, or `true`."""
        return " AND ".join(f"({part})" for part in self.parts) or "true"


@dataclass(frozen=True, slots=True)
class Sort:
    """An order that a list can be asked in: expressions and their types, the last one unique."""

    name: str
    keys: tuple[tuple[str, str], ...]
    descending: bool = False

    @property
    def columns(self) -> str:
        """What the row must carry for the cursor: `key_0`, `key_1` and so on."""
        return ", ".join(f"{expression} AS key_{i}" for i, (expression, _) in enumerate(self.keys))

    @property
    def order(self) -> str:
        """The ORDER BY clause."""
        return ", ".join(f"{expression}{' DESC' if self.descending else ''}" for expression, _ in self.keys)

    def after(self, conditions: Conditions, cursor: str | None) -> None:
        """Only what comes after the cursor. Raises `Invalid` for a cursor of another list or order."""
        key = decode_cursor(cursor, list[str])
        if key is None:
            return
        if len(key) != len(self.keys) + 1 or key[0] != self.name:
            raise Invalid.at("cursor", "cursor", Message("This cursor belongs to another list or order."))
        left = ", ".join(expression for expression, _ in self.keys)
        # Parameters as text and a cast: what does not fit its type is an error of the cursor, not of the driver.
        right = ", ".join(
            f"({conditions.value(value)}::text)::{type_}"
            for value, (_, type_) in zip(key[1:], self.keys, strict=True)
        )
        conditions.add(f"({left}) {'<' if self.descending else '>'} ({right})")

    def key(self, row: Any) -> list[str]:
        """The cursor's key of a row."""
        values = (row[f"key_{i}"] for i in range(len(self.keys)))
        return [self.name, *(v.isoformat() if hasattr(v, "isoformat") else str(v) for v in values)]


def chosen_sort(name: str | None, sorts: Mapping[str, tuple[tuple[str, str], ...]], default: str) -> Sort:
    """The order called `name` (`-name`: the other way round). Raises `Invalid` for one that there is not."""
    asked = name or default
    plain = asked.removeprefix("-")
    if plain not in sorts:
        known = ", ".join(sorted(sorts))
        raise Invalid.at(
            "sort",
            "choice",
            Message("Lists are sorted by {known}, or the reverse with a minus.", known=known),
        )
    return Sort(asked, sorts[plain], descending=asked.startswith("-"))
