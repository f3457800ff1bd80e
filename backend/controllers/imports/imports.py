"""`/imports`: sheets, for admins."""

from dataclasses import dataclass
from typing import Annotated

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.bodies import BULK, body_up_to
from backend.controllers.http.confirming import IfConsequences
from backend.controllers.http.parameters import DEFAULT_LIMIT, Cursor, Limit
from backend.schemas.base import Page
from backend.schemas.consequence_acts import ApplyImport
from backend.schemas.imports import (
    Import,
    ImportAnswers,
    ImportKind,
    ImportMade,
    PreviewRow,
    RowOutcome,
    TemplateInput,
)
from backend.services.imports import import_lists, imports

TAGS = ["Imports"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass
class ImportForm:
    """A CSV or xlsx with headers in its first row."""

    file: UploadFile
    kind: ImportKind


def _sheet(content: bytes, name: str) -> Response[bytes]:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=XLSX, headers=disposition)


@post(
    "/imports",
    operation_id="createImport",
    opt=rights.admins() | body_up_to(BULK),
    tags=TAGS,
    status_code=HTTP_202_ACCEPTED,
)
async def create_import(
    data: Annotated[ImportForm, Body(media_type=RequestEncodingType.MULTI_PART)], actor: CurrentActor
) -> ImportMade:
    """Take in a sheet. It is read and tried out; nothing is written before it is applied. For platform admins."""
    content = await data.file.read()
    return ImportMade(id=await imports.begin(actor, data.kind, data.file.filename, content))


@get("/imports", operation_id="listImports", opt=rights.admins(), tags=TAGS)
async def list_imports(
    actor: CurrentActor, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[Import]:
    """Imports, the latest first. For platform admins."""
    return await import_lists.list_imports(actor, limit, cursor)


@get("/imports/{import_id:int}", operation_id="getImport", opt=rights.admins(), tags=TAGS)
async def get_import(import_id: FromPath[int], actor: CurrentActor) -> Import:
    """One import with a preview. For platform admins."""
    return await import_lists.get_import(actor, import_id)


@get("/imports/{import_id:int}/rows", operation_id="listImportRows", opt=rights.admins(), tags=TAGS)
async def list_rows(
    import_id: FromPath[int],
    actor: CurrentActor,
    outcome: FromQuery[RowOutcome | None] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[PreviewRow]:
    """Its rows. For platform admins."""
    return await import_lists.list_rows(actor, import_id, outcome, limit, cursor)


@get(
    "/imports/{import_id:int}/rejects.xlsx",
    operation_id="getImportRejects",
    opt=rights.admins(),
    tags=TAGS,
    media_type=XLSX,
)
async def get_rejects(import_id: FromPath[int], actor: CurrentActor) -> Response[bytes]:
    """The rows that were refused, with why. For platform admins."""
    content = await import_lists.rejects(actor, import_id)
    return _sheet(content, f"rejects-{import_id}.xlsx")


@post(
    "/imports/{import_id:int}/apply",
    operation_id="applyImport",
    opt=rights.admins(),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def apply_import(
    import_id: FromPath[int], actor: CurrentActor, confirmation: IfConsequences
) -> Response[Import]:
    """Write the good rows. For platform admins."""
    return await confirmation.carry_out(
        lambda: ApplyImport(id=import_id), lambda _: imports.apply(actor, import_id)
    )


@post(
    "/imports/{import_id:int}/answers",
    operation_id="answerImport",
    opt=rights.admins(),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def answer_import(
    import_id: FromPath[int], data: JSONBody[ImportAnswers], actor: CurrentActor
) -> Import:
    """Answer `questions`, or change `settings`, by their ids; the sheet is read anew. For platform admins."""
    return await imports.answer(actor, import_id, data)


@post(
    "/imports/{import_id:int}/cancel",
    operation_id="cancelImport",
    opt=rights.admins(),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def cancel_import(import_id: FromPath[int], actor: CurrentActor) -> Import:
    """Stop it; what was written stays. For platform admins."""
    return await imports.cancel(actor, import_id)


@post(
    "/imports/template",
    operation_id="createImportTemplate",
    opt=rights.admins(reads=True),
    tags=TAGS,
    status_code=HTTP_200_OK,
    media_type=XLSX,
)
async def create_template(data: JSONBody[TemplateInput], actor: CurrentActor) -> Response[bytes]:
    """An empty sheet with one column a session, to be marked and imported as `enrollments`. For platform admins."""
    return _sheet(await imports.template(actor, data.session_ids), "enrollments.xlsx")
