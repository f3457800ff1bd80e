"""Files of other systems, as they come: what each of them means to Muster. All people in them are invented."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.services import import_work
from backend.sheets.parsing import parse

FILES = Path(__file__).parent.parent / "imports" / "files"
IGNORE = {"unused_columns": "ignore"}


async def prepare(
    admin: httpx.AsyncClient, kind: str, content: bytes, answers: dict[str, str] | None = None
) -> dict[str, Any]:
    """A file that was read, and its questions answered."""
    made = await admin.post("/imports", files={"file": ("sheet", content)}, data={"kind": kind})
    assert made.status_code == 202, made.text
    path = f"/imports/{made.json()['id']}"
    await import_work.drain()
    if answers:
        answered = await admin.post(f"{path}/answers", json=answers)
        assert answered.status_code == 200, answered.text
        await import_work.drain()
    found: dict[str, Any] = (await admin.get(path)).json()
    return found


async def load(
    admin: httpx.AsyncClient, kind: str, name: str | bytes, answers: dict[str, str] | None = None
) -> dict[str, Any]:
    """A file that was applied."""
    content = name if isinstance(name, bytes) else (FILES / name).read_bytes()
    ready = await prepare(admin, kind, content, answers)
    assert ready["state"] == "ready", ready
    applied = await admin.post(f"/imports/{ready['id']}/apply")
    assert applied.status_code == 200, (applied.text, ready["questions"])
    await import_work.drain()
    done: dict[str, Any] = (await admin.get(f"/imports/{ready['id']}")).json()
    assert done["state"] == "done"
    for count in ("created", "updated", "unchanged", "errors", "reactivated", "left"):
        assert done[count] == ready[count], f"{count}: what was foreseen was not done"
    return done


def counts(found: dict[str, Any]) -> tuple[int, int, int, int]:
    return found["created"], found["updated"], found["unchanged"], found["errors"]


async def problems(admin: httpx.AsyncClient, found: dict[str, Any]) -> list[tuple[int, str]]:
    rows = (await admin.get(f"/imports/{found['id']}/rows", params={"limit": 1000})).json()["items"]
    return [(row["row"], row["problem"]["code"]) for row in rows if row["problem"]]


async def people(admin: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """Everybody but the admin, by the part of their address before the @."""
    rows = (await admin.get("/learners", params={"limit": 1000})).json()["items"]
    return {row["email"].partition("@")[0].lower(): row for row in rows if row["email"] != "root@example.org"}


async def fields(admin: httpx.AsyncClient, **types: str) -> None:
    for key, kind in types.items():
        assert (await admin.post("/fields", json={"key": key, "name": key, "type": kind})).is_success


async def group(admin: httpx.AsyncClient, name: str) -> int:
    made = await admin.post("/groups", json={"name": name, "external_id": name})
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


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


async def test_one_person_in_several_spellings(admin: httpx.AsyncClient) -> None:
    await fields(admin, name="text")
    assert (await admin.post("/learners", json={"email": "alice.berg@example.org"})).is_success
    name = "encoding/case_and_unicode_duplicates.csv"
    found = await load(admin, "learners", name)
    assert counts(found) == (3, 1, 0, 2)
    assert await problems(admin, found) == [(3, "duplicate"), (5, "duplicate")]
    rows = (await admin.get(f"/imports/{found['id']}/rows", params={"outcome": "error"})).json()["items"]
    assert rows[0]["problem"]["message"] == "Line 2 is about the same learner."
    assert counts(await load(admin, "learners", name)) == (0, 0, 4, 2)


async def test_what_was_copied_with_an_address(admin: httpx.AsyncClient) -> None:
    await fields(admin, name="text")
    found = await load(admin, "learners", "encoding/invisible_characters_in_email.csv")
    assert counts(found) == (3, 0, 0, 1)
    assert await problems(admin, found) == [(4, "email")]
    assert set(await people(admin)) == {"avi.kessler", "bruna.okafor", "dario.ek"}


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


async def test_moodle(admin: httpx.AsyncClient) -> None:
    await fields(admin, site="text", department="text")
    small = await load(admin, "learners", "moodle_upload_users_minimal.csv")
    assert counts(small) == (2, 0, 0, 0)
    for one in (await people(admin)).values():
        assert (await admin.patch(f"/learners/{one['id']}", json={"external_id": None})).is_success
    content = (FILES / "moodle_upload_users_full.csv").read_bytes()
    (question,) = (await prepare(admin, "learners", content))["questions"]
    assert question["id"] == "unused_columns"
    assert "oldusername: chen.old" in question["samples"]
    found = await load(admin, "learners", content, IGNORE)
    assert counts(found) == (1, 2, 0, 2)
    # Without an address or a number nobody knows who is suspended or deleted: said, not skipped.
    assert await problems(admin, found) == [(6, "required"), (7, "required")]
    assert (await people(admin))["avi.kessler"]["external_id"] == "0004711"


async def test_canvas(admin: httpx.AsyncClient) -> None:
    found = await load(admin, "learners", "canvas/users.csv", IGNORE)
    assert counts(found) == (2, 0, 0, 1)
    assert await problems(admin, found) == [(4, "gone")]
    assert (
        await admin.post("/learners", json={"email": "chen.li@example.org", "external_id": "01105"})
    ).is_success
    again = await load(admin, "learners", "canvas/users.csv", IGNORE)
    assert (again["updated"], again["left"], again["errors"]) == (1, 1, 0)
    there = await people(admin)
    assert there["chen.li"]["status"] == "deactivated"
    bremen = await group(admin, "G-BREMEN")
    added = await admin.post(f"/groups/{bremen}/members", json={"external_ids": ["01105"]})
    assert added.is_success, added.text
    members = await load(admin, "memberships", "canvas/groups_membership.csv")
    assert counts(members) == (1, 1, 0, 0)
    left = (await admin.get(f"/groups/{bremen}/members")).json()["items"]
    assert [one["external_id"] for one in left] == ["01103"]
    course = (await admin.post("/activities", json={"kind": "course", "title": "Fire"})).json()
    body = {"activity_id": course["id"], "name": "A", "external_id": "F26-A"}
    session = (await admin.post("/sessions", json=body)).json()
    enrollments = await load(admin, "enrollments", "canvas/enrollments.csv", IGNORE)
    assert await problems(admin, enrollments) == [(3, "ended"), (4, "ended"), (5, "role")]
    enrolled = (await admin.get(f"/sessions/{session['id']}/enrollments")).json()["items"]
    assert [one["learner"]["external_id"] if "external_id" in one["learner"] else one["learner"]["email"] for one in enrolled] in (
        ["01103"], ["avi.kessler@example.org"],
    )  # fmt: skip


@pytest.mark.parametrize("name", ["users.csv", "users_japan_profile_bom.csv"])
async def test_oneroster(admin: httpx.AsyncClient, name: str) -> None:
    for external_id in ("u3", "u5"):
        body = {"email": f"{external_id}@example.org", "external_id": external_id}
        assert (await admin.post("/learners", json=body)).is_success
    found = await load(admin, "learners", f"oneroster11/{name}", IGNORE)
    assert (found["created"], found["left"], found["errors"]) == (3, 2, 0)
    there = await people(admin)
    assert there["ida.jansen"]["first_name"] == "Ida, Maria"
    assert there["u3"]["status"] == "deactivated", "known by their id, for the row has no address"
    assert there["lea.moreau"]["status"] == "deactivated"


async def test_oneroster_enrollments(admin: httpx.AsyncClient) -> None:
    for external_id in ("u1", "u2", "u3", "u5"):
        body = {"email": f"{external_id}@example.org", "external_id": external_id}
        assert (await admin.post("/learners", json=body)).is_success
    course = (await admin.post("/activities", json={"kind": "course", "title": "Fire"})).json()
    body = {"activity_id": course["id"], "name": "7a", "external_id": "k1"}
    assert (await admin.post("/sessions", json=body)).is_success
    found = await load(admin, "enrollments", "oneroster11/enrollments.csv", IGNORE)
    assert found["created"] == 2
    assert await problems(admin, found) == [(2, "role"), (5, "ended")]


async def test_talent_lms(admin: httpx.AsyncClient) -> None:
    await fields(admin, site="text")
    await group(admin, "Night shift")
    content = (FILES / "talentlms_import.csv").read_bytes()
    asked = await prepare(admin, "learners", content)
    assert {one["id"] for one in asked["questions"]} == {"date_order:gone.since", "unused_columns"}
    found = await load(admin, "learners", content, IGNORE | {"date_order:gone.since": "day_first"})
    assert counts(found) == (2, 0, 0, 0)
    there = await people(admin)
    assert (there["avi.kessler"]["status"], there["avi.kessler"]["fields"]) == ("active", {"site": "Bremen"})
    assert there["bruna.okafor"]["status"] == "deactivated"
    assert [one["name"] for one in there["avi.kessler"]["groups"]] == ["Night shift"]


async def test_google_workspace(admin: httpx.AsyncClient) -> None:
    await fields(admin, department="text", work_address="text")
    boss = {"email": "mona.ruiz@example.org"}
    mona = (await admin.post("/learners", json=boss)).json()
    found = await load(admin, "learners", "google_workspace_users.csv", IGNORE)
    assert counts(found) == (2, 0, 0, 0)
    there = await people(admin)
    avi, bruna = there["avi.kessler"], there["bruna.okafor"]
    assert (avi["external_id"], avi["manager_id"], avi["status"]) == ("0004711", mona["id"], "active")
    assert avi["fields"] == {"department": "Warehouse", "work_address": "Quay 1\n28195 Bremen"}
    assert bruna["status"] == "suspended"
    rows = (await admin.get(f"/imports/{found['id']}/rows")).json()["items"]
    assert [row["row"] for row in rows] == [2, 4]


async def test_microsoft_entra(admin: httpx.AsyncClient) -> None:
    await fields(admin, department="text", postalcode="text")
    found = await load(admin, "learners", "entra_bulk_create_users.csv", IGNORE)
    assert counts(found) == (2, 0, 0, 0)
    there = await people(admin)
    assert (there["avi.kessler"]["status"], there["bruna.okafor"]["status"]) == ("active", "suspended")
    assert there["avi.kessler"]["fields"] == {"department": "Warehouse", "postalcode": "01067"}
    assert (there["avi.kessler"]["first_name"], there["avi.kessler"]["last_name"]) == ("Avi", "Kessler")


async def test_success_factors(admin: httpx.AsyncClient) -> None:
    await fields(admin, hiredate="date", department="text")
    found = await load(admin, "learners", "successfactors_user_data_file.csv", IGNORE)
    assert counts(found) == (4, 0, 0, 0)
    assert await problems(admin, found) == [(6, "manager_unknown")]
    there = await people(admin)
    days = {name: one["fields"]["hiredate"] for name, one in there.items()}
    assert days == {
        "mona.ruiz": "2019-03-01", "avi.kessler": "2026-03-01", "bruna.okafor": "2024-11-30", "chen.li": "2024-02-29",
    }  # fmt: skip
    assert there["mona.ruiz"]["manager_id"] is None
    assert there["avi.kessler"]["manager_id"] == there["mona.ruiz"]["id"]
    assert there["bruna.okafor"]["status"] == "deactivated"


async def test_chamilo(admin: httpx.AsyncClient) -> None:
    night = await group(admin, "Night shift 2026")
    assert counts(await load(admin, "learners", "chamilo_user_import.csv", IGNORE)) == (2, 0, 0, 0)
    assert counts(await load(admin, "memberships", "chamilo_users_to_class.csv")) == (2, 0, 0, 0)
    members = (await admin.get(f"/groups/{night}/members")).json()["items"]
    assert {one["external_id"] for one in members} == {"avik", "bruna"}


async def test_open_edx(admin: httpx.AsyncClient) -> None:
    for number in (1, 2):
        await group(admin, f"Cohort {number}")
    for name, external_id in (("avi.kessler", "avik"), ("bruna.okafor", "bruna")):
        body = {"email": f"{name}@example.org", "external_id": external_id}
        assert (await admin.post("/learners", json=body)).is_success
    found = await load(admin, "memberships", "openedx_cohorts.csv")
    assert counts(found) == (2, 0, 0, 1)
    assert await problems(admin, found) == [(4, "unknown")]


async def test_managers_in_circles_cost_a_row_its_manager_alone(admin: httpx.AsyncClient) -> None:
    sheet = (
        b"email,id,first name,manager\navi@x.org,avi,Avi,bruna\nbruna@x.org,bruna,Bruna,chen\nchen@x.org,chen,Chen,avi\n"
        b"dario@x.org,dario,Dario,dario\neli@x.org,eli,Eli,NO_MANAGER\nfay@x.org,fay,Fay,nobody-known\ngil@x.org,gil,Gil,eli\n"
    )
    found = await load(admin, "learners", sheet)
    assert counts(found) == (7, 0, 0, 0)
    assert await problems(admin, found) == [
        (2, "manager_circle"), (3, "manager_circle"), (4, "manager_circle"), (5, "manager_self"), (7, "manager_unknown"),
    ]  # fmt: skip
    there = await people(admin)
    assert [one["manager_id"] for name, one in sorted(there.items()) if name != "gil"] == [None] * 6
    assert there["gil"]["manager_id"] == there["eli"]["id"]
    # Through somebody who is here already: gil is below eli.
    circle = await load(admin, "learners", b"email,id,first name,manager\neli@x.org,eli,Elias,gil\n")
    assert await problems(admin, circle) == [(2, "manager_circle")]
    assert ((await people(admin))["eli"]["first_name"], counts(circle)) == ("Elias", (0, 1, 0, 0))


async def test_good_and_bad_rows_add_up(admin: httpx.AsyncClient) -> None:
    await fields(admin, note="text")
    old = "".join(f"old{n}@x.org,Old,,\n" for n in range(5))
    await load(admin, "learners", f"email,first name,groups,note\n{old}".encode())
    new = 'new0@x.org,New,,"two\nlines"\n' + "".join(f"new{n}@x.org,New,,\n" for n in range(1, 90))
    bad = ",Nobody,,\n,Nobody,,\nnew0@x.org,New,,\nNEW0@x.org,New,,\nlost@x.org,Lost,nowhere,\n"
    sheet = f"email,first name,groups,note\n{new}{old}{bad}".encode()
    found = await load(admin, "learners", sheet)
    assert (found["rows"], *counts(found)) == (100, 90, 0, 5, 5)
    # A line is one of the file: the first row has two.
    assert await problems(admin, found) == [
        (98, "required"), (99, "required"), (100, "duplicate"), (101, "duplicate"), (102, "unknown"),
    ]  # fmt: skip
    assert len(await people(admin)) == 95
    refused = await admin.get(f"/imports/{found['id']}/rejects.xlsx")
    again = await load(admin, "learners", refused.content)
    assert (again["rows"], again["errors"]) == (5, 4)
    assert again["unchanged"] == 1, "what repeated a row is alone now"


async def test_the_same_file_again_after_a_change_by_hand(admin: httpx.AsyncClient) -> None:
    await fields(admin, site="text")
    sheet = b"email,site,active\nana@x.org,Bremen,yes\nben@x.org,Bremen,yes\n"
    await load(admin, "learners", sheet)
    ana = (await people(admin))["ana"]
    by_hand = {"fields": {"site": "Lagos"}, "status": "deactivated"}
    assert (await admin.patch(f"/learners/{ana['id']}", json=by_hand)).is_success
    ready = await prepare(admin, "learners", sheet)
    assert (ready["updated"], ready["reactivated"], ready["unchanged"]) == (1, 1, 1)
    first = ready["preview"]["rows"][0]
    assert (first["action"], first["changes"]) == (
        "reactivated",
        [
            {"column": "status", "here": "deactivated", "file": "active"},
            {"column": "fields.site", "here": "Lagos", "file": "Bremen"},
        ],
    )
    await load(admin, "learners", sheet)
    ana = (await people(admin))["ana"]
    assert (ana["status"], ana["fields"]) == ("active", {"site": "Bremen"})


async def test_nobody_is_approved_or_accepts_by_a_sheet(admin: httpx.AsyncClient) -> None:
    for status in ("pending", "invited", "suspended"):
        assert (await admin.post("/learners", json={"email": f"{status}@x.org", "status": status})).is_success
    sheet = b"email,status\npending@x.org,active\ninvited@x.org,Active\nsuspended@x.org,actif\n"
    found = await load(admin, "learners", sheet)
    assert (found["updated"], found["reactivated"], found["unchanged"]) == (1, 1, 2)
    there = await people(admin)
    assert {name: one["status"] for name, one in there.items()} == {
        "pending": "pending", "invited": "invited", "suspended": "active",
    }  # fmt: skip


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


async def test_the_ends_of_every_type_cost_their_own_row(admin: httpx.AsyncClient) -> None:
    await fields(admin, hired="date", pay="number", note="text")
    cells = [
        ("added_at", "0001-01-01"), ("added_at", "9999-12-31T23:59:59.999999Z"), ("hired", "0001-01-01"),
        ("hired", "31.12.9999"), ("pay", "1e400"), ("id", "\u200b"), ("note", "\x07"), ("first name", "a\u2028b"),
        ("note", "x" * 1_001), ("first name", "x" * 301), ("id", "9,00720E+15"),
    ]  # fmt: skip
    columns = list(dict.fromkeys(name for name, _ in cells))
    lines = [
        f"p{n}@x.org;{';'.join(cell if name == one else '' for one in columns)}"
        for n, (name, cell) in enumerate(cells)
    ]
    sheet = "\n".join([f"email;{';'.join(columns)}", *lines, f"good@x.org{';' * len(columns)}"]).encode()
    found = await load(admin, "learners", sheet)
    assert counts(found) == (1, 0, 0, len(cells)), await problems(admin, found)
    assert set(await people(admin)) == {"good"}
