"""Loading the Open University data through the services that everything else goes through."""

import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import msgspec

from backend.database import fetch_value
from backend.demo.oulad import CERTIFICATE_MONTHS, CHOICES, NUMBERS, OpenUniversity, Presentation, read
from backend.demo.structure import (
    ensure_activity,
    ensure_fields,
    ensure_groups,
    ensure_session,
    ids_of,
    write_all,
)
from backend.runtime import clock
from backend.schemas.groups import GroupRow
from backend.schemas.imports import MembershipRow
from backend.schemas.learning.activities import ActivityInput, CertificateInput
from backend.schemas.learning.results import ResultRow
from backend.schemas.learning.sessions import SessionInput
from backend.schemas.people import FieldInput, LearnerRow
from backend.services.access.actor import SYSTEM
from backend.services.enrollment.history import enrollment_history

REGIONS, MODULES = "Regions", "Modules"
DOMAIN = "open.example"

Progress = Callable[[str], None]


class Loaded(msgspec.Struct, frozen=True):
    """What was read and written."""

    learners: int
    registrations: int
    sessions: int
    seconds: float


async def load_open_university(directory: Path, progress: Progress = lambda _: None) -> Loaded:
    """Load it; loading it again changes nothing. Raises `OuladError` when the files are not the data set."""
    started = time.monotonic()
    progress(f"reading {directory}")
    data = read(directory)
    timezone: str = await fetch_value("SELECT timezone FROM organisation")
    progress(f"{len(data.presentations)} sessions, {len(data.students):,} learners")
    await _structure(data, timezone)
    await write_all(SYSTEM, "learners", _learners(data, timezone))
    await write_all(SYSTEM, "memberships", _module_members(data))
    progress(f"{len(data.registrations):,} registrations")
    await _registrations(data, timezone)
    progress("results and certificates")
    await write_all(SYSTEM, "results", _results(data, timezone))
    return Loaded(
        len(data.students), len(data.registrations), len(data.presentations), time.monotonic() - started
    )


async def _structure(data: OpenUniversity, timezone: str) -> None:
    await ensure_fields(
        SYSTEM,
        [
            *(
                FieldInput(key=key, name=_title(key), type="choice", options=data.options(key))
                for key in CHOICES
            ),
            *(FieldInput(key=key, name=_title(key), type="number") for key in NUMBERS),
        ],
    )
    await ensure_groups(
        SYSTEM,
        [
            GroupRow(external_id=REGIONS, name=REGIONS),
            GroupRow(external_id=MODULES, name=MODULES),
            *(GroupRow(external_id=name, name=name, parent_external_id=REGIONS) for name in data.regions),
            *(GroupRow(external_id=code, name=code, parent_external_id=MODULES) for code in data.modules),
        ],
    )
    courses = {
        code: await ensure_activity(
            SYSTEM,
            ActivityInput(
                kind="course",
                title=f"Module {code}",
                external_id=code,
                certificate=CertificateInput(title=f"Certificate of {code}", valid_months=CERTIFICATE_MONTHS),
                # Many take a module again, and what they did the first time stays.
                several_sessions=True,
            ),
        )
        for code in data.modules
    }
    groups = await ids_of("learner_group")
    for one in data.presentations:
        await ensure_session(
            SYSTEM,
            SessionInput(
                activity_id=courses[one.module],
                name=f"{one.module} {one.code}",
                external_id=one.external_id,
                starts_at=clock.start_of_day(one.starts, timezone),
                ends_at=clock.start_of_day(one.ends, timezone),
                group_id=groups[one.module],
            ),
        )


def _title(key: str) -> str:
    words = {"imd_band": "Deprivation band (IMD)", "num_of_prev_attempts": "Previous attempts"}
    return words.get(key, key.replace("_", " ").capitalize())


def _learners(data: OpenUniversity, timezone: str) -> list[LearnerRow]:
    """Added when they first registered; the region's group among their values, the modules' on top."""
    since: dict[str, date] = {}
    for one in data.registrations:
        since[one.student] = min(one.since, since.get(one.student, one.since))
    return [
        LearnerRow(
            email=f"{student.id}@{DOMAIN}",
            external_id=student.id,
            first_name="Student",
            last_name=student.id,
            added_at=clock.start_of_day(since[student.id], timezone) if student.id in since else None,
            groups=[student.region] if student.region else [],
            fields={**student.choices, **student.numbers},
        )
        for student in data.students
    ]


def _module_members(data: OpenUniversity) -> list[MembershipRow]:
    pairs = sorted({(one.presentation.module, one.student) for one in data.registrations})
    return [MembershipRow(learner=student, group=module) for module, student in pairs]


async def _registrations(data: OpenUniversity, timezone: str) -> None:
    learners, sessions = await ids_of("learner"), await ids_of("session")
    instants: dict[date, datetime] = {}

    def instant(day: date) -> datetime:
        return instants.setdefault(day, clock.start_of_day(day, timezone))

    await enrollment_history.record(
        SYSTEM,
        [
            enrollment_history.Registration(
                learners[one.student],
                sessions[one.presentation.external_id],
                instant(one.since),
                None if one.until is None else instant(one.until),
            )
            for one in data.registrations
        ],
    )


def _results(data: OpenUniversity, timezone: str) -> list[ResultRow]:
    """One a registration; what was completed or failed was so at the session's end."""

    def row(student: str, presentation: Presentation, status: str) -> ResultRow:
        return msgspec.convert(
            {
                "learner": student,
                "activity": presentation.module,
                "session": presentation.external_id,
                "status": status,
                "started_at": clock.start_of_day(presentation.starts, timezone),
                "completed_at": None
                if status == "started"
                else clock.start_of_day(presentation.ends, timezone),
            },
            ResultRow,
        )

    return [row(one.student, one.presentation, one.status) for one in data.registrations]
