"""The Open University Learning Analytics Dataset as rows of Muster's own words. Pure but for reading the files.

Kuzilek J., Hlosta M., Zdrahal Z.: Open University Learning Analytics dataset. Scientific Data 4, 170171 (2017).
"""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import msgspec

FILES = ("courses.csv", "studentInfo.csv", "studentRegistration.csv")
CHOICES = ("gender", "region", "highest_education", "imd_band", "age_band", "disability")
NUMBERS = ("studied_credits", "num_of_prev_attempts")
CERTIFICATE_MONTHS = 24
# The letter of a presentation's code is the month it starts in.
MONTHS = {"B": 2, "J": 10}
STATUS = {"Pass": "completed", "Distinction": "completed", "Fail": "failed", "Withdrawn": "started"}


class OuladError(Exception):
    """The directory does not hold the data set; the message says what is missing or wrong."""


class Presentation(msgspec.Struct, frozen=True):
    """One session of a module; `ends` is exclusive: the instant it begins is the session's end."""

    module: str
    code: str
    starts: date
    ends: date

    @property
    def external_id(self) -> str:
        """Such as `AAA-2013J`."""
        return f"{self.module}-{self.code}"


class Student(msgspec.Struct, frozen=True):
    """A learner as their latest presentation describes them; empty values are left out."""

    id: str
    region: str
    choices: dict[str, str]
    numbers: dict[str, float]


class Registration(msgspec.Struct, frozen=True):
    """One student in one presentation. `until` is the day they unregistered."""

    student: str
    presentation: Presentation
    since: date
    until: date | None
    status: str


class OpenUniversity(msgspec.Struct, frozen=True):
    """All of it."""

    presentations: list[Presentation]
    students: list[Student]
    registrations: list[Registration]

    @property
    def modules(self) -> list[str]:
        """Codes of the modules, in order."""
        return sorted({presentation.module for presentation in self.presentations})

    @property
    def regions(self) -> list[str]:
        """Names of the regions, in order."""
        return sorted({student.region for student in self.students if student.region})

    def options(self, field: str) -> list[str]:
        """The values a choice field takes, in order."""
        return sorted({student.choices[field] for student in self.students if field in student.choices})


def read(directory: Path) -> OpenUniversity:
    """Read the three files that matter here; raises `OuladError`."""
    missing = [name for name in FILES if not (directory / name).is_file()]
    if missing:
        raise OuladError(f"{directory} is not the Open University data set: {', '.join(missing)} not found")
    try:
        presentations = {
            (row["code_module"], row["code_presentation"]): _presentation(row)
            for row in _rows(directory / "courses.csv")
        }
        infos = list(_rows(directory / "studentInfo.csv"))
        return OpenUniversity(
            list(presentations.values()),
            _students(infos),
            list(_registrations(directory, presentations, infos)),
        )
    except (KeyError, ValueError) as error:
        raise OuladError(f"{directory}: a column or value is not as in the data set: {error}") from error


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        yield from csv.DictReader(opened)


def _presentation(row: dict[str, str]) -> Presentation:
    code = row["code_presentation"]
    starts = date(int(code[:4]), MONTHS[code[4:]], 1)
    return Presentation(
        row["code_module"], code, starts, starts + timedelta(days=int(row["module_presentation_length"]))
    )


def _students(infos: list[dict[str, str]]) -> list[Student]:
    latest: dict[str, dict[str, str]] = {}
    for row in sorted(infos, key=lambda row: (row["code_presentation"], row["code_module"])):
        latest[row["id_student"]] = row
    return [
        Student(
            student,
            row["region"],
            {name: row[name] for name in CHOICES if row[name]},
            {name: float(row[name]) for name in NUMBERS if row[name]},
        )
        for student, row in latest.items()
    ]


def _registrations(
    directory: Path, presentations: dict[tuple[str, str], Presentation], infos: list[dict[str, str]]
) -> Iterator[Registration]:
    def key(row: dict[str, str]) -> tuple[str, str, str]:
        return row["code_module"], row["code_presentation"], row["id_student"]

    results = {key(row): STATUS[row["final_result"]] for row in infos}
    for row in _rows(directory / "studentRegistration.csv"):
        presentation = presentations[row["code_module"], row["code_presentation"]]

        def day(text: str, start: date = presentation.starts) -> date | None:
            return start + timedelta(days=int(text)) if text else None

        until = day(row["date_unregistration"])
        # Some never say when they registered: from the start, or until they left if that was earlier.
        since = day(row["date_registration"]) or min(presentation.starts, until or presentation.starts)
        yield Registration(row["id_student"], presentation, since, until, results[key(row)])
