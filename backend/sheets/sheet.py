"""What a file holds, as the child process that reads it tells."""

from typing import Literal

import msgspec

# `cells`: the file's bytes are no text there. `quote`: a quote is opened and not closed.
RowProblem = Literal["characters", "quote"]


class SheetRow(msgspec.Struct, array_like=True):
    """A row that is not empty. `line` counts as people do who look into the file: from 1, lines of a text file, rows of a workbook.

    `rounded` are the columns whose number has more digits than the file could keep.
    """

    line: int
    cells: list[str]
    problem: RowProblem | None = None
    rounded: list[int] = []


class Guess(msgspec.Struct):
    """What the file was read as, what else it may be, and cells that look different then; `sure` where the file itself says it."""

    value: str
    options: list[str]
    samples: list[str]
    sure: bool


class Sheet(msgspec.Struct):
    """The rows of one sheet; encoding and delimiter only of text files, `sheet` only of workbooks that have several with cells."""

    rows: list[SheetRow]
    sheet: Guess | None = None
    encoding: Guess | None = None
    delimiter: Guess | None = None

    @property
    def table(self) -> list[list[str]]:
        """The cells alone."""
        return [row.cells for row in self.rows]


class Wishes(msgspec.Struct):
    """What somebody said the file is; what is None is found out."""

    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
