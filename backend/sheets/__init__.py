"""Sheets in and out: xlsx and CSV as rows of text, within limits that no file can talk its way around."""

from backend.sheets.limits import SheetError
from backend.sheets.reading import read_sheet
from backend.sheets.writing import Cell, csv_cell, write_xlsx, xlsx_bytes

__all__ = ["Cell", "SheetError", "csv_cell", "read_sheet", "write_xlsx", "xlsx_bytes"]
