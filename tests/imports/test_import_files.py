"""How files are saved: encodings, delimiters, workbooks, and texts that must come back as they were. All people in them are invented."""

import httpx
import pytest

from backend.services.imports import import_work
from backend.sheets.parsing import parse
from tests.imports.loading import FILES, counts, fields, load, people, prepare, problems


@pytest.mark.parametrize(
    ("name", "rows", "encoding", "delimiter"),
    [
        ("utf8_bom_semicolon_crlf.csv", 3, "utf-8", ";"),
        ("utf16le_bom_tab.csv", 3, "utf-16-le", "\t"),
        ("cp1252_semicolon.csv", 2, "cp1252", ";"),
        ("sep_line_comma.csv", 1, "utf-8", ","),
        ("cr_only_mac.csv", 2, "utf-8", ","),
    ],
)
async def test_a_text_file_however_it_was_saved(
    admin: httpx.AsyncClient, name: str, rows: int, encoding: str, delimiter: str
) -> None:
    await fields(admin, name="text", site="text", note="text")
    found = await prepare(admin, "learners", (FILES / "encoding" / name).read_bytes())
    assert not found["questions"]
    assert {one["id"]: one["value"] for one in found["settings"]} == {
        "encoding": encoding,
        "delimiter": delimiter,
    }
    assert counts(await load(admin, "learners", f"encoding/{name}")) == (rows, 0, 0, 0)
    first = next(one for one in (await people(admin)).values() if one["external_id"] == "0004711")
    if name == "sep_line_comma.csv":
        assert first["fields"]["name"] == "Groß, Jürgen"
    elif "note" in first["fields"]:
        assert (first["fields"]["name"], first["fields"]["site"]) == ("Jürgen Groß", "Köln")
        assert first["fields"]["note"] == "Night shift\nuntil 06:00"


async def test_names_that_are_formulas_come_back_as_they_were(admin: httpx.AsyncClient) -> None:
    await fields(admin, name="text", site="text")
    assert counts(await load(admin, "learners", "encoding/formula_injection.csv")) == (2, 0, 0, 0)
    found = await people(admin)
    assert found["mal"]["fields"] == {
        "name": '=HYPERLINK("https://example.org/x","click")',
        "site": "+49 Bremen",
    }
    assert found["neg"]["fields"] == {"name": "-5 Celsius", "site": "@home"}


async def test_a_workbook_with_zeros_dates_and_long_numbers(admin: httpx.AsyncClient) -> None:
    await fields(admin, name="text", hire_date="date")
    name = "xlsx/people_1900_dates_leading_zeros.xlsx"
    asked = await prepare(admin, "learners", (FILES / name).read_bytes())
    (question,) = asked["questions"]
    assert (question["id"], question["samples"]) == ("zeros:external_id", ["4713 → 0004713"])
    refused = await admin.post(f"/imports/{asked['id']}/apply")
    assert (refused.status_code, refused.json()["questions"]) == (409, asked["questions"])
    found = await load(admin, "learners", name, {"zeros:external_id": "pad:7"})
    assert counts(found) == (3, 0, 0, 1)
    assert await problems(admin, found) == [(5, "type")]
    there = await people(admin)
    assert {one["external_id"]: one["fields"]["hire_date"] for one in there.values()} == {
        "0004711": "2026-03-01",
        "0004712": "2024-02-29",
        "0004713": "2026-03-01",
    }
    assert there["bruna.okafor"]["status"] == "deactivated"
    old = await load(admin, "learners", "xlsx/people_1904_dates.xlsx")
    assert counts(old) == (0, 0, 1, 0), "the day is the same in a workbook that counts from 1904"


async def test_what_damaged_a_line_costs_that_line(admin: httpx.AsyncClient) -> None:
    sheet = (
        "email,first name,last name\na@x.org,Jürgen,Groß\nb@x.org,Zoë,Núñez\n".encode()
        + b"c@x.org,J\xfcrgen,Bad\n"
        + b'd@x.org,"Open,Quote\ne@x.org,After,All\nf@x.org,Cut\ng@x.org,Too,Many,Cells\nh@x.org,Fine,,,\n'
    )
    found = await load(admin, "learners", sheet)
    assert await problems(admin, found) == [(4, "characters"), (5, "quote"), (7, "cells"), (8, "cells")]
    refused = parse((await admin.get(f"/imports/{found['id']}/rejects.xlsx")).content).table
    assert refused[-1][:3] == ["g@x.org", "Too", "Many"]
    assert refused[-1][4:] == ["8", "Cells"], "what was beyond the headers stays there"
    there = await people(admin)
    assert {name: one["first_name"] for name, one in there.items()} == {
        "a": "Jürgen", "b": "Zoë", "e": "After", "h": "Fine",
    }  # fmt: skip


async def test_what_is_ambiguous_is_asked_and_can_be_changed(admin: httpx.AsyncClient) -> None:
    await fields(admin, hired="date", pay="number")
    sheet = b"email;hired;pay\nana@x.org;03/04/2027;1.234\n"
    asked = await prepare(admin, "learners", sheet)
    assert {one["id"]: (one["options"], one["samples"]) for one in asked["questions"]} == {
        "date_order:fields.hired": (["day_first", "month_first"], ["03/04/2027"]),
        "decimal_mark:fields.pay": (["comma", "point"], ["1.234"]),
    }
    path = f"/imports/{asked['id']}"
    wrong = await admin.post(f"{path}/answers", json={"decimal_mark:fields.pay": "dot", "colour": "red"})
    assert wrong.status_code == 422
    assert {one["path"] for one in wrong.json()["errors"]} == {"decimal_mark:fields.pay", "colour"}
    answers = {"date_order:fields.hired": "month_first", "decimal_mark:fields.pay": "comma"}
    for one in answers.items():
        assert (await admin.post(f"{path}/answers", json=dict([one]))).is_success
        await import_work.drain()
    assert (await admin.post(f"{path}/apply")).is_success
    await import_work.drain()
    assert (await people(admin))["ana"]["fields"] == {"hired": "2027-03-04", "pay": 1234}
    assert (await admin.post(f"{path}/answers", json=answers)).status_code == 409
    czech = "email;first name\nantonin@x.org;Antonín Dvořák\n".encode("cp1250")
    (question,) = (await prepare(admin, "learners", czech))["questions"]
    assert (question["id"], "cp1250: Antonín Dvořák" in question["samples"]) == ("encoding", True)
    await load(admin, "learners", czech, {"encoding": "cp1250"})
    assert (await people(admin))["antonin"]["first_name"] == "Antonín Dvořák"


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        (["1.234,5", "1.234"], [1234.5, 1234]),
        (["1,234.5", "1,234"], [1234.5, 1234]),
        (["3,5", "1.234"], [3.5, 1234]),
        (["1 234,5", "7"], [1234.5, 7]),
    ],
)
async def test_numbers_are_read_as_their_column_says(
    admin: httpx.AsyncClient, cells: list[str], value: list[float]
) -> None:
    await fields(admin, pay="number")
    rows = "".join(f"p{n}@x.org;{cell}\n" for n, cell in enumerate(cells))
    found = await load(admin, "learners", f"email;pay\n{rows}".encode())
    assert counts(found) == (2, 0, 0, 0)
    there = await people(admin)
    assert [there[f"p{n}"]["fields"]["pay"] for n in range(2)] == value


async def test_zeros_that_only_those_who_are_here_have(admin: httpx.AsyncClient) -> None:
    assert (await admin.post("/learners", json={"email": "old@x.org", "external_id": "0004713"})).is_success
    sheet = b"email,id\nnew@x.org,4713\n"
    (question,) = (await prepare(admin, "learners", sheet))["questions"]
    assert question["options"] == ["keep", "pad:7"]
    found = await load(admin, "learners", sheet, {"zeros:external_id": "pad:7"})
    assert (found["created"], found["updated"]) == (0, 1)


async def test_words_and_days_that_say_who_is_no_longer_there(admin: httpx.AsyncClient) -> None:
    names = ("a", "b", "c", "d", "e", "f", "g", "h")
    for name in names:
        assert (await admin.post("/learners", json={"email": f"{name}@x.org"})).is_success
    sheet = (
        b"email,status,suspended,leaving date,enabledUser\n"
        b"a@x.org,Inactive,0,,true\nb@x.org,active,1,,true\nc@x.org,active,0,31.12.2001,true\nd@x.org,,0,31.12.2199,\n"
        b"e@x.org,active,0,,false\nf@x.org,toBeDeleted,0,,true\ng@x.org,completed,0,,\nh@x.org,,maybe,,\n"
    )
    found = await load(admin, "learners", sheet)
    assert {name: one["status"] for name, one in (await people(admin)).items()} == {
        "a": "deactivated", "b": "suspended", "c": "deactivated", "d": "active", "e": "deactivated", "f": "deactivated",
        "g": "active", "h": "active",
    }  # fmt: skip
    assert (found["left"], await problems(admin, found)) == (5, [(8, "invalid"), (9, "type")])
