"""Options of a field under another name: whoever has the value and whatever asks for it follow, and nobody moves."""

from backend.database import execute, fetch, transaction
from backend.rules.option_names import with_option
from backend.schemas.people import Field, OptionRename
from backend.services import audit
from backend.services.actor import Actor
from backend.services.errors import Conflict, Invalid
from backend.services.fields import check_options, get_field
from backend.services.rights import require_admin
from backend.services.versions import lock_row

# Where rules are stored: those of methods, drafts too, and segments, and the methods that runs keep for an undo.
_RULES = {"enrollment_method": "rule", "segment": "rule", "run": "detail"}
_VERSIONED = frozenset({"enrollment_method", "segment"})


async def rename_option(actor: Actor, field_id: int, data: OptionRename, if_match: int | None) -> Field:
    """Give an option another name. Raises `NotFound`, `Invalid` for an option that is not there, `Conflict` for a name that is.

    Changes are followed one by one, so the rules ask for both names before the first value changes, and for the new one alone
    after the last: at no moment does anybody leave an audience, or enter it.
    """
    require_admin(actor)
    async with transaction():
        await lock_row("field", field_id, if_match)
        field = await get_field(field_id)
        old, new = data.from_, data.to.strip()
        if old not in field.options:
            raise Invalid.at("from", "unknown", f"“{field.name}” has no option “{old}”.")
        if old == new:
            return field
        options = [new if option == old else option for option in field.options]
        if new in field.options:
            raise Conflict(f"“{field.name}” has an option “{new}” already.")
        check_options(field.type, options, path="to")
        await _put_into_rules(field_id, old, old, new)
        await execute(
            "UPDATE field SET options = $2, version = version + 1 WHERE id = $1",
            field_id,
            [*field.options, new],
        )
        await execute(
            "UPDATE field_value SET text_value = $3 WHERE field_id = $1 AND text_value = $2",
            field_id,
            old,
            new,
        )
        await _put_into_rules(field_id, old, new)
        await execute("UPDATE field SET options = $2 WHERE id = $1", field_id, options)
        await audit.record(actor, "field.rename_option", "field", field_id, **{"from": old, "to": new})
        return await get_field(field_id)


async def _put_into_rules(field_id: int, option: str, *others: str) -> None:
    for table, column in _RULES.items():
        rows = await fetch(
            f"SELECT id, {column} AS stored FROM {table} WHERE strpos({column}::text, to_json($1::text)::text) > 0"
            " ORDER BY id FOR UPDATE",
            option,
        )
        for row in rows:
            made = with_option(row["stored"], field_id, option, *others)
            if made != row["stored"]:
                more = ", version = version + 1" if table in _VERSIONED else ""
                await execute(f"UPDATE {table} SET {column} = $2{more} WHERE id = $1", row["id"], made)
