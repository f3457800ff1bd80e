"""Zeros that a cell's format shows before its number, which the reader of workbooks does not tell."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import IO
from xml.etree import ElementTree as ET

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_ZEROS = re.compile(r'^(?:"[^"]*"|\\.)*(0{2,})(?:;.*)?$')
_CELL = re.compile(r"([A-Z]+)([0-9]+)")


def zeros_of(content: bytes, name: str) -> dict[tuple[int, int], int]:
    """How many digits cells of this sheet show, by row and column from 0, where their format pads them with zeros.

    The parts have been checked (no document type, not too large); what is not as expected pads nothing.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        try:
            styles = _padding_styles(archive.read("xl/styles.xml"))
            if not styles:
                return {}
            with archive.open(_part_of(archive, name)) as sheet:
                return dict(_padded(sheet, styles))
        except (KeyError, ET.ParseError):
            return {}


def _padding_styles(styles: bytes) -> dict[str, int]:
    """Digits by the index of the cell style."""
    root = ET.fromstring(styles)  # noqa: S314 - without a document type there are no entities
    digits = {
        one.get("numFmtId", ""): len(found[1])
        for one in root.iter(f"{_MAIN}numFmt")
        if (found := _ZEROS.match(one.get("formatCode", "")))
    }
    cells = root.find(f"{_MAIN}cellXfs")
    formats = [] if cells is None else [one.get("numFmtId", "") for one in cells.iter(f"{_MAIN}xf")]
    return {str(index): digits[known] for index, known in enumerate(formats) if known in digits}


def _part_of(archive: zipfile.ZipFile, name: str) -> str:
    workbook = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - see above
    relations = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - see above
    wanted = next(
        (one.get(_RELATION) for one in workbook.iter(f"{_MAIN}sheet") if one.get("name") == name), None
    )
    for one in relations.iter(f"{_PACKAGE}Relationship"):
        if one.get("Id") == wanted:
            target = one.get("Target", "")
            return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    raise KeyError(wanted)


def _padded(sheet: IO[bytes], styles: Mapping[str, int]) -> Iterator[tuple[tuple[int, int], int]]:
    for _, element in ET.iterparse(sheet):  # noqa: S314 - see above
        if element.tag == f"{_MAIN}c":
            digits = styles.get(element.get("s", ""))
            place = _CELL.fullmatch(element.get("r", ""))
            if digits is not None and place is not None:
                column = 0
                for letter in place[1]:
                    column = column * 26 + ord(letter) - 64
                yield (int(place[2]) - 1, column - 1), digits
        elif element.tag == f"{_MAIN}row":
            element.clear()
