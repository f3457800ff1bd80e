"""Managers in a bulk request: they may be made by it, must exist, and nobody manages themselves."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from backend.services.people.bulk_rows import BulkRow, KnownPeople
from backend.services.people.learner_rows import reserve_ids
from backend.services.people.manager_circles import in_circles
from backend.text import address_key
from backend.words import Message
from backend.words.nouns import there_is_none_named


def without_lost_managers(rows: list[BulkRow], people: KnownPeople) -> list[BulkRow]:
    """Refuse rows whose manager neither exists nor is made by this request; which may cost others their manager."""
    reports: dict[str, list[BulkRow]] = {}
    for row in rows:
        if row.data.manager_external_id:
            reports.setdefault(row.data.manager_external_id, []).append(row)
    made = {name for row in rows for name in (row.external_id, row.key) if name}
    waiting = [
        name for name in reports if people.manager(name) is None and not made & {name, address_key(name)}
    ]
    selfish: list[BulkRow] = []
    for row in rows:
        manager = row.data.manager_external_id
        if manager and (
            manager == row.external_id or address_key(manager) == row.key or _is(people.manager(manager), row)
        ):
            selfish.append(row)
    while waiting:
        name = waiting.pop()
        for row in reports.get(name, []):
            if row.mistakes:
                continue
            row.refuse("manager_external_id", "unknown", there_is_none_named("learner", name))
            if row.external_id and row.external_id not in people.by_external:
                waiting.append(row.external_id)
    good = [row for row in rows if not row.mistakes]
    for row in selfish:
        # The rest of the row is written.
        row.data.manager_external_id = UNSET
        row.refuse(
            "manager_external_id",
            "self",
            Message("Nobody manages themselves: the manager is left as it is."),
        )
    return good


def _is(person: Any, row: BulkRow) -> bool:
    return person is not None and person["id"] == row.writing.learner_id


async def leave_managers_of_circles(rows: Sequence[BulkRow]) -> None:
    """Who would be their own manager through others keeps the manager they have; the rest of their row is written."""
    given = {
        row.writing.learner_id: manager
        for row in rows
        if isinstance(manager := row.writing.core.get("manager_id"), int)
    }
    circled = await in_circles(given)
    for row in rows:
        if row.writing.learner_id in circled:
            del row.writing.core["manager_id"]
            message = Message("They would manage themselves through others: the manager is left as it is.")
            row.refuse("manager_external_id", "circle", message)


async def assign_ids(rows: Sequence[BulkRow], people: KnownPeople) -> None:
    """Ids for the new ones, then managers, who may be among them."""
    new = [row for row in rows if row.writing.is_new]
    for row, learner_id in zip(new, await reserve_ids(len(new)), strict=True):
        row.writing.learner_id = learner_id
    here = {row.key: row.writing.learner_id for row in rows}
    here |= {row.external_id: row.writing.learner_id for row in rows if row.external_id}
    for row in rows:
        manager = row.data.manager_external_id
        if manager is UNSET:
            continue
        if manager is None:
            row.writing.core["manager_id"] = None
        elif manager in here:
            row.writing.core["manager_id"] = here[manager]
        elif address_key(manager) in here:
            row.writing.core["manager_id"] = here[address_key(manager)]
        else:
            row.writing.core["manager_id"] = people.manager(manager)["id"]
