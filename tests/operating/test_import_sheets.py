"""`muster import`, beside a serving instance."""

from pathlib import Path

import httpx
import pytest

from tests.harness.instance import Muster

LEARNERS = """\
E-mail,First name,Last name,Employee number
ann@import.example,Ann,Lee,i-1
not an address,Bo,Li,i-2
cy@import.example,Cy,Fox,i-3
"""


def test_good_rows_are_kept_and_bad_ones_reported(muster: Muster, http: httpx.Client, tmp_path: Path) -> None:
    sheet = tmp_path / "people.csv"
    sheet.write_text(LEARNERS)
    first = muster.cli("import", "learners", str(sheet))
    assert first.returncode == 1
    assert "2 created, 0 updated, 0 unchanged, 1 refused" in first.stdout
    assert "row 3, email" in first.stderr
    found = http.get("/learners", params={"q": "import.example"}).json()
    assert {learner["external_id"] for learner in found["items"]} == {"i-1", "i-3"}

    sheet.write_text(LEARNERS.replace("not an address", "bo@import.example").replace("Fox", "Wolf"))
    again = muster.cli("import", "learners", str(sheet))
    assert again.returncode == 0, again.stderr
    assert "1 created, 1 updated, 1 unchanged, 0 refused" in again.stdout


def test_several_files_are_read_in_order(muster: Muster, http: httpx.Client, tmp_path: Path) -> None:
    groups = tmp_path / "groups.csv"
    groups.write_text("external id,name,parent\nnurses,Nurses,\nnight,Night shift,nurses\n")
    done = muster.cli("import", "groups", str(groups), str(groups))
    assert done.returncode == 0, done.stderr
    assert "2 created" in done.stdout
    assert "2 unchanged" in done.stdout
    assert "Night shift" in {group["name"] for group in http.get("/groups").json()["items"]}


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "column"), (b"colour\nred\n", "column"), (b"PK\x03\x04broken", "damaged")],
)
def test_a_file_that_is_no_sheet_is_told(muster: Muster, tmp_path: Path, content: bytes, said: str) -> None:
    sheet = tmp_path / "sheet.xlsx"
    sheet.write_bytes(content)
    done = muster.cli("import", "learners", str(sheet))
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_not_there_is_told(muster: Muster, tmp_path: Path) -> None:
    done = muster.cli("import", "learners", str(tmp_path / "nowhere.csv"))
    assert done.returncode == 2
    assert "nowhere.csv cannot be read" in done.stderr


def test_what_a_file_leaves_open_is_asked_and_answered(
    muster: Muster, http: httpx.Client, tmp_path: Path
) -> None:
    assert http.post("/fields", json={"key": "began", "name": "Began", "type": "date"}).is_success
    sheet = tmp_path / "open.csv"
    sheet.write_text("E-mail;Began;Shoe size\nola@import.example;03/04/2027;44\n")
    asked = muster.cli("import", "learners", str(sheet))
    assert asked.returncode == 1
    assert "nothing was imported" in asked.stderr
    assert "--answer date_order:fields.began=day_first|month_first" in asked.stderr
    assert "Shoe size: 44" in asked.stderr
    assert http.get("/learners", params={"q": "ola@import.example"}).json()["total"] == 0
    answers = ("--answer", "date_order:fields.began=month_first", "--answer", "unused_columns=ignore")
    done = muster.cli("import", "learners", str(sheet), *answers)
    assert done.returncode == 0, done.stderr
    (ola,) = http.get("/learners", params={"q": "ola@import.example"}).json()["items"]
    assert ola["fields"] == {"began": "2027-03-04"}
    wrong = muster.cli("import", "learners", str(sheet), "--answer", "unused_columns=whatever")
    assert wrong.returncode == 1
    assert "Choose one of ignore" in wrong.stderr
    # As over HTTP: the same import, in the same list.
    assert http.get("/imports").json()["items"][1]["filename"] == "open.csv"


def test_rows_are_called_by_their_line_and_kept_but_for_their_manager(
    muster: Muster, http: httpx.Client, tmp_path: Path
) -> None:
    sheet = tmp_path / "lines.csv"
    sheet.write_text(
        'email,first name,manager\numa@import.example,"Uma",uma@import.example\nbad,x,\numa@import.example,Again,\n'
    )
    done = muster.cli("import", "learners", str(sheet))
    assert "1 created, 0 updated, 0 unchanged, 2 refused" in done.stdout
    assert (
        "row 2, manager_external_id: the rest of the row was imported: Nobody manages themselves"
        in done.stderr
    )
    assert "row 3, email: This is not an e-mail address" in done.stderr
    assert "row 4, : Line 2 is about the same learner." in done.stderr
