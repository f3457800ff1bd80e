"""`/fields`: custom fields of learners."""

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.confirming import IfConsequences, act
from backend.controllers.http.parameters import DEFAULT_LIMIT, Cursor, IfMatch, Limit, Search, SortBy
from backend.schemas.base import Page
from backend.schemas.consequence_acts import DeleteField, MergeOptions, RenameOption
from backend.schemas.people import Field, FieldChange, FieldInput, OptionMerge, OptionRename
from backend.schemas.problem import Dependents
from backend.services.people import field_options, fields

TAGS = ["Fields"]


@get("/fields", operation_id="listFields", opt=rights.signed_in(), tags=TAGS)
async def list_fields(
    q: Search = None, sort: SortBy = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[Field]:
    """All custom fields."""
    return await fields.list_fields(q, sort, limit, cursor)


@post("/fields", operation_id="createField", opt=rights.admins(), tags=TAGS)
async def create_field(data: JSONBody[FieldInput], actor: CurrentActor) -> Field:
    """Add a field. For platform admins."""
    return await fields.create_field(actor, data)


@get("/fields/{field_id:int}", operation_id="getField", opt=rights.signed_in(), tags=TAGS)
async def get_field(field_id: FromPath[int]) -> Field:
    """One field."""
    return await fields.get_field(field_id)


@patch("/fields/{field_id:int}", operation_id="changeField", opt=rights.admins(), tags=TAGS)
async def change_field(
    field_id: FromPath[int], data: JSONBody[FieldChange], actor: CurrentActor, if_match: IfMatch
) -> Field:
    """Change a field; its type only while no learner has a value."""
    return await fields.change_field(actor, field_id, data, if_match)


@get(
    "/fields/{field_id:int}/dependents",
    operation_id="listFieldDependents",
    opt=rights.admins(),
    tags=TAGS,
)
async def list_dependents(field_id: FromPath[int], actor: CurrentActor) -> Dependents:
    """What refers to it: what deleting it would break, with the sessions of methods. Nothing is done."""
    return await fields.list_dependents(actor, field_id)


@get(
    "/fields/{field_id:int}/options/dependents",
    operation_id="listOptionDependents",
    opt=rights.admins(),
    tags=TAGS,
)
async def list_option_dependents(
    field_id: FromPath[int], actor: CurrentActor, option: FromQuery[list[str] | None] = None
) -> Dependents:
    """What names any of the options given, or any of the field's: what removing them would break. Nothing is done."""
    return await fields.list_option_dependents(actor, field_id, option)


@delete("/fields/{field_id:int}", operation_id="deleteField", opt=rights.admins(), tags=TAGS)
async def delete_field(
    field_id: FromPath[int], actor: CurrentActor, confirmation: IfConsequences
) -> Response[None]:
    """Delete a field and all values of it; 409 with `dependents` while a rule refers to it, unless its consequences were seen."""
    return await confirmation.carry_out(
        lambda: DeleteField(id=field_id),
        lambda _: fields.delete_field(actor, field_id, with_dependents=confirmation.given),
    )


@post(
    "/fields/{field_id:int}/options/rename",
    operation_id="renameOption",
    opt=rights.admins(),
    tags=TAGS,
    status_code=200,
)
async def rename_option(
    field_id: FromPath[int],
    data: JSONBody[OptionRename],
    actor: CurrentActor,
    if_match: IfMatch,
    confirmation: IfConsequences,
) -> Response[Field]:
    """Give an option another name: values and rules follow, and nobody moves. For platform admins."""
    return await confirmation.carry_out(
        act(RenameOption, data, field_id=field_id),
        lambda _: field_options.rename_option(actor, field_id, data, if_match),
    )


@post(
    "/fields/{field_id:int}/options/merge",
    operation_id="mergeOptions",
    opt=rights.admins(),
    tags=TAGS,
    status_code=200,
)
async def merge_options(
    field_id: FromPath[int],
    data: JSONBody[OptionMerge],
    actor: CurrentActor,
    if_match: IfMatch,
    confirmation: IfConsequences,
) -> Response[Field]:
    """Make an option part of another one: whoever has it has the other one, and so do rules. For platform admins."""
    return await confirmation.carry_out(
        act(MergeOptions, data, field_id=field_id),
        lambda _: field_options.merge_options(actor, field_id, data, if_match),
    )
