"""Options of a field under another name, or as part of another one: whoever has the value and whatever asks for it follow."""

from typing import Any

import msgspec
from piccolo.columns import Column, Integer
from piccolo.querystring import QueryString
from piccolo.table import Table

from backend.database import as_json, transaction
from backend.rules.option_names import with_option
from backend.schemas import people as wire
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.audiences.rule_versions import sign_versions
from backend.services.errors import Conflict, Invalid
from backend.services.people.fields import check_options, get_field
from backend.services.versions import lock_row
from backend.tables import EnrollmentMethod, EnrollmentRule, Field, FieldValue, Run, Segment
from backend.words import Message

# Where rules are stored: those of methods, drafts too, segments and enrollment rules, and the methods that runs keep for an undo.
_RULES: tuple[tuple[type[Table], Column, Column], ...] = (
    (EnrollmentMethod, EnrollmentMethod.id, EnrollmentMethod.rule),
    (Segment, Segment.id, Segment.rule),
    (EnrollmentRule, EnrollmentRule.id, EnrollmentRule.rule),
    (Run, Run.id, Run.detail),
)
_VERSIONS: dict[type[Table], Integer] = {
    EnrollmentMethod: EnrollmentMethod.version,
    Segment: Segment.version,
    EnrollmentRule: EnrollmentRule.version,
}


async def rename_option(
    actor: Actor, field_id: int, data: wire.OptionRename, if_match: int | None
) -> wire.Field:
    """Give an option another name. Raises `NotFound`, `Invalid` for an option that is not there, `Conflict` for a name that is.

    Changes are followed one by one, so the rules ask for both names before the first value changes, and for the new one alone
    after the last: at no moment does anybody leave an audience, or enter it.
    """
    require_admin(actor)
    async with transaction():
        await lock_row(Field, field_id, if_match)
        field = await get_field(field_id)
        old, new = data.from_, data.to.strip()
        if old not in field.options:
            raise Invalid.at(
                "from", "unknown", Message("“{name}” has no option “{old}”.", name=field.name, old=old)
            )
        if old == new:
            return field
        options = [new if option == old else option for option in field.options]
        if new in field.options:
            raise Conflict(Message("“{name}” has an option “{new}” already.", name=field.name, new=new))
        check_options(field.type, options, path="to")
        await _put_into_rules(actor, field_id, old, old, new)
        await Field.update({Field.options: (*field.options, new), Field.version: Field.version + 1}).where(
            Field.id == field_id
        )
        await FieldValue.update({FieldValue.text_value: new}).where(
            FieldValue.field_id == field_id, FieldValue.text_value == old
        )
        await _put_into_rules(actor, field_id, old, new)
        await Field.update({Field.options: tuple(options)}).where(Field.id == field_id)
        await audit.record(actor, "field.rename_option", "field", field_id, **{"from": old, "to": new})
        return await get_field(field_id)


async def check_merge(actor: Actor, field_id: int, data: wire.OptionMerge) -> wire.Field:
    """The field as it would be. Raises what `merge_options` raises."""
    require_admin(actor)
    field = await get_field(field_id)
    for path, option in (("from", data.from_), ("to", data.to)):
        if option not in field.options:
            raise Invalid.at(
                path, "unknown", Message("“{name}” has no option “{old}”.", name=field.name, old=option)
            )
    if data.from_ == data.to:
        raise Invalid.at("to", "same", Message("An option is merged into another one."))
    options = [option for option in field.options if option != data.from_]
    return msgspec.structs.replace(field, options=options)


async def merge_options(
    actor: Actor, field_id: int, data: wire.OptionMerge, if_match: int | None
) -> wire.Field:
    """Let one option be part of another: whoever has it has the other one, and rules that name it name the other one.

    Rules ask for both before the first value changes, and for the one that stays after the last, so that nobody leaves an audience
    on the way who is in it at the end. Raises `NotFound`, `Invalid`.
    """
    require_admin(actor)
    async with transaction():
        await lock_row(Field, field_id, if_match)
        merged = await check_merge(actor, field_id, data)
        await _put_into_rules(actor, field_id, data.from_, data.from_, data.to)
        await FieldValue.update({FieldValue.text_value: data.to}).where(
            FieldValue.field_id == field_id, FieldValue.text_value == data.from_
        )
        await _put_into_rules(actor, field_id, data.from_, data.to)
        await Field.update({Field.options: tuple(merged.options), Field.version: Field.version + 1}).where(
            Field.id == field_id
        )
        await audit.record(
            actor, "field.merge_options", "field", field_id, **{"from": data.from_, "to": data.to}
        )
        return await get_field(field_id)


async def check_rename(actor: Actor, field_id: int) -> None:
    """Raises what renaming an option raises of somebody who may not, or of a field that is not there."""
    require_admin(actor)
    await get_field(field_id)


async def _put_into_rules(actor: Actor, field_id: int, option: str, *others: str) -> None:
    for table, key, column in _RULES:
        names_it = QueryString("strpos({}::text, to_json({}::text)::text) > 0", column, option)
        rows = await table.select(key, column.as_alias("stored")).where(names_it).order_by(key).lock_rows()
        for row in rows:
            made = with_option(row["stored"], field_id, option, *others)
            if made != row["stored"]:
                values: dict[Column | str, Any] = {column: as_json(made)}
                if (version := _VERSIONS.get(table)) is not None:
                    values[version] = version + 1
                await table.update(values).where(key == row["id"])
    await sign_versions(actor)
