"""How the rows of one sheet are read: its columns, what was decided about them, and the fields that there are."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from backend.database import fetch_value
from backend.schemas.base import UNSET, BadRow
from backend.schemas.imports import ImportKind, SheetLearner
from backend.services.errors import Invalid
from backend.services.imports.applying import WIRE
from backend.services.imports.cells import Reading, read_row
from backend.services.imports.columns import Column, detect
from backend.services.statements import TIME_ZONE
from backend.tables import Field
from backend.words import Message

# Codes of what is said about the manager of a row whose other columns are kept.
MANAGER_CODES = frozenset({"manager_circle", "manager_self", "manager_unknown"})


class RowReader(msgspec.Struct, frozen=True):
    """Reads the rows of one sheet."""

    kind: ImportKind
    reading: Reading

    @property
    def columns(self) -> list[Column]:
        """The columns and what they mean."""
        return self.reading.columns

    def read(
        self, cells: Sequence[str], note: Mapping[str, Any] | None = None, rounded: Sequence[int] = ()
    ) -> Any | BadRow:
        """One row of the wire, or what is wrong with it. What `note` says about its manager leaves the manager as they are."""
        row = read_row(self.reading, cells, WIRE[self.kind], rounded)
        if note and note["code"] in MANAGER_CODES and isinstance(row, SheetLearner):
            row.manager_external_id = UNSET
        return row


async def reader_for(kind: ImportKind, header: Sequence[str], decided: Mapping[str, str]) -> RowReader:
    """How to read the rows below this header. Raises `Invalid` when a column is missing."""
    fields = await Field.select(Field.key, Field.name, Field.type)
    columns, missing = detect(kind, header, [(row["key"], row["name"]) for row in fields])
    if missing:
        raise Invalid.at(
            "file",
            "columns",
            Message.plural(
                "The sheet has no column “{names}”. Its first row must hold the headers.",
                "The sheet has none of these columns: {names}. Its first row must hold the headers.",
                len(missing),
                names=", ".join(missing),
            ),
        )
    timezone = await fetch_value(TIME_ZONE)
    kinds = {row["key"]: row["type"] for row in fields}
    return RowReader(kind, Reading(columns, dict(decided), timezone, kinds))
