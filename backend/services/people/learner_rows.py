"""Writing many learners at once, set by set: new rows, changed rows, field values, memberships.

The caller has checked every row; what is written here is what the change log's triggers see.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from backend.database import any_of, execute, fetch, row_by_id
from backend.runtime import clock
from backend.services.mail.notices import file_invitations
from backend.services.people import statements
from backend.services.people.field_values import Columns
from backend.tables import FieldValue, Learner


@dataclass(slots=True)
class Writing:
    """One learner to write. `core` holds the given columns of `learner`; a field value of None clears it."""

    learner_id: int = 0
    is_new: bool = False
    core: dict[str, object] = field(default_factory=dict)
    values: dict[int, Columns | None] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=dict)


async def changed_by(writing: Writing) -> list[str]:
    """What of an existing learner would be another: columns by their names, fields as `field:3`."""
    stored = await row_by_id(Learner, writing.learner_id)
    columns = [name for name, value in writing.core.items() if stored is None or stored[name] != value]
    rows = await FieldValue.select().where(
        FieldValue.learner_id == writing.learner_id, any_of(FieldValue.field_id, list(writing.values))
    )
    known = {
        row["field_id"]: Columns(
            row["text_value"], row["number_value"], row["date_value"], row["boolean_value"]
        )
        for row in rows
    }
    fields = [field_id for field_id, value in writing.values.items() if known.get(field_id) != value]
    return [*columns, *(f"field:{field_id}" for field_id in fields)]


async def reserve_ids(count: int) -> list[int]:
    """Ids for new learners: known beforehand, so that rows of one request can refer to each other."""
    rows = await fetch(statements.RESERVE_LEARNER_IDS, count)
    return [row[0] for row in rows]


async def write_learners(rows: Sequence[Writing]) -> set[int]:
    """Write all of them inside the caller's transaction; returns the ids of existing learners that changed."""
    new = sorted((row for row in rows if row.is_new), key=lambda row: row.learner_id)
    old = sorted((row for row in rows if not row.is_new), key=lambda row: row.learner_id)
    await _insert(new)
    with_values = await _write_values(rows)
    invited_before = await _status_is_invited(old)
    changed = await _update(old, with_values)
    changed |= await _add_memberships(rows)
    invited = {row.learner_id for row in rows if row.core.get("status") == "invited"} - invited_before
    if invited:
        await file_invitations(sorted(invited))
    return changed & {row.learner_id for row in old}


async def _insert(rows: Sequence[Writing]) -> None:
    if not rows:
        return
    now = clock.now()

    def column(name: str, default: object = None) -> list[object]:
        return [row.core.get(name, default) for row in rows]

    await execute(
        statements.INSERT_LEARNERS,
        [row.learner_id for row in rows],
        column("email"),
        column("first_name", ""),
        column("last_name", ""),
        column("language"),
        column("status", "active"),
        column("added_at", now),
        column("external_id"),
        column("manager_id"),
        column("password_hash"),
        column("is_admin", False),
    )


async def _status_is_invited(rows: Iterable[Writing]) -> set[int]:
    asked = [row.learner_id for row in rows if row.core.get("status") == "invited"]
    if not asked:
        return set()
    found = await Learner.select(Learner.id).where(any_of(Learner.id, asked), Learner.status == "invited")
    return {row["id"] for row in found}


async def _update(rows: Sequence[Writing], touched: set[int]) -> set[int]:
    """Update given columns; rows that stay the same are not written, unless a field value of theirs changed."""
    if not rows:
        return set()

    def column(name: str) -> list[object]:
        return [row.core.get(name) for row in rows]

    found = await fetch(
        statements.CHANGE_LEARNERS,
        [row.learner_id for row in rows],
        column("email"),
        column("first_name"),
        column("last_name"),
        column("language"),
        column("status"),
        column("added_at"),
        column("external_id"),
        ["external_id" in row.core for row in rows],
        column("manager_id"),
        ["manager_id" in row.core for row in rows],
        column("password_hash"),
        column("is_admin"),
        [row.learner_id in touched for row in rows],
    )
    return {row["id"] for row in found}


async def _write_values(rows: Sequence[Writing]) -> set[int]:
    """Upsert and clear field values; the learners whose values changed."""
    ordered = sorted(
        ((row.learner_id, field_id, value) for row in rows for field_id, value in row.values.items()),
        key=lambda value: value[:2],
    )
    given = [(learner_id, field_id, value) for learner_id, field_id, value in ordered if value is not None]
    cleared = [(learner_id, field_id) for learner_id, field_id, value in ordered if value is None]
    changed: set[int] = set()
    if given:
        found = await fetch(
            statements.WRITE_VALUES,
            [learner_id for learner_id, _, _ in given],
            [field_id for _, field_id, _ in given],
            [value.text for _, _, value in given],
            [value.number for _, _, value in given],
            [value.day for _, _, value in given],
            [value.boolean for _, _, value in given],
        )
        changed.update(row["learner_id"] for row in found)
    if cleared:
        found = await fetch(
            statements.CLEAR_VALUES,
            [learner_id for learner_id, _ in cleared],
            [field_id for _, field_id in cleared],
        )
        changed.update(row["learner_id"] for row in found)
    return changed


async def _add_memberships(rows: Sequence[Writing]) -> set[int]:
    """Add memberships that are not there yet; the learners who gained one."""
    wanted = sorted((group_id, row.learner_id, role) for row in rows for group_id, role in row.groups.items())
    return await add_memberships(
        [learner_id for _, learner_id, _ in wanted],
        [group_id for group_id, _, _ in wanted],
        [role for _, _, role in wanted],
    )


async def add_memberships(learner_ids: list[int], group_ids: list[int], roles: list[str]) -> set[int]:
    """Add what is not there yet; the learners who gained a membership. Existing roles stay."""
    if not learner_ids:
        return set()
    found = await fetch(
        statements.ADD_MEMBERSHIPS,
        learner_ids,
        group_ids,
        roles,
        clock.now(),
    )
    return {row["learner_id"] for row in found}
