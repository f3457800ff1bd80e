"""Custom fields of learners."""

import re

from asyncpg import Record
from msgspec import UNSET

from backend.database import execute, fetch, fetch_row, fetch_value, transaction
from backend.schemas.commons import LARGEST_ID, Page
from backend.schemas.people import Field, FieldChange, FieldInput
from backend.services import audit, dependents
from backend.services.actor import Actor
from backend.services.conditions import Conditions, chosen_sort
from backend.services.dependents import Dependency
from backend.services.errors import Conflict, Invalid, NotFound
from backend.services.paging import page_of
from backend.services.rights import require_admin
from backend.services.sorted_rows import sorted_rows
from backend.services.versions import lock_row

_COLUMNS = "id, key, name, type, options, version"
_SORTS = {"name": (("lower(name)", "text"), ("id", "integer")), "id": (("id", "integer"),)}


def _wire(row: Record) -> Field:
    return Field(**{name: row[name] for name in Field.__struct_fields__})


async def list_fields(q: str | None, sort: str | None, limit: int, cursor: str | None) -> Page[Field]:
    """All fields; anybody signed in may know them."""
    order = chosen_sort(sort, _SORTS, "name")
    conditions = Conditions()
    conditions.add_search(q, "name", "key")
    rows, total = await sorted_rows(_COLUMNS, "field", conditions, order, limit=limit, cursor=cursor)
    return page_of(rows, limit, total, item=_wire, key=order.key)


async def get_field(field_id: int) -> Field:
    """One field, or `NotFound`."""
    row = await fetch_row(f"SELECT {_COLUMNS} FROM field WHERE id = $1", min(field_id, LARGEST_ID))
    if row is None:
        raise NotFound(f"There is no field {field_id}.")
    return _wire(row)


def check_options(kind: str, options: list[str], *, path: str = "options") -> None:
    """Raises `Invalid`, at `path`, for options that a field of this kind cannot have."""
    if kind != "choice" and options:
        raise Invalid.at(path, "not_choice", "Only a field of type choice has options.")
    seen: set[str] = set()
    for i, option in enumerate(options):
        # “Paris” and “paris” are one place to whoever chooses.
        if option.casefold() in seen:
            raise Invalid.at(
                f"{path}[{i}]" if path == "options" else path,
                "duplicate",
                "Each option is there once, whatever its case.",
            )
        seen.add(option.casefold())


def _key_of(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:100] or "field"


async def create_field(actor: Actor, data: FieldInput) -> Field:
    """A new field. Raises `Conflict` if its key is taken."""
    require_admin(actor)
    check_options(data.type, data.options)
    async with transaction():
        key = data.key if data.key is not UNSET else _key_of(data.name)
        row = await fetch_row(
            f"INSERT INTO field (key, name, type, options) VALUES ($1, $2, $3, $4) RETURNING {_COLUMNS}",
            key,
            data.name,
            data.type,
            data.options,
        )
        if row is None:
            raise NotFound
        await audit.record(actor, "field.create", "field", row["id"], key=key)
        return _wire(row)


async def change_field(actor: Actor, field_id: int, data: FieldChange, if_match: int | None) -> Field:
    """Change what is given. Raises `Conflict` when learners' values do not fit the change."""
    require_admin(actor)
    async with transaction():
        await lock_row("field", field_id, if_match)
        before = await get_field(field_id)
        kind = data.type if data.type is not UNSET else before.type
        options = data.options if data.options is not UNSET else before.options if kind == "choice" else []
        check_options(kind, options)
        await _check_values_fit(before, kind, options)
        row = await fetch_row(
            f"UPDATE field SET key = $2, name = $3, type = $4, options = $5, version = version + 1"
            f" WHERE id = $1 RETURNING {_COLUMNS}",
            field_id,
            data.key if data.key is not UNSET else before.key,
            data.name if data.name is not UNSET else before.name,
            kind,
            options,
        )
        if row is None:
            raise NotFound
        await audit.record(actor, "field.change", "field", field_id)
        return _wire(row)


async def _check_values_fit(before: Field, kind: str, options: list[str]) -> None:
    if kind != before.type:
        if await fetch_value("SELECT EXISTS (SELECT FROM field_value WHERE field_id = $1)", before.id):
            raise Conflict("Learners have values of this field already, so its type is fixed.")
        await dependents.refuse_if_rules_refer(
            f"The type of field “{before.name}”", Dependency("field", before.id)
        )
    gone = sorted(set(before.options) - set(options))
    if kind == "choice" and gone:
        used = await fetch(
            "SELECT text_value, count(*) FROM field_value WHERE field_id = $1 AND text_value = ANY($2)"
            " GROUP BY text_value ORDER BY text_value LIMIT 5",
            before.id,
            gone,
        )
        rules = await dependents.rules_that_name(before.id, gone)
        if used:
            told = ", ".join(f"“{row[0]}” ({row[1]})" for row in used)
            raise Conflict(
                f"Learners still have these options, which are to be removed: {told}. To give an option another name, rename it.",
                extra={"dependents": rules},
            )
        await dependents.refuse("The options " + ", ".join(f"“{option}”" for option in gone), rules)


async def delete_field(actor: Actor, field_id: int) -> None:
    """Delete the field and every learner's value of it. Raises `HasDependents` while a rule refers to it."""
    require_admin(actor)
    async with transaction():
        field = await get_field(field_id)
        await dependents.refuse_if_rules_refer(f"Field “{field.name}”", Dependency("field", field_id))
        # Its values first: their own changes are logged one by one, before the field itself goes.
        await execute("DELETE FROM field_value WHERE field_id = $1", field_id)
        await execute("DELETE FROM field WHERE id = $1", field_id)
        await audit.record(actor, "field.delete", "field", field_id, key=field.key)
