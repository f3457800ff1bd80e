"""Sheets in and out: xlsx and CSV as rows of text, within limits that no file can talk its way around."""

from backend.sheets.limits import SheetError
from backend.sheets.reading import read_sheet
from backend.sheets.sheet import Guess, Sheet, SheetRow, Wishes
from backend.sheets.writing import Cell, csv_cell, typed_cell, write_xlsx, xlsx_bytes

__all__ = [
    "Cell",
    "Guess",
    "Sheet",
    "SheetError",
    "SheetRow",
    "Wishes",
    "csv_cell",
    "read_sheet",
    "typed_cell",
    "write_xlsx",
    "xlsx_bytes",
]
