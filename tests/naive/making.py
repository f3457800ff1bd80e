"""Random worlds, random changes to them, random rules about them. Small pools of values, so that questions hit."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import msgspec

from backend.rules import (
    AddedFilter,
    Block,
    CertificateFilter,
    FieldFilter,
    Filter,
    PathResultFilter,
    Rule,
    SegmentFilter,
)
from tests.naive.world import World

DAY = date(2026, 3, 29)
TIMEZONES = ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Europe/Paris"]
GROUPS = range(1, 8)
ACTIVITIES = range(1, 5)
CERTIFICATES = range(1, 4)
SESSIONS = range(1, 8)
METHODS = range(1, 4)
SEGMENTS = range(1, 4)
STATUSES = ["active", "active", "active", "invited", "pending", "suspended", "deactivated"]
TEXTS = ["Ann", "ann arbor", "Straße", "STRASSE 5", "zoë", "", "x"]
FIELDS: dict[int, tuple[str, list[Any]]] = {
    1: ("choice", ["Paris", "Chicago", "Lyon"]),
    2: ("text", TEXTS),
    3: ("number", [-2, 0, 1, 1.5, 40, 1000000]),
    4: ("date", ["1999-12-31", "2004-02-29", "2024-04-02", "2026-02-28", "2026-03-29", "2026-03-30"]),
    5: ("boolean", [True, False]),
}


@dataclass(frozen=True)
class Sizes:
    """How large a random world is."""

    learners: int = 14
    density: float = 0.5


def learner_ids(sizes: Sizes) -> list[int]:
    """Ids in several containers of a roaring bitmap."""
    return [(1, 65_530, 200_000)[i % 3] + i for i in range(sizes.learners)]


def make_world(seed: int, sizes: Sizes | None = None) -> World:
    """A world with all kinds of facts."""
    sizes = sizes or Sizes()
    random = Random(seed)
    world = World(random.choice(TIMEZONES))
    make_structure(world, random)
    people = learner_ids(sizes)
    for learner in people:
        world.set("status", learner, None, random.choice(STATUSES))
        world.set("added", learner, None, some_instant(random))
        world.set("language", learner, None, random.choice(["en", "fr", "de"]))
    for _ in range(int(sizes.learners * sizes.density * 24)):
        change_fact(world, random, random.choice(people))
    return world


def make_structure(world: World, random: Random) -> None:
    """Nested groups, fields of every type, activities with sessions, certificates, segments, methods."""
    for group in GROUPS:
        parent = random.choice([None, *range(1, group)])
        world.put("learner_group", group, {"name": f"G{group}", "kind": "group", "parent_id": parent})
    for field, (kind, options) in FIELDS.items():
        row = {"key": f"f{field}", "name": f"F{field}", "type": kind}
        world.put("field", field, {**row, "options": options if kind == "choice" else []})
    for activity in ACTIVITIES:
        several = random.random() < 0.3
        row = {"kind": "course", "title": f"A{activity}", "external_id": f"a{activity}"}
        world.put("activity", activity, {**row, "several_sessions": several})
    for session in SESSIONS:
        world.put("session", session, {"activity_id": random.choice(ACTIVITIES), "name": f"S{session}"})
    for certificate in CERTIFICATES:
        world.put("certificate", certificate, {"activity_id": certificate, "title": f"C{certificate}"})
    for method in METHODS:
        world.put("enrollment_method", method, {"session_id": random.choice(SESSIONS), "kind": "manual"})
    for segment in SEGMENTS:
        world.put("segment", segment, {"name": f"N{segment}", "rule": some_segment(random, segment)})


def some_segment(random: Random, segment: int) -> dict[str, Any]:
    """A segment's rule as stored; it may use the segments before it."""
    filters: list[Filter] = [
        FieldFilter(1, "in", [random.choice(["Paris", "Chicago"])]),
        CertificateFilter("valid", [random.choice(CERTIFICATES)]),
        AddedFilter("last_days", [random.choice([1, 7, 30])]),
        PathResultFilter("not_enrolled", [random.choice(ACTIVITIES)]),
    ]
    chosen = [random.choice(filters)]
    if segment > 1:
        chosen.append(SegmentFilter([random.randrange(1, segment)], random.choice(["in", "not_in"])))
    block = (
        Block([random.choice(GROUPS)], filters=chosen)
        if random.random() < 0.5
        else Block(everyone=True, filters=chosen)
    )
    rule: dict[str, Any] = msgspec.to_builtins(Rule([block]))
    return rule


def standing(random: Random, status: str, successful: bool) -> list[Any]:
    """As the log writes it, with when it was completed and succeeded in, or as it did before it told that."""
    told: list[Any] = [status, successful, random.randrange(3)]
    if random.random() < 0.2:
        return told
    completed = some_instant(random) if status == "completed" else None
    return [*told, completed, some_instant(random) if successful else None]


def some_instant(random: Random) -> str:
    """An instant around the day, near midnight often."""
    hours = random.choice([0, 1, 5, 11, 12, 13, 19, 23]) + 24 * random.choice(
        [-400, -31, -30, -7, -2, -1, 0, 1, 2, 30, 31]
    )
    at = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) + timedelta(
        hours=hours, minutes=random.choice([0, 30, 59])
    )
    return at.isoformat()


def change_fact(world: World, random: Random, learner: int) -> None:
    """Change one random fact of the learner; a third of the time it goes."""
    gone = random.random() < 0.33
    facet = random.choice(
        ["membership", "field", "result", "award", "enrollment", "manager", "source", "blocked", "exclusion"]
    )
    match facet:
        case "membership":
            world.set(
                facet, learner, random.choice(GROUPS), None if gone else random.choice(["member", "coach"])
            )
        case "field":
            field = random.choice(list(FIELDS))
            world.set(facet, learner, field, None if gone else random.choice(FIELDS[field][1]))
        case "result":
            status = random.choice(["started", "completed", "failed"])
            done = status == "completed" and random.random() < 0.7
            world.set(
                facet,
                learner,
                random.choice(ACTIVITIES),
                None if gone else standing(random, status, done),
            )
        case "award":
            expires = random.choice([None, some_instant(random), some_instant(random)])
            value = None if gone else ["2024-01-01T00:00:00+00:00", expires]
            world.set(facet, learner, random.choice(CERTIFICATES), value)
        case "enrollment":
            state = random.choice(["active", "active", "completed", "suspended", "expired"])
            value = None if gone else [state, random.choice([None, some_instant(random)])]
            world.set(facet, learner, random.choice(SESSIONS), value)
        case "manager":
            others = [other for other in world.learners() if other != learner]
            world.set(facet, learner, None, None if gone or not others else random.choice(others))
        case "source":
            world.set(facet, learner, random.choice(METHODS), None if gone else [random.randrange(9)])
        case "exclusion":
            ends = random.choice([date.max, date.min, DAY, DAY + timedelta(days=random.choice([-1, 1, 40]))])
            world.set(facet, learner, random.choice(SESSIONS), None if gone else ends.isoformat())
        case _:
            world.set(facet, learner, random.choice(METHODS), None if gone else random.choice(SESSIONS))


def change_something(world: World, random: Random) -> None:
    """One random change: mostly of a fact; sometimes a person comes, goes or changes, or the structure does."""
    people = world.learners()
    chance = random.random()
    if chance < 0.6 and people:
        change_fact(world, random, random.choice(people))
    elif chance < 0.7 and people:
        world.set("status", random.choice(people), None, random.choice(STATUSES))
    elif chance < 0.75 and people:
        world.set("language", random.choice(people), None, random.choice(["en", "fr", "de"]))
    elif chance < 0.8 and people:
        world.set("added", random.choice(people), None, some_instant(random))
    elif chance < 0.85 and people:
        remove_learner(world, random.choice(people))
    elif chance < 0.9:
        learner = random.choice(learner_ids(Sizes(40)))
        if learner not in people:
            world.set("status", learner, None, random.choice(STATUSES))
            world.set("added", learner, None, some_instant(random))
            world.set("language", learner, None, "en")
    else:
        change_structure(world, random)


def remove_learner(world: World, learner: int) -> None:
    """Everything about a person goes, as a deletion in the database cascades."""
    for facet, who, ref in list(world.facts):
        if who == learner or (facet == "manager" and world.fact(facet, who) == learner):
            world.set(facet, who, ref, None)


def change_structure(world: World, random: Random) -> None:
    """A group moves or gets another name, a session another activity, a segment another rule."""
    chance = random.random()
    if chance < 0.6:
        group = random.choice(GROUPS)
        row = {key: value for key, value in world.table("learner_group")[group].items() if key != "id"}
        if chance < 0.1:
            row["name"] += "'"
        else:
            row["parent_id"] = random.choice([None, *range(1, group)])
        world.put("learner_group", group, row)
    elif chance < 0.8:
        session = random.choice(SESSIONS)
        world.put("session", session, {"activity_id": random.choice(ACTIVITIES), "name": f"S{session}"})
    else:
        segment = random.choice(SEGMENTS)
        world.put("segment", segment, {"name": f"N{segment}", "rule": some_segment(random, segment)})
