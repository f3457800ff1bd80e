"""The Open University data, counted by hand from the files and through the product: equal to the last person."""

import csv
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.database import fetch, fetch_value
from backend.demo.open_university import load_open_university
from backend.demo.oulad import OuladError, read

GIVEN = Path(os.environ.get("MUSTER_OULAD_DIR") or Path(__file__).parents[2] / "../shared/data/oulad")
HERE = (GIVEN / "studentInfo.csv").is_file()
SMALL = {
    "courses.csv": """code_module,code_presentation,module_presentation_length
AAA,2013J,268
AAA,2014J,269
BBB,2013B,240
BBB,2014B,234
""",
    "studentInfo.csv": """code_module,code_presentation,id_student,gender,region,highest_education,imd_band,age_band,num_of_prev_attempts,studied_credits,disability,final_result
AAA,2013J,1,M,Wales,HE Qualification,90-100%,55<=,0,240,N,Fail
AAA,2014J,1,M,Scotland,HE Qualification,,55<=,1,60,N,Pass
BBB,2014B,1,M,Ireland,HE Qualification,10-20,35-55,0,30,Y,Withdrawn
BBB,2013B,2,F,Wales,A Level or Equivalent,20-30%,0-35,0,60,N,Distinction
AAA,2013J,3,F,Wales,A Level or Equivalent,,0-35,2,90,N,Withdrawn
AAA,2013J,4,F,Scotland,Lower Than A Level,50-60%,0-35,0,60,N,Fail
""",
    "studentRegistration.csv": """code_module,code_presentation,id_student,date_registration,date_unregistration
AAA,2013J,1,-159,
AAA,2014J,1,-20,
BBB,2014B,1,,-5
BBB,2013B,2,,
AAA,2013J,3,12,40
AAA,2013J,4,-3,100
""",
}

Row = dict[str, str]
UNEXPLAINED = """
SELECT count(*) FROM enrollment e WHERE NOT EXISTS (
    SELECT FROM source o JOIN enrollment_method m ON m.id = o.method_id
    WHERE o.session_id = e.session_id AND o.learner_id = e.learner_id AND m.hand_picked
      AND (o.until IS NULL) = (e.state <> 'expired'))
"""


class Expected:
    """The plainest reading of the files."""

    def __init__(self, directory: Path) -> None:
        def rows(name: str) -> list[Row]:
            with (directory / name).open(encoding="utf-8", newline="") as opened:
                return list(csv.DictReader(opened))

        self.courses = {(r["code_module"], r["code_presentation"]): r for r in rows("courses.csv")}
        self.infos = rows("studentInfo.csv")
        self.registrations = rows("studentRegistration.csv")
        self.latest: dict[str, Row] = {}
        for row in self.infos:
            best = self.latest.get(row["id_student"])
            rank = (row["code_presentation"], row["code_module"])
            if best is None or rank > (best["code_presentation"], best["code_module"]):
                self.latest[row["id_student"]] = row

    def starts(self, presentation: str) -> datetime:
        month = 2 if presentation.endswith("B") else 10
        return datetime(int(presentation[:4]), month, 1, tzinfo=UTC)


@pytest.fixture(
    params=["small", pytest.param("real", marks=pytest.mark.skipif(not HERE, reason="no data set"))]
)
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    if request.param == "real":
        yield GIVEN
        return
    for name, text in SMALL.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    yield tmp_path


async def pairs(sql: str) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in await fetch(sql)}


async def check(expected: Expected) -> None:
    await check_people(expected)
    await check_groups(expected)
    await check_enrollments(expected)
    await check_results(expected)


async def check_people(expected: Expected) -> None:
    people = await pairs("SELECT external_id, email, status FROM learner")
    assert people == {(s, f"{s}@open.example", "active") for s in expected.latest}
    values = await pairs(
        "SELECT l.external_id, f.key, coalesce(v.text_value, v.number_value::text) FROM field_value v "
        "JOIN learner l ON l.id = v.learner_id JOIN field f ON f.id = v.field_id"
    )
    fields = ("gender", "region", "highest_education", "imd_band", "age_band", "disability")
    numbers = ("studied_credits", "num_of_prev_attempts")
    assert values == {
        (s, key, row[key]) for s, row in expected.latest.items() for key in (*fields, *numbers) if row[key]
    }
    types = dict(await pairs("SELECT key, type FROM field"))
    assert types == dict.fromkeys(fields, "choice") | dict.fromkeys(numbers, "number")


async def check_groups(expected: Expected) -> None:
    members = await pairs(
        "SELECT p.name, g.external_id, g.name, l.external_id FROM membership m JOIN learner l ON l.id = m.learner_id "
        "JOIN learner_group g ON g.id = m.group_id LEFT JOIN learner_group p ON p.id = g.parent_id"
    )
    regions = {
        ("Regions", row["region"], row["region"], s) for s, row in expected.latest.items() if row["region"]
    }
    modules = {
        ("Modules", r["code_module"], r["code_module"], r["id_student"]) for r in expected.registrations
    }
    assert members == regions | modules


async def check_enrollments(expected: Expected) -> None:
    results = {
        (r["code_module"], r["code_presentation"], r["id_student"]): r["final_result"] for r in expected.infos
    }
    wanted = set()
    for row in expected.registrations:
        starts = expected.starts(row["code_presentation"])
        until = row["date_unregistration"]
        left = starts + timedelta(days=int(until)) if until else None
        since = (
            starts + timedelta(days=int(row["date_registration"]))
            if row["date_registration"]
            else min(starts, left or starts)
        )
        outcome = results[row["code_module"], row["code_presentation"], row["id_student"]]
        state = "expired" if left else "completed" if outcome in {"Pass", "Distinction"} else "active"
        wanted.add(
            (f"{row['code_module']}-{row['code_presentation']}", row["id_student"], state, since, left)
        )
    found = await pairs(
        "SELECT s.external_id, l.external_id, e.state, e.since, e.until FROM enrollment e "
        "JOIN session s ON s.id = e.session_id JOIN learner l ON l.id = e.learner_id"
    )
    assert found == wanted
    sources = await pairs(
        "SELECT s.external_id, l.external_id, o.since, o.until FROM source o JOIN session s ON s.id = o.session_id "
        "JOIN learner l ON l.id = o.learner_id JOIN enrollment_method m ON m.id = o.method_id AND m.session_id = s.id"
    )
    assert sources == {(session, student, since, left) for session, student, _, since, left in wanted}
    sessions = await pairs(
        "SELECT s.external_id, a.external_id, s.starts_at, s.ends_at FROM session s JOIN activity a ON a.id = s.activity_id"
    )
    assert sessions == {
        (
            f"{module}-{code}",
            module,
            expected.starts(code),
            expected.starts(code) + timedelta(days=int(row["module_presentation_length"])),
        )
        for (module, code), row in expected.courses.items()
    }
    assert await fetch_value("SELECT count(*) FROM message") == 0, "nobody is told of what is long over"


async def check_results(expected: Expected) -> None:
    status = {"Pass": "completed", "Distinction": "completed", "Fail": "failed", "Withdrawn": "started"}
    ends = {
        (module, code): expected.starts(code) + timedelta(days=int(row["module_presentation_length"]))
        for (module, code), row in expected.courses.items()
    }
    wanted = {
        (
            f"{r['code_module']}-{r['code_presentation']}",
            r["id_student"],
            status[r["final_result"]],
            None if r["final_result"] == "Withdrawn" else ends[r["code_module"], r["code_presentation"]],
        )
        for r in expected.infos
    }
    assert wanted == await pairs(
        "SELECT s.external_id, l.external_id, r.status, r.completed_at FROM result r "
        "JOIN session s ON s.id = r.session_id JOIN learner l ON l.id = r.learner_id"
    )
    best: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for row in expected.infos:
        best[row["code_module"], row["id_student"]].append(
            (status[row["final_result"]], row["code_presentation"])
        )
    order = ("completed", "failed", "started")
    standings = {
        (module, student, min((s for s, _ in outcomes), key=order.index))
        for (module, student), outcomes in best.items()
    }
    assert standings == await pairs(
        "SELECT a.external_id, l.external_id, t.status FROM standing t JOIN activity a ON a.id = t.activity_id "
        "JOIN learner l ON l.id = t.learner_id"
    )
    awards = await pairs(
        "SELECT DISTINCT ON (c.id, l.id) a.external_id, l.external_id, w.issued_at, w.expires_at FROM award w "
        "JOIN certificate c ON c.id = w.certificate_id AND c.valid_months = 24 JOIN activity a ON a.id = c.activity_id "
        "JOIN learner l ON l.id = w.learner_id ORDER BY c.id, l.id, w.issued_at DESC"
    )
    assert awards == {
        (module, student, issued, add_years(issued, 2))
        for (module, student), outcomes in best.items()
        if (passed := [code for outcome, code in outcomes if outcome == "completed"])
        for issued in [max(ends[module, code] for code in passed)]
    }


def add_years(instant: datetime, years: int) -> datetime:
    day = instant.date()
    return datetime.combine(date(day.year + years, day.month, day.day), instant.time(), UTC)


# Under a minute on a machine of its own, where the whole suite runs beside it.
@pytest.mark.timeout(900)
async def test_right_to_the_last_person(database: str, directory: Path) -> None:
    expected = Expected(directory)
    loaded = await load_open_university(directory)
    assert loaded.learners == len(expected.latest)
    assert loaded.registrations == len(expected.registrations) == len(expected.infos)
    await check(expected)
    assert await fetch_value(UNEXPLAINED) == 0
    if directory == GIVEN:
        return
    before = await fetch_value(
        "SELECT count(*) FROM outbox WHERE facet NOT IN ('enrollment_method', 'needs_you')"
    )
    await load_open_university(directory)
    await check(expected)
    assert (
        await fetch_value("SELECT count(*) FROM outbox WHERE facet NOT IN ('enrollment_method', 'needs_you')")
        == before
    ), "twice is once"


def test_the_latest_presentation_describes_a_student(tmp_path: Path) -> None:
    for name, text in SMALL.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    student = next(one for one in read(tmp_path).students if one.id == "1")
    assert student.region == "Scotland", "2014J is later than 2014B"
    assert "imd_band" not in student.choices
    assert student.numbers == {"studied_credits": 60, "num_of_prev_attempts": 1}
    assert Counter(one.status for one in read(tmp_path).registrations) == {
        "completed": 2,
        "failed": 2,
        "started": 2,
    }


@pytest.mark.parametrize(
    ("name", "text", "says"), [("courses.csv", None, "not found"), ("courses.csv", "a,b\n1,2\n", "column")]
)
def test_other_directories_are_refused(tmp_path: Path, name: str, text: str | None, says: str) -> None:
    for other, content in SMALL.items():
        (tmp_path / other).write_text(content, encoding="utf-8")
    (tmp_path / name).unlink()
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(OuladError, match=says):
        read(tmp_path)
