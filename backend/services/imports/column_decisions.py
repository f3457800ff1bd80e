"""What a sheet is taken for, column by column as a whole; what its cells leave open is asked. See docs/decisions/0032."""

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from backend.schemas.imports import QuestionKind
from backend.services.imports.cell_values import COMMA, DAY_FIRST, MONTH_FIRST, POINT
from backend.services.imports.cells import IDENTIFIERS, INSTANTS, KEEP, PAD
from backend.services.imports.columns import Column
from backend.services.imports.sheet_table import Table
from backend.sheets import Guess, Sheet

SAMPLES = 5
IGNORE = "ignore"
_DAY = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2\d{4}(?!\d)")
_NUMBER = re.compile(r"[+-]?(\d+)([.,])(\d+)%?")


class ColumnDecision(msgspec.Struct):
    """One thing decided about the sheet: what it is taken for, or None where somebody has to say. `samples` are cells of it."""

    id: str
    kind: QuestionKind
    options: list[str]
    samples: list[str]
    value: str | None
    column: str | None = None

    @property
    def open(self) -> bool:
        """Whether somebody has to answer before the sheet is applied."""
        return self.value is None


def decide_columns(  # noqa: PLR0913 - all that a decision rests on
    sheet: Sheet,
    table: Table,
    columns: Sequence[Column],
    *,
    kinds: Mapping[str, str],
    answers: Mapping[str, str],
    stored: Mapping[str, int],
) -> list[ColumnDecision]:
    """Everything that was decided or is open.

    `kinds` are types of fields by key; `stored` are, by what a column means, the digits of stored identifiers that differ from
    those of the sheet by leading zeros alone.
    """
    found = [*_of_file(sheet)]
    for at, column in enumerate(columns):
        cells = [row.cells[at] for row in table.rows if row.problem is None and row.cells[at]]
        kind = kinds.get((column.meaning or "").removeprefix("fields."))
        if column.meaning in INSTANTS or (_is_field(column) and kind == "date"):
            found += _of_days(column, cells)
        elif column.meaning == "score" or (_is_field(column) and kind == "number"):
            found += _of_numbers(column, cells, text_file=sheet.delimiter is not None)
        elif column.meaning in IDENTIFIERS:
            found += _of_zeros(column, cells, stored.get(column.meaning))
    found += _of_unused(table, columns)
    for one in found:
        if answers.get(one.id) in one.options:
            one.value = answers[one.id]
    return found


def of_file(sheet: Sheet, answers: Mapping[str, str]) -> list[ColumnDecision]:
    """Encoding and delimiter alone, where under what they were guessed to be no header is known."""
    found = list(_of_file(sheet))
    for one in found:
        if answers.get(one.id) in one.options:
            one.value = answers[one.id]
    return found


def _is_field(column: Column) -> bool:
    return (column.meaning or "").startswith("fields.")


def _of_file(sheet: Sheet) -> Iterator[ColumnDecision]:
    guesses: tuple[tuple[QuestionKind, Guess | None], ...] = (
        ("sheet", sheet.sheet),
        ("encoding", sheet.encoding),
        ("delimiter", sheet.delimiter),
    )
    for kind, guess in guesses:
        if guess is not None:
            value = guess.value if guess.sure else None
            yield ColumnDecision(kind, kind, guess.options, guess.samples, value)


def _of_days(column: Column, cells: Sequence[str]) -> Iterator[ColumnDecision]:
    days = [(found, cell) for cell in cells if (found := _DAY.match(cell))]
    if not days:
        return
    orders: set[str] = set()
    for found, _ in days:
        if found[2] == "." or int(found[1]) > 12:
            # Whoever writes points writes the day first.
            orders.add(DAY_FIRST)
        elif int(found[3]) > 12:
            orders.add(MONTH_FIRST)
    value = orders.pop() if len(orders) == 1 else None
    samples = list(dict.fromkeys(cell for _, cell in days))[:SAMPLES]
    id_ = f"date_order:{column.meaning}"
    yield ColumnDecision(id_, "date_order", [DAY_FIRST, MONTH_FIRST], samples, value, column.header)


def _of_numbers(column: Column, cells: Sequence[str], *, text_file: bool) -> Iterator[ColumnDecision]:
    marks: set[str] = set()
    unclear: list[str] = []
    for cell in cells:
        mark = _decimal_mark(cell)
        if mark is not None:
            marks.add(mark)
        elif any(character in cell for character in ".,"):
            unclear.append(cell)
    if not marks and not unclear:
        return
    value = marks.pop() if len(marks) == 1 else None
    if not text_file and value is None and not any("," in cell for cell in unclear):
        # Numbers of a workbook are numbers; only texts among them may be meant otherwise.
        value = POINT
    samples = list(dict.fromkeys([*unclear, *cells]))[:SAMPLES]
    yield ColumnDecision(
        f"decimal_mark:{column.meaning}", "decimal_mark", [COMMA, POINT], samples, value, column.header
    )


def _decimal_mark(cell: str) -> str | None:
    """Which mark a number must have before its decimals; None where it could be either, or there is none."""
    comma, point = cell.rfind(","), cell.rfind(".")
    if comma >= 0 and point >= 0:
        return COMMA if comma > point else POINT
    mark, other = (COMMA, POINT) if comma >= 0 else (POINT, COMMA)
    if cell.count("," if comma >= 0 else ".") > 1:
        return other
    found = _NUMBER.fullmatch(cell.replace(" ", "").replace("\xa0", "").replace("\u202f", ""))
    if found is None:
        return None
    # Thousands come in threes, after one to three digits that do not begin with 0.
    thousands = len(found[3]) == 3 and len(found[1]) <= 3 and not found[1].startswith("0")
    return None if thousands else mark


def _of_zeros(column: Column, cells: Sequence[str], stored: int | None) -> Iterator[ColumnDecision]:
    digits = [cell for cell in cells if cell.isascii() and cell.isdigit()]
    widths = {len(cell) for cell in digits if cell.startswith("0")}
    width = widths.pop() if len(widths) == 1 else stored if not widths else None
    if width is None:
        return
    short = [cell for cell in digits if not cell.startswith("0") and len(cell) < width]
    if short:
        samples = [f"{cell} → {cell.zfill(width)}" for cell in dict.fromkeys(short)][:SAMPLES]
        yield ColumnDecision(
            f"zeros:{column.meaning}", "zeros", [KEEP, f"{PAD}:{width}"], samples, None, column.header
        )


def _of_unused(table: Table, columns: Sequence[Column]) -> Iterator[ColumnDecision]:
    unused: list[str] = []
    for at, column in enumerate(columns):
        cell = next((row.cells[at] for row in table.rows if row.problem is None and row.cells[at]), None)
        if column.meaning is None and cell is not None:
            unused.append(f"{column.header or f'column {at + 1}'}: {cell}")
    if unused:
        yield ColumnDecision("unused_columns", "unused_columns", [IGNORE], unused, None)
