"""Writing sheets row by row. What people typed stays text: it never becomes a formula on somebody else's machine."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from xlsxwriter import Workbook

# What spreadsheet programs take for the beginning of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
WIDEST = 60

Cell = str | int | float | bool | None


def write_xlsx(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """One sheet with a header that stays in sight; rows are written as they come, never held."""
    with Workbook(path, {"constant_memory": True, "strings_to_numbers": False}) as workbook:
        sheet = workbook.add_worksheet()
        bold = workbook.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for column, title in enumerate(header):
            sheet.set_column(column, column, min(max(len(title) + 2, 12), WIDEST))
        for column, title in enumerate(header):
            sheet.write_string(0, column, title, bold)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, bool):
                    sheet.write_boolean(number, column, cell)
                elif isinstance(cell, int | float):
                    sheet.write_number(number, column, cell)
                elif cell:
                    sheet.write_string(number, column, cell)


def xlsx_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The same as bytes."""
    with TemporaryDirectory(prefix="muster-sheet-") as folder:
        path = Path(folder) / "sheet.xlsx"
        write_xlsx(path, header, rows)
        return path.read_bytes()


def csv_cell(text: str) -> str:
    """`text` for a CSV: with an apostrophe before what would be a formula, or would be read as such a text; see `typed_cell`."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text


def typed_cell(text: str) -> str:
    """What was written as `text` by `csv_cell`: the apostrophe that spreadsheets put before text is none of it."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA_STARTS) else text
