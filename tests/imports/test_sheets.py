"""Reading what people send, however it was saved, and refusing what is meant to hurt."""

import io
import random
import re
import struct
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from backend.sheets import SheetError, csv_cell, read_sheet, write_xlsx
from backend.sheets.limits import MOST_COLUMNS
from backend.sheets.parsing import parse


def xlsx(rows: list[list[object]]) -> bytes:
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def repacked(content: bytes, change: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, change.pop(part.filename, old.read(part)))
        for name, data in change.items():
            new.writestr(name, data)
    return out.getvalue()


async def test_xlsx_cells_as_people_would_type_them() -> None:
    rows: list[list[object]] = [
        ["email", "level", "ratio", "hired", "seen", "remote", "note"],
        ["ana@x.org", 3, 2.5, date(2026, 2, 1), datetime(2026, 2, 1, 9, 30), True, "  Zoë 日本  "],  # noqa: DTZ001 - sheets know no zones
        [None, None, None, None, None, False, ""],
    ]
    assert (await read_sheet(xlsx(rows))).table == [
        ["email", "level", "ratio", "hired", "seen", "remote", "note"],
        ["ana@x.org", "3", "2.5", "2026-02-01", "2026-02-01 09:30:00", "true", "Zoë 日本"],
        ["", "", "", "", "", "false", ""],
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
async def test_csv_however_it_was_saved(encoding: str, delimiter: str) -> None:
    text = f'email{delimiter}name{delimiter}note\r\na@x{delimiter}Zoë{delimiter}"two\nlines{delimiter} ""quoted"""\r\n\r\n'
    assert parse(text.encode(encoding)).table == [
        ["email", "name", "note"],
        ["a@x", "Zoë", f'two\nlines{delimiter} "quoted"'],
    ]


async def test_empty_files_have_no_rows() -> None:
    assert (await read_sheet(b"")).rows == []
    assert (await read_sheet(xlsx([]))).rows == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a,b\n\0\0", "neither"),
        (b"\xd0\xcf\x11\xe0" + b"0" * 100, "old or an encrypted"),
        (b"PK\x03\x04 and nothing more", "damaged"),
        (b"PK\x03\x04" + struct.pack("<I", 7) * 400, "damaged"),
        (b",".join([b"x"] * (MOST_COLUMNS + 1)), "larger than"),
        (b"a\n" + b"x" * 40_000, "cannot be read|longer than"),
        (b'a\n"' + b"x" * 40_000, "cannot be read|longer than"),
    ],
)
async def test_what_is_no_sheet_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(SheetError, match=says):
        await read_sheet(content)


@pytest.mark.parametrize(
    ("part", "content", "french"),
    [
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row", "Le fichier est abîmé"),
        ("xl/workbook.xml", b"<a/>", "La feuille ne peut pas être lue. .* « Cannot detect file format »"),
    ],
)
async def test_what_the_library_meets_is_said_in_the_readers_language(
    part: str, content: bytes, french: str
) -> None:
    with pytest.raises(SheetError) as met:
        await read_sheet(repacked(xlsx([["a"]]), {part: content}))
    assert re.match(
        french.replace("« ", "«\N{NO-BREAK SPACE}").replace(" »", "\N{NO-BREAK SPACE}»"),
        met.value.detail.render("fr"),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
async def test_a_document_type_is_refused(encoding: str) -> None:
    evil = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]><sst/>'.encode(encoding)
    with pytest.raises(SheetError, match="document type"):
        await read_sheet(
            repacked(
                xlsx([["a"]]),
                {"xl/sharedStrings.xml": random.Random(1).randbytes(512 * 1024).hex().encode()[:-5] + evil},
            )
        )


async def test_a_bomb_does_not_go_off() -> None:
    with pytest.raises(SheetError, match="expands"):
        await read_sheet(repacked(xlsx([["a"]]), {"xl/worksheets/sheet1.xml": b" " * 236_000_000}))


async def test_a_sheet_that_claims_to_be_endless_only_kills_its_reader() -> None:
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        b"</sheetData></worksheet>"
    )
    with pytest.raises(SheetError):
        await read_sheet(repacked(xlsx([["a"]]), {"xl/worksheets/sheet1.xml": sheet}))


def test_text_never_becomes_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    evil = ["=1+1", "+1", "-1", "@x", "\t=1", "{=1}", "http://x", "007"]
    write_xlsx(path, ["what", "n"], ([text, 1.5] for text in evil))
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet
    assert [row[0] for row in CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[1:]] == evil
    assert [csv_cell(text)[0] for text in evil[:5]] == ["'"] * 5
    assert csv_cell("Ana") == "Ana"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_noise_is_read_or_refused(content: bytes) -> None:
    for start in (b"", b"PK\x03\x04", b"\xff\xfe"):
        try:
            rows = parse(start + content).table
        except SheetError:
            continue
        assert all(isinstance(cell, str) for row in rows for cell in row)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
            .map(str.strip)
            .filter(bool),
            min_size=3,
            max_size=3,
        ),
        min_size=1,
        max_size=10,
    )
)
def test_what_is_written_is_read_back(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "round.xlsx"
    write_xlsx(path, ["a", "b", "c"], rows)
    assert parse(path.read_bytes()).table == [["a", "b", "c"], *rows]
