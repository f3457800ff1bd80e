"""From the bytes of a file to rows of text. Runs in the child process; see `reading`."""

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetVisibleEnum,
    WorksheetNotFound,
    XmlError,
    ZipError,
)

from backend.sheets.delimited import rows_of
from backend.sheets.encodings import decoded
from backend.sheets.limits import (
    LARGEST_RATIO,
    LONGEST_CELL,
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_EXPANDED,
    MOST_PARTS,
    MOST_ROWS,
    SheetError,
)
from backend.sheets.number_formats import zeros_of
from backend.sheets.sheet import Guess, Sheet, SheetRow, Wishes
from backend.words import Message

ZIP_START, OLD_EXCEL_START = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
CHUNK = 1024**2
# Workbooks keep numbers as doubles: from here on the last digits are not those that were typed.
EXACT_BELOW = 2.0**53
LARGEST_INTEGER = 1e21
SHEETS_SHOWN = 20
# A document type is the way to entities that expand without end; no spreadsheet program writes one.
DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))

_ENCRYPTED = Message("The file is encrypted. Save it without a password.")
_DAMAGED = Message("The file is damaged or not a sheet.")


def parse(content: bytes, wishes: Wishes | None = None) -> Sheet:
    """One sheet of a workbook, or a text file, without empty rows; raises `SheetError`."""
    if content.startswith(ZIP_START):
        _check_parts(content)
        sheet = _workbook(content, wishes or Wishes())
    elif content.startswith(OLD_EXCEL_START):
        raise SheetError(
            Message("This is an old or an encrypted Excel file. Save it as .xlsx without a password.")
        )
    else:
        sheet = _text_sheet(content, wishes or Wishes())
    _check_limits(sheet.rows)
    return sheet


def _check_parts(content: bytes) -> None:
    """Unpack everything once, holding nothing, before a parser that trusts its input sees it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS:
                raise SheetError(Message("The file has too many parts to be a sheet."))
            expanded = 0
            for part in parts:
                if part.flag_bits & 1:
                    raise SheetError(_ENCRYPTED)
                of_part = 0
                last = b""
                with archive.open(part) as opened:
                    while chunk := opened.read(CHUNK):
                        of_part += len(chunk)
                        expanded += len(chunk)
                        if expanded > MOST_EXPANDED or (
                            of_part > CHUNK and of_part > LARGEST_RATIO * max(part.compress_size, 1)
                        ):
                            raise SheetError(Message("The file expands to more than a sheet can hold."))
                        if any(doctype in last + chunk for doctype in DOCTYPES):
                            raise SheetError(
                                Message("The file contains a document type, which no sheet needs.")
                            )
                        last = chunk[-32:]
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise SheetError(_DAMAGED) from error


def _workbook(content: bytes, wishes: Wishes) -> Sheet:
    """The sheet that was asked for, else the first that has cells; hidden ones only where there are no others."""
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        shown = [one.name for one in workbook.sheets_metadata if one.visible == SheetVisibleEnum.Visible]
        names = [
            name
            for name in shown or workbook.sheet_names
            if workbook.get_sheet_by_name(name).start is not None
        ]
        if not names:
            return Sheet([])
        if wishes.sheet is not None and wishes.sheet not in names:
            raise SheetError(Message("The workbook has no sheet “{sheet}” with cells.", sheet=wishes.sheet))
        name = wishes.sheet or names[0]
        rows = list(_xlsx_rows(content, workbook, name))
        if len(names) == 1:
            return Sheet(rows)
        samples = [f"{other}: {_beginning(workbook, other)}" for other in names[:SHEETS_SHOWN]]
        return Sheet(rows, sheet=Guess(name, names, samples, sure=wishes.sheet is not None))
    except (CalamineError, IndexError, ValueError) as error:
        raise SheetError(_misread(error)) from error


def _misread(error: Exception) -> Message:
    """What the library that reads workbooks has met; its own words are English, and quoted where nothing better is known."""
    match error:
        case PasswordError():
            return _ENCRYPTED
        case ZipError() | XmlError():
            return _DAMAGED
        case WorksheetNotFound():
            return Message("The workbook names a sheet that it does not hold.")
        case _:
            return Message(
                "The sheet cannot be read. The program that reads workbooks says: “{error}”", error=error
            )


def _beginning(workbook: CalamineWorkbook, name: str) -> str:
    row = next(iter(workbook.get_sheet_by_name(name).to_python(skip_empty_area=True, nrows=1)), [])
    return " ¦ ".join(_text(cell) for cell in row[:6])


def _xlsx_rows(content: bytes, workbook: CalamineWorkbook, name: str) -> Iterator[SheetRow]:
    sheet = workbook.get_sheet_by_name(name)
    if sheet.total_height > MOST_ROWS or sheet.total_width > MOST_COLUMNS:
        raise SheetError(_too_large())
    padding = zeros_of(content, name)
    top, left = sheet.start or (0, 0)
    for number, row in enumerate(sheet.to_python(skip_empty_area=True), top):
        cells = [_text(cell, padding.get((number, left + at))) for at, cell in enumerate(row)]
        if any(cells):
            rounded = [
                at for at, cell in enumerate(row) if isinstance(cell, float) and abs(cell) >= EXACT_BELOW
            ]
            yield SheetRow(number + 1, cells, None, rounded)


def _text(cell: object, digits: int | None = None) -> str:  # noqa: PLR0911 - one answer a kind of cell
    """A cell as people write it in a CSV: whole numbers without a point, days and instants in ISO 8601.

    `digits` are those that the cell's format shows at least.
    """
    match cell:
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < LARGEST_INTEGER:
            return f"{int(cell):0{digits}d}" if digits and cell >= 0 else str(int(cell))
        case float():
            return repr(cell)
        case datetime():
            return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
        case _:
            return str(cell).strip()


def _text_sheet(content: bytes, wishes: Wishes) -> Sheet:
    text, encoding = decoded(content, wishes.encoding)
    if "\0" in text:
        raise SheetError(Message("This is neither an .xlsx nor a CSV file."))
    rows, delimiter = rows_of(text, wishes.delimiter)
    return Sheet(rows, None, encoding, delimiter)


def _check_limits(rows: list[SheetRow]) -> None:
    cells = sum(len(row.cells) for row in rows)
    if len(rows) > MOST_ROWS or cells > MOST_CELLS or any(len(row.cells) > MOST_COLUMNS for row in rows):
        raise SheetError(_too_large())
    for row in rows:
        if any(len(cell) > LONGEST_CELL for cell in row.cells):
            raise SheetError(
                Message(
                    "A cell of row {line} is longer than {longest} characters.",
                    line=row.line,
                    longest=LONGEST_CELL,
                )
            )


def _too_large() -> Message:
    return Message(
        "The sheet is larger than {rows:,} rows, {columns} columns or {cells:,} cells.",
        rows=MOST_ROWS,
        columns=MOST_COLUMNS,
        cells=MOST_CELLS,
    )
