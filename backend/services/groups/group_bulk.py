"""Many groups at once, parents in the same request in any order. Good rows are kept, bad rows are reported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import UNSET

from backend.database import Row, any_of, execute, fetch, lock_by_name, plan_anew_for, transaction
from backend.schemas.base import BadRow
from backend.schemas.groups import GroupRow
from backend.schemas.people import BulkAnswer
from backend.schemas.problem import RowMistake
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.groups import statements
from backend.tables import LearnerGroup
from backend.words import Message
from backend.words.nouns import row_named, there_is_none_named


@dataclass(slots=True)
class _Row:
    number: int
    data: GroupRow
    existing: Row | None
    id: int = 0
    parent_id: int | None = None
    values: dict[str, object] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return self.existing is None or any(
            self.existing[name] != value for name, value in self.values.items()
        )


async def bulk_upsert(
    actor: Actor, rows: Sequence[GroupRow | BadRow], lines: Sequence[int] | None = None
) -> BulkAnswer:
    """Create or update groups by external id, in one transaction. For platform admins.

    `lines` are what messages call the rows; without them they are counted from 0, as in the answer.

    A row whose parent is unknown, or that would make a group its own ancestor, is reported and left alone.
    """
    require_admin(actor)
    async with transaction():
        # The same lock that the cycle trigger takes: no group moves while this looks at all of them.
        await lock_by_name("learner_group.parent_id")
        await plan_anew_for(len(rows))
        existing = {row["id"]: row for row in await LearnerGroup.select()}
        known = {row["external_id"]: row for row in existing.values() if row["external_id"] is not None}
        errors, good = _first_of_each(rows, known, lines)
        good = _without_lost_parents(good, known, errors)
        new = [row for row in good if row.existing is None]
        ids = await fetch(
            statements.RESERVE_GROUP_IDS,
            len(new),
        )
        for row, (group_id,) in zip(new, ids, strict=True):
            row.id = group_id
        good = _without_cycles(good, existing, known, errors)
        for row in good:
            _fill(row)
        created = [row for row in good if row.existing is None]
        updated = [row for row in good if row.existing is not None and row.changed]
        await _insert(created)
        await _update(updated)
        if created or updated:
            await audit.record(actor, "group.bulk", "group", None, created=len(created), updated=len(updated))
        return BulkAnswer(
            created=len(created),
            updated=len(updated),
            unchanged=len(good) - len(created) - len(updated),
            errors=sorted(errors, key=lambda mistake: mistake.row),
        )


def _first_of_each(
    rows: Sequence[GroupRow | BadRow], known: Mapping[str, Row], lines: Sequence[int] | None
) -> tuple[list[RowMistake], list[_Row]]:
    errors: list[RowMistake] = []
    good: dict[str, _Row] = {}
    for number, data in enumerate(rows):
        if isinstance(data, BadRow):
            errors.append(RowMistake(number, data.path, data.code, data.message))
        elif data.external_id in good:
            first = good[data.external_id].number
            named = row_named(first, lines)
            errors.append(
                RowMistake(
                    number,
                    "external_id",
                    "duplicate",
                    Message("{named} is about the same group.", named=named),
                )
            )
        elif data.name is None and data.external_id not in known:
            errors.append(RowMistake(number, "name", "required", Message("A new group needs a name.")))
        else:
            found = known.get(data.external_id)
            good[data.external_id] = _Row(number, data, found, found["id"] if found else 0)
    return errors, list(good.values())


def _without_lost_parents(rows: list[_Row], known: Mapping[str, Row], errors: list[RowMistake]) -> list[_Row]:
    """Refuse rows whose parent neither exists nor is made here; which may cost others their parent."""
    while True:
        made = {row.data.external_id for row in rows}
        lost = [
            row
            for row in rows
            if row.data.parent_external_id
            and row.data.parent_external_id not in known
            and row.data.parent_external_id not in made
        ]
        if not lost:
            return rows
        for row in lost:
            message = there_is_none_named("group", str(row.data.parent_external_id))
            errors.append(RowMistake(row.number, "parent_external_id", "unknown", message))
        refused = {id(row) for row in lost}
        rows = [row for row in rows if id(row) not in refused]


def _without_cycles(
    rows: list[_Row],
    existing: Mapping[int, Row],
    known: Mapping[str, Row],
    errors: list[RowMistake],
) -> list[_Row]:
    """Put every row under its parent; refuse those that go in circles, with what hangs below new ones of them."""
    while True:
        here = {row.data.external_id: row.id for row in rows}
        parents: dict[int, int | None] = {group_id: row["parent_id"] for group_id, row in existing.items()}
        for row in rows:
            wanted = row.data.parent_external_id
            if wanted is UNSET:
                row.parent_id = row.existing["parent_id"] if row.existing else None
            elif wanted is None:
                row.parent_id = None
            else:
                row.parent_id = here.get(str(wanted)) or known[str(wanted)]["id"]
            parents[row.id] = row.parent_id
        circling = _in_circles(parents)
        lost = [row for row in rows if row.id in circling and row.data.parent_external_id is not UNSET]
        if not lost:
            return rows
        message = Message("A group cannot be its own ancestor.")
        errors += [RowMistake(row.number, "parent_external_id", "cycle", message) for row in lost]
        refused = {id(row) for row in lost}
        rows = _without_lost_parents([row for row in rows if id(row) not in refused], known, errors)


def _in_circles(parents: Mapping[int, int | None]) -> set[int]:
    """The groups that are their own ancestors."""
    circling: set[int] = set()
    done: set[int] = set()
    for start in parents:
        path: list[int] = []
        places: dict[int, int] = {}
        at: int | None = start
        while at is not None and at not in done and at not in places:
            places[at] = len(path)
            path.append(at)
            at = parents.get(at)
        if at is not None and at in places:
            circling.update(path[places[at] :])
        done.update(path)
    return circling


def _fill(row: _Row) -> None:
    data = row.data
    row.values = {
        name: value
        for name in ("name", "kind", "private", "description", "color")
        if (value := getattr(data, name)) is not None
    }
    row.values["parent_id"] = row.parent_id


async def _insert(rows: Sequence[_Row]) -> None:
    def column(name: str, default: object = None) -> list[object]:
        return [row.values.get(name, default) for row in rows]

    if rows:
        await execute(
            statements.INSERT_GROUPS,
            [row.id for row in rows],
            [row.data.external_id for row in rows],
            column("name"),
            column("kind", "group"),
            column("parent_id"),
            column("description", ""),
            column("color"),
            column("private", False),
        )


async def _update(rows: Sequence[_Row]) -> None:
    moving = [
        row.id for row in rows if row.existing and row.existing["parent_id"] not in (None, row.parent_id)
    ]
    if len(moving) > 1:
        # Two groups that change places would be each other's ancestors for a moment, which the trigger refuses.
        await LearnerGroup.update({LearnerGroup.parent_id: None}).where(any_of(LearnerGroup.id, moving))

    def column(name: str) -> list[object]:
        return [row.values.get(name) for row in rows]

    if rows:
        await execute(
            statements.CHANGE_GROUPS,
            [row.id for row in rows],
            column("name"),
            column("kind"),
            column("parent_id"),
            column("description"),
            column("color"),
            column("private"),
        )
