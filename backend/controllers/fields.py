"""`/fields`: custom fields of learners."""

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody

from backend.controllers import route_rights as rights
from backend.controllers.authentication import CurrentActor
from backend.controllers.parameters import DEFAULT_LIMIT, Cursor, IfMatch, Limit, Search, SortBy
from backend.schemas.commons import Page
from backend.schemas.people import Field, FieldChange, FieldInput, OptionRename
from backend.services import fields, option_names

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


@delete("/fields/{field_id:int}", operation_id="deleteField", opt=rights.admins(), tags=TAGS)
async def delete_field(field_id: FromPath[int], actor: CurrentActor) -> None:
    """Delete a field and all values of it; 409 with `dependents` while a rule refers to it."""
    await fields.delete_field(actor, field_id)


@post(
    "/fields/{field_id:int}/options/rename",
    operation_id="renameOption",
    opt=rights.admins(),
    tags=TAGS,
    status_code=200,
)
async def rename_option(
    field_id: FromPath[int], data: JSONBody[OptionRename], actor: CurrentActor, if_match: IfMatch
) -> Field:
    """Give an option another name: values and rules follow, and nobody moves. For platform admins."""
    return await option_names.rename_option(actor, field_id, data, if_match)
