"""Custom fields of learners."""

import re

from msgspec import UNSET

from backend import tables
from backend.database import Row, execute, fetch, row_by_id, transaction
from backend.schemas.base import Page
from backend.schemas.people import Field, FieldChange, FieldInput
from backend.schemas.problem import Dependent, Dependents
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.audiences import dependents
from backend.services.audiences.dependents import Dependency
from backend.services.errors import Conflict, Invalid, NotFound
from backend.services.paging import page_of
from backend.services.people import statements
from backend.services.sorted_rows import sorted_rows
from backend.services.versions import lock_row, write_columns
from backend.services.where_clauses import Conditions, chosen_sort
from backend.words import Message, joined
from backend.words.nouns import there_is_no

_SORTS = {"name": (("lower(name)", "text"), ("id", "integer")), "id": (("id", "integer"),)}


def _wire(row: Row) -> Field:
    return Field(**{name: row[name] for name in Field.__struct_fields__})


async def list_fields(q: str | None, sort: str | None, limit: int, cursor: str | None) -> Page[Field]:
    """All fields; anybody signed in may know them."""
    order = chosen_sort(sort, _SORTS, "name")
    conditions = Conditions()
    conditions.add_search(q, "name", "key")
    rows, total = await sorted_rows("*", "field", conditions, order, limit=limit, cursor=cursor)
    return page_of(rows, limit, total, item=_wire, key=order.key)


async def get_field(field_id: int) -> Field:
    """One field, or `NotFound`."""
    row = await row_by_id(tables.Field, field_id)
    if row is None:
        raise NotFound(there_is_no("field", field_id))
    return _wire(row)


def check_options(kind: str, options: list[str], *, path: str = "options") -> None:
    """Raises `Invalid`, at `path`, for options that a field of this kind cannot have."""
    if kind != "choice" and options:
        raise Invalid.at(path, "not_choice", Message("Only a field of type choice has options."))
    seen: set[str] = set()
    for i, option in enumerate(options):
        # “Paris” and “paris” are one place to whoever chooses.
        if option.casefold() in seen:
            raise Invalid.at(
                f"{path}[{i}]" if path == "options" else path,
                "duplicate",
                Message("Each option is there once, whatever its case."),
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
        made = await tables.Field.insert(
            tables.Field(key=key, name=data.name, type=data.type, options=tuple(data.options))
        ).returning(*tables.Field.all_columns())
        row = made[0]
        await audit.record(actor, "field.create", "field", row["id"], key=key)
        return _wire(row)


async def change_field(actor: Actor, field_id: int, data: FieldChange, if_match: int | None) -> Field:
    """Change what is given. Raises `Conflict` when learners' values do not fit the change."""
    require_admin(actor)
    async with transaction():
        await lock_row(tables.Field, field_id, if_match)
        before = await get_field(field_id)
        kind = data.type if data.type is not UNSET else before.type
        options = data.options if data.options is not UNSET else before.options if kind == "choice" else []
        check_options(kind, options)
        await _check_values_fit(before, kind, options)
        key = data.key if data.key is not UNSET else before.key
        name = data.name if data.name is not UNSET else before.name
        await write_columns(
            tables.Field, field_id, {"key": key, "name": name, "type": kind, "options": tuple(options)}
        )
        await audit.record(actor, "field.change", "field", field_id)
        return await get_field(field_id)


async def _check_values_fit(before: Field, kind: str, options: list[str]) -> None:
    if kind != before.type:
        if await tables.FieldValue.exists().where(tables.FieldValue.field_id == before.id):
            raise Conflict(Message("Learners have values of this field already, so its type is fixed."))
        await dependents.refuse(
            Message("The type of field “{name}”", name=before.name), await _dependents(before.id)
        )
    gone = sorted(set(before.options) - set(options))
    if kind == "choice" and gone:
        used = await fetch(
            statements.VALUES_IN_USE,
            before.id,
            gone,
        )
        rules = await dependents.rules_that_name(before.id, gone)
        if used:
            told = joined(", ", [Message("“{name}” ({count})", name=row[0], count=row[1]) for row in used])
            raise Conflict(
                Message(
                    "Learners still have these options, which are to be removed: {told}. To give an option another name, rename it.",
                    told=told,
                ),
                extra={"dependents": await dependents.with_sessions(rules[: dependents.MOST_NAMED])},
            )
        await dependents.refuse(
            Message(
                "The options {options}",
                options=joined(", ", [Message("“{name}”", name=option) for option in gone]),
            ),
            rules,
        )


async def list_dependents(actor: Actor, field_id: int) -> Dependents:
    """What refers to it: what deleting it would break. For platform admins."""
    require_admin(actor)
    await get_field(field_id)
    return await dependents.listed(actor, await _dependents(field_id))


async def _dependents(field_id: int) -> list[Dependent]:
    """Rules that name it, and methods that are due by it."""
    return [
        *await dependents.rules_that_refer(Dependency("field", field_id)),
        *await dependents.named("method", statements.METHODS_DUE_BY_FIELD, field_id),
    ]


async def list_option_dependents(actor: Actor, field_id: int, asked: list[str] | None) -> Dependents:
    """What names any of these options, or any at all: what removing them would break. For platform admins. Raises `NotFound`, `Invalid`."""
    require_admin(actor)
    field = await get_field(field_id)
    options = field.options if asked is None else asked
    for option in options:
        if option not in field.options:
            raise Invalid.at(
                "option", "unknown", Message("“{name}” has no option “{old}”.", name=field.name, old=option)
            )
    return await dependents.listed(actor, await dependents.rules_that_name(field_id, options))


async def delete_field(actor: Actor, field_id: int, *, with_dependents: bool = False) -> None:
    """Delete the field and every learner's value of it. Raises `HasDependents` while a rule refers to it.

    `with_dependents`: somebody has seen them. Their rules freeze.
    """
    require_admin(actor)
    async with transaction():
        field = await get_field(field_id)
        if not with_dependents:
            await dependents.refuse(Message("Field “{name}”", name=field.name), await _dependents(field_id))
        # Before its values: who has none any more is no reason to leave by a rule that cannot be worked out any more.
        await execute(statements.TELL_GONE, field_id)
        # Their own changes are logged one by one, before the field itself goes.
        await tables.FieldValue.delete().where(tables.FieldValue.field_id == field_id)
        await tables.Field.delete().where(tables.Field.id == field_id)
        await audit.record(actor, "field.delete", "field", field_id, key=field.key)
