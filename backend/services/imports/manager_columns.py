"""Managers that a sheet names: who is unknown, who would manage themselves, and circles. The other columns of such rows are kept."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.database import fetch
from backend.schemas.imports import SheetLearner
from backend.services.imports import statements
from backend.text import address_key, code_key
from backend.words import Message
from backend.words.nouns import there_is_none_named
from backend.words.stored import to_record

Person = int | str
# As many people of a circle are named.
NAMED = 6


async def notes_of(rows: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """What is wrong with the managers of these rows, by the place of the row; the sheet's own rows count as made."""
    given = {at: row for at, row in enumerate(rows) if isinstance(row, SheetLearner)}
    if not any(row.manager_external_id for row in given.values()):
        return {}
    names = [row.manager_external_id for row in given.values() if row.manager_external_id]
    keys = [name for row in given.values() for name in (row.external_id, row.email) if name]
    people = await _people([*keys, *names])
    stored = await fetch(statements.ALL_MANAGERS)
    return judge(given, people, {row["id"]: row["manager_id"] for row in stored})


async def _people(names: Sequence[str]) -> dict[str, int]:
    """Learners by external id and by key of their address."""
    rows = await fetch(
        statements.LEARNERS_NAMED,
        [code_key(name) for name in names],
        [address_key(name) for name in names],
    )
    return {row["email"]: row["id"] for row in rows} | {
        row["external_id"]: row["id"] for row in rows if row["external_id"] is not None
    }


def judge(
    rows: Mapping[int, SheetLearner], people: Mapping[str, int], stored: Mapping[int, int]
) -> dict[int, dict[str, Any]]:
    """`people` are ids by external id and address, `stored` managers of everybody. Pure."""
    here, at_of = _of_sheet(rows, people)
    notes: dict[int, dict[str, Any]] = {}
    managers: dict[Person, Person | None] = dict(stored.items())
    for someone, at in at_of.items():
        name = rows[at].manager_external_id
        if name is None:
            managers[someone] = None
        if not isinstance(name, str):
            continue
        manager = _person(name, here, people)
        if manager is None:
            notes[at] = _note("manager_unknown", there_is_none_named("learner", name))
        elif manager == someone:
            notes[at] = _note("manager_self", Message("Nobody manages themselves."))
        else:
            managers[someone] = manager
    for circle in _circles(managers, at_of):
        named = [
            (rows[at_of[one]].external_id or rows[at_of[one]].email) if one in at_of else f"#{one}"
            for one in [*circle[:NAMED], circle[0]]
        ]
        for one in circle:
            if one in at_of:
                told = Message("Managers go in a circle: {names}.", names=" → ".join(named))
                notes.setdefault(at_of[one], _note("manager_circle", told))
    return notes


def _of_sheet(
    rows: Mapping[int, SheetLearner], people: Mapping[str, int]
) -> tuple[dict[str, Person], dict[Person, int]]:
    """Who the rows are about: by their names, and the row of each."""
    here: dict[str, Person] = {}
    at_of: dict[Person, int] = {}
    for at, row in rows.items():
        names = [name for name in (row.external_id, address_key(row.email)) if name]
        known = next((people[name] for name in names if name in people), None)
        someone: Person = known if known is not None else f"row {at}"
        here |= {name: someone for name in names if name not in here}
        at_of.setdefault(someone, at)
    return here, at_of


def _person(name: str, here: Mapping[str, Person], people: Mapping[str, int]) -> Person | None:
    for known in (here, people):
        for key in (name, address_key(name)):
            if key in known:
                return known[key]
    return None


def _note(code: str, message: Message) -> dict[str, Any]:
    return {
        "path": "manager_external_id",
        "code": code,
        **to_record(Message("{message} The manager is left as it is.", message=message)),
    }


def _circles(managers: Mapping[Person, Person | None], starts: Mapping[Person, int]) -> list[list[Person]]:
    """Each circle once, found by going up from everybody in the sheet: nobody is passed twice."""
    passed: dict[Person, int] = {}
    found: list[list[Person]] = []
    for number, start in enumerate(starts):
        way: list[Person] = []
        one: Person | None = start
        while one is not None and one not in passed:
            passed[one] = number
            way.append(one)
            one = managers.get(one)
        if one is not None and passed[one] == number:
            found.append(way[way.index(one) :])
    return found


def managers_first(rows: Sequence[Any], notes: Mapping[int, Any]) -> list[int]:
    """Places of the rows, managers before those whom they manage, otherwise as they stand: chunks are written one after another."""
    at_of = {
        name: at
        for at, row in enumerate(rows)
        if isinstance(row, SheetLearner)
        for name in (row.external_id, address_key(row.email))
        if name
    }

    def above(at: int) -> int | None:
        row = rows[at]
        if not isinstance(row, SheetLearner) or at in notes or not isinstance(row.manager_external_id, str):
            return None
        name = row.manager_external_id
        return at_of.get(name, at_of.get(address_key(name)))

    depths: dict[int, int] = {}
    for start in range(len(rows)):
        way: list[int] = []
        one: int | None = start
        while one is not None and one not in depths and one not in way[-1:]:
            way.append(one)
            one = above(one)
        depth = depths.get(one, 0) + 1 if one is not None else 0
        for place in reversed(way):
            depths[place] = depth
            depth += 1
    return sorted(range(len(rows)), key=lambda at: depths[at])
