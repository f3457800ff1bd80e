"""From the bytes of a file to rows of text. Runs in the child process; see `reading`."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineWorkbook

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

ZIP_START, OLD_EXCEL_START = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
CHUNK = 1024**2
DELIMITERS = ",;\t|"
UTF16_STARTS = (b"\xff\xfe", b"\xfe\xff")
# A document type is the way to entities that expand without end; no spreadsheet program writes one.
DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))


def parse(content: bytes) -> list[list[str]]:
    """Rows of text, without empty rows at the end; raises `SheetError`."""
    if content.startswith(ZIP_START):
        _check_parts(content)
        rows = _xlsx_rows(content)
    elif content.startswith(OLD_EXCEL_START):
        raise SheetError("This is an old or an encrypted Excel file. Save it as .xlsx without a password.")
    else:
        rows = _csv_rows(content)
    return _within_limits(rows)


def _check_parts(content: bytes) -> None:
    """Unpack everything once, holding nothing, before a parser that trusts its input sees it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS:
                raise SheetError("The file has too many parts to be a sheet.")
            expanded = 0
            for part in parts:
                if part.flag_bits & 1:
                    raise SheetError("The file is encrypted. Save it without a password.")
                of_part = 0
                last = b""
                with archive.open(part) as opened:
                    while chunk := opened.read(CHUNK):
                        of_part += len(chunk)
                        expanded += len(chunk)
                        if expanded > MOST_EXPANDED or (
                            of_part > CHUNK and of_part > LARGEST_RATIO * max(part.compress_size, 1)
                        ):
                            raise SheetError("The file expands to more than a sheet can hold.")
                        if any(doctype in last + chunk for doctype in DOCTYPES):
                            raise SheetError("The file contains a document type, which no sheet needs.")
                        last = chunk[-32:]
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise SheetError("The file is damaged or not a sheet.") from error


def _xlsx_rows(content: bytes) -> Iterator[list[str]]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = workbook.get_sheet_by_index(0)
        if sheet.total_height > MOST_ROWS or sheet.total_width > MOST_COLUMNS:
            raise SheetError(_too_large())
        for row in sheet.iter_rows():
            yield [_text(cell) for cell in row]
    except (CalamineError, IndexError, ValueError) as error:
        raise SheetError(f"The sheet cannot be read: {error}") from error


def _text(cell: object) -> str:
    """A cell as people write it in a CSV: whole numbers without a point, days and instants in ISO 8601."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
        case datetime():
            return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
        case _:
            return str(cell).strip()


def _csv_rows(content: bytes) -> Iterator[list[str]]:
    text = decode(content)
    if "\0" in text:
        raise SheetError("This is neither an .xlsx nor a CSV file.")
    first = text.partition("\n")[0]
    csv.field_size_limit(LONGEST_CELL + 1)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(first)):
            yield [cell.strip() for cell in row]
    except csv.Error as error:
        raise SheetError(f"The CSV file cannot be read: {error}") from error


def decode(content: bytes) -> str:
    """The text of a CSV file: by its byte order mark, else UTF-8, else what Excel writes in western Europe."""
    encodings = ["utf-16"] if content.startswith(UTF16_STARTS) else ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetError("The characters of the file cannot be read. Save it as UTF-8.")


def delimiter_of(header: str) -> str:
    """The delimiter that stands most often outside quotes in the first line."""
    outside = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _within_limits(rows: Iterable[list[str]]) -> list[list[str]]:
    kept: list[list[str]] = []
    cells = 0
    for row in rows:
        cells += len(row)
        if len(kept) >= MOST_ROWS or len(row) > MOST_COLUMNS or cells > MOST_CELLS:
            raise SheetError(_too_large())
        if any(len(cell) > LONGEST_CELL for cell in row):
            raise SheetError(f"A cell of row {len(kept) + 1} is longer than {LONGEST_CELL} characters.")
        kept.append(row)
    while kept and not any(kept[-1]):
        kept.pop()
    return kept


def _too_large() -> str:
    return f"The sheet is larger than {MOST_ROWS:,} rows, {MOST_COLUMNS} columns or {MOST_CELLS:,} cells."
