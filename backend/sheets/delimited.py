"""Text files of cells: the delimiter, the rows, and where a quote is opened and never closed."""

import csv
import io
import re
from collections import Counter
from itertools import islice

from backend.sheets.limits import LONGEST_CELL, SheetError
from backend.sheets.sheet import Guess, SheetRow
from backend.words import Message

DELIMITERS = ",;\t|"
# What the choice of a delimiter rests on.
LOOKED_AT = 500
# Each unclosed quote is read up to the longest cell before it is known: more of them is no table.
MOST_UNCLOSED = 200
# The share of rows that are as wide as the header under the right delimiter, and under a wrong one.
FITTING, UNFITTING = 0.8, 0.5
_SAID = re.compile(r'^"?sep=(.)"?[,;\t|]*\s*$', re.IGNORECASE)


def rows_of(text: str, wished: str | None) -> tuple[list[SheetRow], Guess]:
    """The rows that are not empty, and by what their cells are divided. Raises `SheetError`."""
    csv.field_size_limit(LONGEST_CELL + 1)
    lines = list(io.StringIO(text, newline=""))
    said = _SAID.match(lines[0]) if lines else None
    first = 1 if said else 0
    guess = _delimiter(lines[first:], said[1] if said else None)
    if wished is not None:
        if wished not in guess.options:
            raise SheetError(Message("Cells cannot be divided by “{wished}” in this file.", wished=wished))
        guess = Guess(wished, guess.options, guess.samples, sure=True)
    return _rows(lines, first, guess.value), guess


def _delimiter(lines: list[str], said: str | None) -> Guess:
    options = list(DELIMITERS) if said is None or said in DELIMITERS else [said, *DELIMITERS]
    rows = {option: _tried(lines[:LOOKED_AT], option) for option in options}
    samples = [
        f"{option!r}: {' ¦ '.join(row.cells[:6])}"
        for option in options
        for row in rows[option][:2]
        if len(row.cells) > 1
    ]
    if said is not None:
        return Guess(said, options, samples, sure=True)
    # Of a header that has it, how many rows are as wide.
    widths = {option: [len(row.cells) for row in found] for option, found in rows.items()}
    shares = {
        option: found.count(found[0]) / len(found)
        for option, found in widths.items()
        if found and found[0] > 1
    }
    if not shares:
        return Guess(",", options, samples, sure=True)
    best = max(shares, key=lambda option: (shares[option] >= FITTING, widths[option][0], shares[option]))
    rivals = [option for option in shares if option != best and shares[option] >= UNFITTING]
    return Guess(best, options, samples, sure=not rivals)


def _tried(lines: list[str], delimiter: str) -> list[SheetRow]:
    """The rows under a delimiter that may be the wrong one: none where they cannot be read."""
    try:
        return _rows(lines, 0, delimiter)
    except SheetError:
        return []


def _rows(lines: list[str], first: int, delimiter: str) -> list[SheetRow]:
    rows: list[SheetRow] = []
    at, unclosed = first, 0
    while at < len(lines):
        reader = csv.reader(islice(lines, at, None), delimiter=delimiter, strict=True)
        start = beginning = at
        try:
            for cells in reader:
                end = beginning + reader.line_num
                if end - start > 1 and _swallowed(lines[start:end], delimiter, _width(rows)):
                    break
                _keep(rows, start, cells)
                start = end
            else:
                return rows
        except csv.Error:
            if len(lines[start]) > LONGEST_CELL:
                raise SheetError(
                    Message(
                        "A cell of line {line} is longer than {longest} characters.",
                        line=start + 1,
                        longest=LONGEST_CELL,
                    )
                ) from None
        unclosed += 1
        if unclosed > MOST_UNCLOSED:
            raise SheetError(
                Message(
                    "Quotes are not closed in {unclosed} lines, the last of them line {line}.",
                    unclosed=unclosed,
                    line=start + 1,
                )
            )
        rows.append(SheetRow(start + 1, lines[start].rstrip("\r\n").split(delimiter), "quote"))
        at = start + 1
    return rows


def _keep(rows: list[SheetRow], start: int, cells: list[str]) -> None:
    stripped = [cell.strip() for cell in cells]
    if any(stripped):
        rows.append(
            SheetRow(
                start + 1, stripped, "characters" if any("\ufffd" in cell for cell in stripped) else None
            )
        )


def _width(rows: list[SheetRow]) -> int:
    return Counter(len(row.cells) for row in rows[:LOOKED_AT]).most_common(1)[0][0] if rows else 0


def _swallowed(lines: list[str], delimiter: str, width: int) -> bool:
    """Whether a cell of several lines holds whole rows: the quote was opened by mistake, and the next one closed it."""
    return width > 1 and any(line.count(delimiter) == width - 1 for line in lines[1:-1])
