"""Loading the demo organisation through the services, on days around today."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from backend.database import fetch, fetch_value
from backend.demo.learning import COURSES, HISTORY, PATHS, SEGMENTS, History
from backend.demo.organisation import (
    ADMIN,
    COACH,
    FIELDS,
    GROUPS,
    LEARNER,
    PASSWORD,
    SEED,
    TEAMS,
    Person,
    people,
)
from backend.demo.own_index import own_index
from backend.demo.past import days_ago
from backend.demo.rounds import days_of_change, enroll_on
from backend.demo.structure import (
    ensure_activity,
    ensure_fields,
    ensure_groups,
    write_all,
)
from backend.index import Follower
from backend.rules import Rule
from backend.runtime import clock
from backend.schemas.access import OrganisationChange
from backend.schemas.groups import GroupRow, MembersInput
from backend.schemas.learning.activities import Activity
from backend.schemas.learning.results import ResultRow
from backend.schemas.people import FieldInput, LearnerChange, LearnerInput, LearnerRow, MemberRole
from backend.schemas.segments import SegmentInput
from backend.services.access.actor import SYSTEM
from backend.services.audiences import segments
from backend.services.groups import memberships
from backend.services.learning import activities
from backend.services.people import learners, organisation

Progress = Callable[[str], None]

# Days ago that the organisation began to use Muster: what happened before is in its history only.
FOUNDED = 120


class SignIn(msgspec.Struct, frozen=True):
    """Somebody who can sign in to the demo."""

    who: str
    email: str
    password: str


SIGN_INS = (
    SignIn("admin", ADMIN, PASSWORD),
    SignIn("coach", COACH, PASSWORD),
    SignIn("learner", LEARNER, PASSWORD),
)


async def is_wanted() -> bool:
    """Whether nobody is here yet, or a load was interrupted."""
    row = await fetch(
        "SELECT count(*) AS people, count(*) FILTER (WHERE external_id = 'H0001') AS begun,"
        " count(*) FILTER (WHERE lower(email) = $1) AS done FROM learner",
        ADMIN,
    )
    return bool(row[0]["people"] == 0 or (row[0]["begun"] and not row[0]["done"]))


async def load_demo(progress: Progress = lambda _: None) -> Sequence[SignIn]:
    """Load it unless it is here; whoever was interrupted goes on. Returns who can sign in."""
    if await fetch_value("SELECT count(*) FROM learner WHERE lower(email) = $1", ADMIN):
        return SIGN_INS
    today = clock.today(await fetch_value("SELECT timezone FROM organisation"))
    everybody = people(today)
    progress(f"{len(everybody)} people in {len(GROUPS)} groups")
    async with days_ago(FOUNDED):
        await organisation.change_organisation(SYSTEM, OrganisationChange(name="Halden"))
        await ensure_fields(SYSTEM, [msgspec.convert(field, FieldInput) for field in FIELDS])
        groups = await ensure_groups(SYSTEM, [msgspec.convert(group, GroupRow) for group in GROUPS])
        await write_all(SYSTEM, "learners", [_row(person) for person in everybody])
        await _coaches(everybody, groups)
        made = await _activities()
    progress("courses, paths and what people did")
    results = _results(everybody, made)
    begun = clock.now() - timedelta(days=FOUNDED)
    async with days_ago(FOUNDED):
        await write_all(SYSTEM, "results", _until(results, begun))
    progress("audiences")
    async with own_index() as follower:
        named = await _segments(follower)
        for day in days_of_change():
            moment = clock.now() - timedelta(days=day)
            async with days_ago(day):
                await write_all(SYSTEM, "results", _until(results, moment, begun))
            await enroll_on(day, follower, groups, made, named)
            begun = moment
        await write_all(SYSTEM, "results", _until(results, clock.now(), begun))
    await _sign_ins()
    return SIGN_INS


def _row(person: Person) -> LearnerRow:
    return msgspec.convert(
        {
            "external_id": person.external_id,
            "email": person.email,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "language": person.language,
            "status": person.status,
            "added_at": clock.start_of_day(person.hired_on, "UTC"),
            "manager_external_id": person.manager,
            "groups": person.groups,
            "fields": person.fields,
        },
        LearnerRow,
    )


async def _coaches(everybody: Sequence[Person], groups: Mapping[str, int]) -> None:
    """Leaders coach their teams, directors are admins of their departments."""
    departments = {group["parent_external_id"] for group in GROUPS if group["kind"] == "team"}
    for person in everybody:
        if person.leader:
            led = [g for g in person.groups if g in departments or g in {team.group for team in TEAMS}]
            for group in led:
                role: MemberRole = "admin" if group in departments else "coach"
                members = MembersInput(external_ids=[person.external_id], role=role)
                await memberships.add_members(SYSTEM, groups[group], members)


async def _activities() -> dict[str, Activity]:
    courses = {course.external_id: await ensure_activity(SYSTEM, course.activity()) for course in COURSES}
    ids = dict(courses)
    for path in PATHS:
        ids[path.external_id] = await ensure_activity(SYSTEM, path.activity(courses))
    return {name: await activities.get_activity(SYSTEM, activity_id) for name, activity_id in ids.items()}


def _results(everybody: Sequence[Person], made: Mapping[str, Activity]) -> list[ResultRow]:
    """What people did: each step of theirs once, the latest report."""
    chance = random.Random(SEED)  # noqa: S311 - the same history every time
    by_id = {activity.id: activity for activity in made.values()}
    rows: dict[tuple[str, int], ResultRow] = {}
    for history in HISTORY:
        members = [p for p in everybody if p.status == "active" and _inside(p, history.group)]
        for person in members:
            part = chance.random()
            if part > history.completed + history.started:
                continue
            steps = _leaves(made[history.activity], by_id)
            done = len(steps) if part < history.completed else chance.randint(1, len(steps) - 1)
            _report(rows, person, steps[:done], _days_ago(chance, history), chance)
    return list(rows.values())


def _inside(person: Person, group: str) -> bool:
    parents = {one["external_id"]: one.get("parent_external_id") for one in GROUPS}
    for name in person.groups:
        above: str | None = name
        while above is not None:
            if above == group:
                return True
            above = parents[above]
    return False


def _leaves(activity: Activity, by_id: Mapping[int, Activity]) -> list[tuple[int, int]]:
    """(activity, step) of every content step, those of the courses in it first where they stand."""
    found: list[tuple[int, int]] = []
    for step in activity.steps:
        if step.activity_id is None:
            found.append((activity.id, step.id))
        else:
            found += _leaves(by_id[step.activity_id], by_id)
    return found


def _days_ago(chance: random.Random, history: History) -> datetime:
    return clock.now() - timedelta(days=chance.randint(*history.days), minutes=chance.randint(0, 480))


def _report(
    rows: dict[tuple[str, int], ResultRow],
    person: Person,
    steps: Sequence[tuple[int, int]],
    finished: datetime,
    chance: random.Random,
) -> None:
    for number, (activity_id, step_id) in enumerate(steps):
        at = finished - timedelta(minutes=25 * (len(steps) - number))
        rows[person.external_id, step_id] = ResultRow(
            learner=person.external_id,
            activity=activity_id,
            step=step_id,
            status="completed",
            score=float(chance.randint(80, 100)),
            started_at=at - timedelta(minutes=chance.randint(5, 24)),
            completed_at=at,
        )


async def _segments(follower: Follower) -> dict[str, int]:
    """The named audiences, those that are here already too: their ids by name."""
    found = {row["name"]: row["id"] for row in await fetch("SELECT id, name FROM segment")}
    for one in SEGMENTS:
        if one.name not in found:
            rule = msgspec.convert({"blocks": one.blocks}, Rule)
            made = await segments.create_segment(SYSTEM, follower, SegmentInput(name=one.name, rule=rule))
            found[one.name] = made.id
    return found


def _until(rows: Sequence[ResultRow], until: datetime, since: datetime | None = None) -> list[ResultRow]:
    """What was done by `until`, and after `since`."""
    return [
        row
        for row in rows
        if isinstance(row.completed_at, datetime)
        and row.completed_at <= until
        and (since is None or row.completed_at > since)
    ]


async def _sign_ins() -> None:
    """The admin comes last: their account says that the demo is complete."""
    for row in await fetch("SELECT id FROM learner WHERE email = ANY($1::text[])", [COACH, LEARNER]):
        await learners.change_learner(SYSTEM, row["id"], LearnerChange(password=PASSWORD), None)
    await learners.create_learner(
        SYSTEM,
        LearnerInput(email=ADMIN, first_name="Ada", last_name="Admin", is_admin=True, password=PASSWORD),
    )
