"""What a file is taken for, as pure functions: any table that some program writes is read as it was, or asked about."""

import csv
import io
import itertools
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook

from backend.schemas.base import BadRow
from backend.schemas.imports import SheetLearner
from backend.services.imports.applying import WIRE
from backend.services.imports.cell_values import DAY_FIRST, MONTH_FIRST, day, number
from backend.services.imports.cells import Reading, read_row
from backend.services.imports.column_decisions import decide_columns
from backend.services.imports.columns import KINDS, Column, detect
from backend.services.imports.manager_columns import judge, managers_first
from backend.services.imports.sheet_table import Table, TableRow, table_of
from backend.sheets import Sheet, SheetError, csv_cell, typed_cell
from backend.sheets.parsing import parse
from backend.sheets.sheet import Wishes
from backend.words import translate

WORDS = st.text(st.sampled_from("abcdefgh ÄÖÜäöüßéèñçåø'’.-+@=0123456789"), min_size=1, max_size=12).map(  # noqa: RUF001 - letters that are easily taken for others are the point
    lambda text: text.strip() or "x"
)
CELLS = st.one_of(WORDS, st.sampled_from(['say "hi"', "two\nlines", "a,b", "a;b", "a\tb", "", "0004711"]))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(WORDS, CELLS, CELLS), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_a_table_is_read_as_it_was_written(
    rows: list[tuple[str, str, str]], delimiter: str, encoding: str, line_end: str
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end)
    writer.writerows([("Mail", "Name", "Note"), *rows])
    content = out.getvalue().encode(encoding)
    sheet = parse(content, Wishes(delimiter=delimiter))
    assert [row.problem for row in sheet.rows] == [None] * len(sheet.rows)
    assert sheet.table[1:] == [[cell.strip() for cell in row] for row in rows]


@given(st.text(max_size=12))
def test_no_apostrophe_is_added_or_lost(text: str) -> None:
    assert typed_cell(csv_cell(text)) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Dvořák Čapek Škoda", "cp1250"),
        ("Łódź Żak", "cp1250"),
        ("Müller", "cp850"),
        ("Müller", "mac_roman"),
        ("Köln", "mac_roman"),
        ("Иванов", "cp1251"),
        ("Παπαδόπουλος", "cp1253"),
        ("Öztürk Şahin İpek ğ", "cp1254"),
        ("佐藤", "shift_jis"),
    ],
)
def test_an_encoding_that_is_not_evident_is_asked(text: str, encoding: str) -> None:
    content = f"email,name\na@x.org,{text}\n".encode(encoding)
    guess = parse(content).encoding
    assert guess is not None
    assert not guess.sure
    assert any(text in sample for sample in guess.samples), "it is offered, with the cells as they would be"
    assert parse(content, Wishes(encoding=encoding)).table[1][1] == text


@pytest.mark.parametrize(
    "text", ["Jürgen Groß", "Hélène Lefèvre", "Zoë Núñez", "Søren Ågård", "João Conceição", "Nicolò"]
)
def test_western_names_are_not_asked_about(text: str) -> None:
    guess = parse(f"email,name\na@x.org,{text}\n".encode("cp1252")).encoding
    assert guess is not None
    assert (guess.value, guess.sure) == ("cp1252", True)


@settings(max_examples=60, deadline=None)
@given(
    st.text(
        st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_characters='"'), min_size=1, max_size=30
    ),
    st.data(),
)
def test_one_bad_byte_never_changes_how_others_are_read(text: str, data: st.DataObject) -> None:
    good = f"email;name\nb@x.org;Jürgen Größe Zoë\na@x.org;{' '.join(text.split()) or 'x'}\n".encode()
    broken = good + b"c@x.org;J\xfcrgen\n"
    sheet = parse(broken, Wishes(delimiter=";"))
    assert sheet.encoding is not None
    assert sheet.encoding.value == "utf-8"
    assert sheet.table[1][1] == "Jürgen Größe Zoë"
    assert sheet.rows[-1].problem == "characters"


def test_two_delimiters_that_fit_are_asked() -> None:
    guess = parse(b"a;b,c\n1;2,3\n4;5,6\n").delimiter
    assert guess is not None
    assert not guess.sure
    lists = parse(b"email,groups\na@x.org,g1;g2\nb@x.org,g1;g3\n").delimiter
    assert lists is not None
    assert (lists.value, lists.sure) == (",", True)


def decided(cells: list[str], meaning: str, kind: str) -> dict[str, str | None]:
    table = Table(["x"], [TableRow(at, [cell]) for at, cell in enumerate(cells)])
    found = decide_columns(
        Sheet([], delimiter=parse(b"a,b\n").delimiter), table, [Column("x", meaning)],
        kinds={meaning.removeprefix("fields."): kind}, answers={}, stored={},
    )  # fmt: skip
    return {one.kind: one.value for one in found if one.kind != "delimiter"}


@given(
    st.lists(st.dates(date(1900, 1, 1), date(2200, 12, 31)), min_size=1, max_size=8),
    st.sampled_from(["/", "-"]),
)
def test_days_are_read_in_the_order_of_their_column_or_asked(days: list[date], mark: str) -> None:
    for order, form in ((DAY_FIRST, "%d{0}%m{0}%Y"), (MONTH_FIRST, "%m{0}%d{0}%Y")):
        cells = [one.strftime(form.format(mark)) if one.year >= 1000 else "" for one in days]
        value = decided(cells, "fields.hired", "date")["date_order"]
        if value is None:
            assert all(one.day <= 12 for one in days)
        else:
            assert value == order
            assert [day(cell, value) for cell in cells] == days


def test_days_that_contradict_each_other_are_asked() -> None:
    assert decided(["13/01/2026", "01/13/2026"], "fields.hired", "date") == {"date_order": None}
    assert decided(["01.02.2026"], "fields.hired", "date") == {"date_order": DAY_FIRST}
    assert decided(["2026-02-01", "2026/02/01"], "fields.hired", "date") == {}


@given(
    st.lists(st.floats(-1e9, 1e9).map(lambda n: round(n, 2)), min_size=1, max_size=6),
    st.sampled_from([(",", "."), (".", ","), (" ", ",")]),
)
def test_numbers_are_read_by_the_mark_of_their_column_or_asked(
    numbers: list[float], marks: tuple[str, str]
) -> None:
    thousands, decimals = marks
    cells = [f"{one:,.2f}".translate(str.maketrans(",.", thousands + decimals)) for one in numbers]
    value = decided(cells, "fields.pay", "number")["decimal_mark"]
    assert value == ("comma" if decimals == "," else "point")
    assert [number(cell, value) for cell in cells] == numbers


@pytest.mark.parametrize(
    "cell", ["1,2,3", "1.2.3", "12,34.5", "NaN", "Infinity", "1e999999", "--1", "١٢", "", "."]
)
def test_what_is_no_number_is_refused(cell: str) -> None:
    reading = Reading([Column("Pay", "fields.pay"), Column("Mail", "email")], {}, "UTC", {"pay": "number"})
    found = read_row(reading, [cell, "a@x.org"], SheetLearner)
    if cell:
        assert isinstance(found, BadRow), found
    else:
        assert not isinstance(found, BadRow)


def test_what_does_not_fit_is_said_in_the_readers_language() -> None:
    reading = Reading([Column("Mail", "email"), Column("Status", "status")], {}, "UTC", {})
    found = read_row(reading, ["a@x.org", "completed"], SheetLearner)
    assert isinstance(found, BadRow)
    assert translate(found.message, "fr") == "Valeur 'completed' hors du choix proposé"


def test_headers_of_other_systems() -> None:
    headers = ["Email Address [Required]", "custom_field: site", "profile_field_grade", "Block sign in (Yes/No) [accountEnabled] Required",
               "First name [givenName]", "Login", "Course", "Course"]  # fmt: skip
    columns, missing = detect("learners", headers, [("site", "Site"), ("grade", "Grade")])
    assert [column.meaning for column in columns] == [
        "email", "fields.site", "fields.grade", "gone.blocked", "first_name", "external_id", None, None,
    ]  # fmt: skip
    assert not missing


def test_rows_that_do_not_fit_are_called_by_their_line() -> None:
    table = table_of(
        "learners", parse(b'email,name\n\na@x.org,"two\nlines"\nb@x.org\nc@x.org,c,c\nd@x.org,d,,\n')
    )
    assert [(row.line, row.problem and row.problem.code) for row in table.rows] == [
        (3, None), (5, "cells"), (6, "cells"), (7, None),
    ]  # fmt: skip


def test_a_workbook_of_several_sheets_is_asked_about() -> None:
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        zeros = book.add_format({"num_format": "00000"})
        for name in ("Notes", "People", "Empty", "Old"):
            sheet = book.add_worksheet(name)
            if name == "Old":
                sheet.hide()
            if name != "Empty":
                sheet.write_row(2, 1, [f"{name} id", "email"])
                sheet.write_number(3, 1, 42, zeros)
    found = parse(out.getvalue())
    assert found.sheet is not None
    assert (found.sheet.options, found.sheet.sure) == (["Notes", "People"], False)
    people = parse(out.getvalue(), Wishes(sheet="People"))
    assert [(row.line, row.cells) for row in people.rows] == [(3, ["People id", "email"]), (4, ["00042", ""])]


def test_managers_come_before_their_people_whatever_the_order() -> None:
    chain = ["e", "d", "c", "b", "a"]
    for order in itertools.permutations(range(5)):
        rows = [
            SheetLearner(
                email=f"{chain[n]}@x.org",
                external_id=chain[n],
                manager_external_id=chain[n + 1] if n < 4 else None,
            )
            for n in order
        ]
        turns = managers_first(rows, {})
        assert [rows[at].external_id for at in turns] == ["a", "b", "c", "d", "e"]
        assert judge(dict(enumerate(rows)), {}, {}) == {}


@given(st.lists(st.integers(0, 7), min_size=1, max_size=8))
def test_what_is_left_of_managers_has_no_circle(managers: list[int]) -> None:
    rows = {
        at: SheetLearner(email=f"{at}@x.org", external_id=f"p{at}", manager_external_id=f"p{manager}")
        for at, manager in enumerate(managers)
    }
    notes = judge(rows, {}, {})
    above = {at: manager for at, manager in enumerate(managers) if at not in notes}
    for start in above:
        seen, one = set[int](), start
        while one in above:
            assert one not in seen
            seen.add(one)
            one = above[one]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.one_of(CELLS, st.text(max_size=8), st.sampled_from(
        ["email", "id", "status", "active", "leaving date", "hired", "pay", "manager", "groups", "1.234", "1,5", "03/04/2027", "0012", "12",
         "yes", "no", "9E+15", "31.12.9999", "version:v1.0", "deleted"])), min_size=1, max_size=5), min_size=1, max_size=6),
    st.sampled_from([",", ";"]),
)  # fmt: skip
def test_no_sheet_stops_its_reader(rows: list[list[str]], delimiter: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([["email", "id", "status", "hired", "pay"], *rows])
    try:
        sheet = parse(out.getvalue().encode("utf-8", "surrogatepass"))
    except SheetError:
        return
    kinds = {"hired": "date", "pay": "number"}
    for kind in KINDS:
        table = table_of(kind, sheet)
        columns, _ = detect(kind, table.header, [("hired", "Hired"), ("pay", "Pay")])
        found = decide_columns(sheet, table, columns, kinds=kinds, answers={}, stored={"external_id": 4})
        for options in itertools.product(*(one.options[:2] for one in found[:4])):
            reading = Reading(
                columns,
                {one.id: value for one, value in zip(found, options, strict=False)},
                "Europe/Berlin",
                kinds,
            )
            for row in table.rows:
                if row.problem is None:
                    read_row(reading, row.cells, WIRE[kind], row.rounded)
