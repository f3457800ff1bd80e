"""How the rows of one sheet are read: its columns, what was decided about them, and the fields that there are."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from backend.database import fetch, fetch_value
from backend.schemas.commons import UNSET, BadRow
from backend.schemas.imports import ImportKind, SheetLearner
from backend.services.errors import Invalid
from backend.services.import_cells import Reading, read_row
from backend.services.import_columns import Column, detect
from backend.services.importing import WIRE

# Codes of what is said about the manager of a row whose other columns are kept.
MANAGER_CODES = frozenset({"manager_circle", "manager_self", "manager_unknown"})


class Reader(msgspec.Struct, frozen=True):
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


async def reader_for(kind: ImportKind, header: Sequence[str], decided: Mapping[str, str]) -> Reader:
    """How to read the rows below this header. Raises `Invalid` when a column is missing."""
    fields = await fetch("SELECT key, name, type FROM field")
    columns, missing = detect(kind, header, [(row["key"], row["name"]) for row in fields])
    if missing:
        raise Invalid.at(
            "file",
            "columns",
            f"The sheet has no column “{'” and no column “'.join(missing)}”. Its first row must hold the headers.",
        )
    timezone = await fetch_value("SELECT timezone FROM organisation")
    kinds = {row["key"]: row["type"] for row in fields}
    return Reader(kind, Reading(columns, dict(decided), timezone, kinds))
