"""From a sheet to a table: which row holds the headers, and which rows fit below them."""

import re
from collections.abc import Sequence

import msgspec

from backend.schemas.base import BadRow
from backend.schemas.imports import ImportKind
from backend.services.imports.cell_values import is_no
from backend.services.imports.columns import plain
from backend.sheets import Sheet, SheetRow, typed_cell
from backend.words import Message

# Microsoft Entra writes its version above the headers.
_ABOVE = re.compile(r"version:v[\d.]+", re.IGNORECASE)
# The share of the headers that a second row of headers has in common with the first (SAP SuccessFactors has two).
_SAME = 0.5
# How a template names a session in its column's header.
_SESSION_COLUMN = re.compile(r"\[(#\d{1,9})\]\s*$")
_PROBLEMS = {
    "characters": Message(
        "It holds bytes that are no characters: the file was damaged, or is in another encoding."
    ),
    "quote": Message("A quotation mark is opened in this line and not closed: the line is left out."),
}


class TableRow(msgspec.Struct):
    """A row below the headers; `line` is where it stands in the file, `problem` why it cannot be read."""

    line: int
    cells: list[str]
    rounded: list[int] = []
    problem: BadRow | None = None


class Table(msgspec.Struct):
    """Headers and rows; `one_each` where every row of the file is one row here."""

    header: list[str]
    rows: list[TableRow]
    one_each: bool = True


def table_of(kind: ImportKind, sheet: Sheet) -> Table:
    """The table that a sheet holds."""
    rows = sheet.rows
    if rows and _ABOVE.fullmatch(rows[0].cells[0]) and not any(rows[0].cells[1:]):
        rows = rows[1:]
    if not rows:
        return Table([], [])
    header, below = rows[0].cells, rows[1:]
    if below and _is_second_header(header, below[0].cells):
        below = below[1:]
    # Only text files need an apostrophe to keep what looks like a formula.
    written = sheet.delimiter is not None
    return _unpivoted(kind, Table(header, [_fitted(row, len(header), written=written) for row in below]))


def _is_second_header(first: Sequence[str], second: Sequence[str]) -> bool:
    filled = [(plain(one), plain(other)) for one, other in zip(first, second, strict=False) if one and other]
    return len(filled) > 1 and sum(one == other for one, other in filled) >= _SAME * len(filled)


def _fitted(row: SheetRow, width: int, *, written: bool) -> TableRow:
    cells = [typed_cell(cell) for cell in row.cells] if written else row.cells
    if len(cells) > width and not any(cells[width:]):
        # Programs fill up short rows to the longest one.
        cells = cells[:width]
    problem: BadRow | None = None
    if row.problem is not None:
        problem = BadRow("", row.problem, _PROBLEMS[row.problem])
    elif len(cells) != width:
        problem = BadRow(
            "",
            "cells",
            Message(
                "This row has {cells} cells, the headers are {headers}: a cell is cut or shifted.",
                cells=len(cells),
                headers=width,
            ),
        )
    return TableRow(row.line, cells, row.rounded, problem)


def _unpivoted(kind: ImportKind, table: Table) -> Table:
    """A sheet with one column a session (see `imports.template`) as one row for each marked cell; others as they are."""
    sessions = {
        at: found[1] for at, title in enumerate(table.header) if (found := _SESSION_COLUMN.search(title))
    }
    if kind != "enrollments" or not sessions:
        return table
    people = [at for at, title in enumerate(table.header) if at not in sessions and title]
    header = [*(table.header[at] for at in people), "session"]
    rows: list[TableRow] = []
    for row in table.rows:
        if row.problem is not None:
            rows.append(TableRow(row.line, row.cells, [], row.problem))
            continue
        named = [row.cells[at] for at in people]
        rows += [
            TableRow(row.line, [*named, session])
            for at, session in sessions.items()
            if row.cells[at] and not is_no(row.cells[at])
        ]
    return Table(header, rows, one_each=False)
