"""The demo organisation, made by code: the same people every time, on days relative to today. Pure."""

import random
from datetime import date, timedelta
from typing import Any

import msgspec

from backend.demo.names import FIRST, LAST, PLACES

SEED = 20
DOMAIN = "halden.example"
PASSWORD = "muster-demo"  # noqa: S105 - printed at every start
ADMIN, COACH, LEARNER = f"admin@{DOMAIN}", f"coach@{DOMAIN}", f"learner@{DOMAIN}"

GROUPS: tuple[dict[str, Any], ...] = (
    {"external_id": "halden", "name": "Halden", "kind": "company", "color": "#475569"},
    {"external_id": "sales", "name": "Sales", "kind": "department", "color": "#2563eb", "parent_external_id": "halden"},
    {"external_id": "operations", "name": "Operations", "kind": "department", "color": "#d97706", "parent_external_id": "halden"},
    {"external_id": "technology", "name": "Technology", "kind": "department", "color": "#7c3aed", "parent_external_id": "halden"},
    {"external_id": "people", "name": "People and culture", "kind": "department", "color": "#db2777", "parent_external_id": "halden"},
    {"external_id": "finance", "name": "Finance", "kind": "department", "color": "#059669", "parent_external_id": "halden"},
    {"external_id": "sales-europe", "name": "Sales Europe", "kind": "team", "color": "#3b82f6", "parent_external_id": "sales"},
    {"external_id": "sales-americas", "name": "Sales Americas", "kind": "team", "color": "#0284c7", "parent_external_id": "sales"},
    {"external_id": "sales-asia", "name": "Sales Asia and Gulf", "kind": "team", "color": "#0891b2", "parent_external_id": "sales"},
    {"external_id": "warehouse-lyon", "name": "Warehouse Lyon", "kind": "team", "color": "#ea580c", "parent_external_id": "operations"},
    {"external_id": "warehouse-chicago", "name": "Warehouse Chicago", "kind": "team", "color": "#b45309", "parent_external_id": "operations"},
    {"external_id": "fleet", "name": "Fleet", "kind": "team", "color": "#ca8a04", "parent_external_id": "operations"},
    {"external_id": "platform", "name": "Platform", "kind": "team", "color": "#6d28d9", "parent_external_id": "technology"},
    {"external_id": "applications", "name": "Applications", "kind": "team", "color": "#8b5cf6", "parent_external_id": "technology"},
    {"external_id": "data", "name": "Data", "kind": "team", "color": "#a21caf", "parent_external_id": "technology"},
    {"external_id": "recruiting", "name": "Recruiting", "kind": "team", "color": "#be185d", "parent_external_id": "people"},
    {"external_id": "learning", "name": "Learning", "kind": "team", "color": "#e11d48", "parent_external_id": "people"},
    {"external_id": "accounting", "name": "Accounting", "kind": "team", "color": "#047857", "parent_external_id": "finance"},
    {"external_id": "controlling", "name": "Controlling", "kind": "team", "color": "#0d9488", "parent_external_id": "finance"},
    {"external_id": "leaders", "name": "Team leaders", "kind": "function", "color": "#1d4ed8"},
    {"external_id": "drivers", "name": "Drivers", "kind": "function", "color": "#a16207"},
    {"external_id": "engineers", "name": "Engineers", "kind": "function", "color": "#6366f1"},
    {"external_id": "account-managers", "name": "Account managers", "kind": "function", "color": "#0369a1"},
    {"external_id": "mentors", "name": "Mentors", "kind": "group", "color": "#16a34a"},
    {"external_id": "works-council", "name": "Works council", "kind": "group", "color": "#9f1239", "private": True},
    {"external_id": "forklift", "name": "Forklift licence", "kind": "qualification", "color": "#c2410c"},
)  # fmt: skip


class Team(msgspec.Struct, frozen=True):
    """A team: how many, where they sit, what they do (the first title is the leader's), which function they have."""

    group: str
    size: int
    places: tuple[str, ...]
    titles: tuple[str, ...]
    function: str | None = None


TEAMS = (
    Team("sales-europe", 28, ("Paris", "London", "Oslo"), ("Sales director", "Account manager", "Sales assistant"), "account-managers"),
    Team("sales-americas", 24, ("Chicago", "São Paulo"), ("Sales director", "Account manager", "Sales engineer"), "account-managers"),
    Team("sales-asia", 20, ("Tokyo", "Dubai"), ("Sales director", "Account manager"), "account-managers"),
    Team("warehouse-lyon", 36, ("Lyon",), ("Warehouse manager", "Picker", "Forklift driver", "Shift leader")),
    Team("warehouse-chicago", 34, ("Chicago",), ("Warehouse manager", "Picker", "Forklift driver", "Shift leader")),
    Team("fleet", 30, ("Lyon", "Oslo", "Chicago"), ("Fleet manager", "Driver", "Dispatcher"), "drivers"),
    Team("platform", 22, ("Oslo", "London"), ("Engineering manager", "Platform engineer", "Security engineer"), "engineers"),
    Team("applications", 30, ("Paris", "London", "Tokyo"), ("Engineering manager", "Software engineer", "Designer"), "engineers"),
    Team("data", 14, ("London", "São Paulo"), ("Head of data", "Data engineer", "Analyst"), "engineers"),
    Team("recruiting", 12, ("Paris", "Chicago"), ("Head of recruiting", "Recruiter")),
    Team("learning", 9, ("Paris", "London"), ("Head of learning", "Trainer", "Learning designer")),
    Team("accounting", 22, ("Lyon", "São Paulo"), ("Chief accountant", "Accountant", "Payroll specialist")),
    Team("controlling", 11, ("Paris", "Dubai"), ("Head of controlling", "Controller")),
)  # fmt: skip

FIELDS: tuple[dict[str, Any], ...] = (
    {"key": "location", "name": "Location", "type": "choice", "options": sorted(PLACES)},
    {"key": "contract", "name": "Contract", "type": "choice", "options": ["Permanent", "Fixed term", "Apprentice"]},
    {"key": "job_title", "name": "Job title", "type": "text"},
    {"key": "grade", "name": "Grade", "type": "number"},
    {"key": "hired_on", "name": "Hired on", "type": "date"},
    {"key": "remote", "name": "Works remotely", "type": "boolean"},
)  # fmt: skip


class Person(msgspec.Struct):
    """A learner of the demo, in the words of `POST /learners/bulk`."""

    external_id: str
    email: str
    first_name: str
    last_name: str
    language: str
    status: str
    hired_on: date
    manager: str | None
    groups: list[str]
    fields: dict[str, Any]
    leader: bool = False


def people(today: date) -> list[Person]:
    """About 300 people; the first leads everybody."""
    maker = _Maker(today)
    head = maker.person("Paris", "Chief executive", 12)
    head.groups.append("halden")
    head.leader = True
    everybody = [head]
    heads: dict[str, Person] = {}
    parents = {group["external_id"]: group.get("parent_external_id") for group in GROUPS}
    for team in TEAMS:
        department = str(parents[team.group])
        if department not in heads:
            chief = maker.person(team.places[0], f"Director of {department}", 11)
            chief.groups.append(department)
            chief.manager, chief.leader = head.external_id, True
            heads[department] = chief
            everybody.append(chief)
        everybody += maker.team(team, heads[department])
    _sprinkle(maker.chance, everybody)
    return everybody


class _Maker:
    """Draws people one after the other; no two share an address."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.chance = random.Random(SEED)  # noqa: S311 - the same people every time are the point
        self.taken: set[str] = set()

    def team(self, team: Team, chief: Person) -> list[Person]:
        """The leader first."""
        leader = self.person(team.places[0], team.titles[0], self.chance.randint(7, 9))
        leader.manager, leader.leader = chief.external_id, True
        leader.groups += [team.group, "leaders"]
        members = [leader]
        for _ in range(team.size - 1):
            title = self.chance.choice(team.titles[1:])
            member = self.person(self.chance.choice(team.places), title, self.chance.randint(2, 7))
            member.manager = leader.external_id
            member.groups.append(team.group)
            if team.function is not None:
                member.groups.append(team.function)
            if title == "Forklift driver":
                member.groups.append("forklift")
            members.append(member)
        return members

    def person(self, place: str, title: str, grade: int) -> Person:
        """Somebody who works there as that."""
        chance = self.chance
        cultures, language = PLACES[place]
        culture = chance.choice(cultures)
        first, last = chance.choice(FIRST[culture]), chance.choice(LAST[culture])
        hired_on = self.today - timedelta(days=int(chance.triangular(3, 5000, 300)))
        return Person(
            external_id=f"H{len(self.taken) + 1:04}",
            email=f"{self._address(f'{first[1]}.{last[1]}')}@{DOMAIN}",
            first_name=first[0],
            last_name=last[0],
            language=language,
            status="active",
            hired_on=hired_on,
            manager=None,
            groups=[],
            fields={
                "location": place,
                "contract": chance.choices(("Permanent", "Fixed term", "Apprentice"), (8, 2, 1))[0],
                "job_title": title,
                "grade": grade,
                "hired_on": hired_on.isoformat(),
                "remote": chance.random() < 0.25,
            },
        )

    def _address(self, local: str) -> str:
        address, number = local, 1
        while address in self.taken:
            number += 1
            address = f"{local}{number}"
        self.taken.add(address)
        return address


def _sprinkle(chance: random.Random, everybody: list[Person]) -> None:
    """Mentors, the works council, gaps in the data, and the few who are not simply active."""
    ordinary = [person for person in everybody if not person.leader]
    for person in chance.sample(ordinary, 24):
        person.groups.append("mentors")
    for person in chance.sample(ordinary, 7):
        person.groups.append("works-council")
    for person in chance.sample(ordinary, 15):
        del person.fields[chance.choice(("grade", "remote", "contract"))]
    special = chance.sample(ordinary, 12)
    for status, some in (("suspended", special[:4]), ("deactivated", special[4:8]), ("pending", special[8:10]), ("invited", special[10:])):  # fmt: skip
        for person in some:
            person.status = status
    # The demo's coach leads a warehouse, its learner works there.
    coach = next(person for person in everybody if person.leader and "warehouse-lyon" in person.groups)
    coach.email = COACH
    learner = next(
        p
        for p in ordinary
        if p.status == "active" and "warehouse-lyon" in p.groups and "forklift" not in p.groups
    )
    learner.email = LEARNER
