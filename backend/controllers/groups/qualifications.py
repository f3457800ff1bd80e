"""`/groups/{id}/requirements` and `/qualifications`: what qualifications require, and who stands how on them."""

from typing import Annotated

from litestar import Response, get, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.confirming import IfConsequences
from backend.controllers.http.parameters import DEFAULT_LIMIT, Cursor, Limit, Search, SortBy
from backend.schemas.base import Page
from backend.schemas.consequence_acts import ChangeRequirements
from backend.schemas.qualifications import (
    QualificationRow,
    QualificationState,
    Requirement,
    RequirementsRequest,
)
from backend.services.consequences.acts.requirements import RequirementsAct
from backend.services.groups import qualifications, requirements
from backend.services.groups.qualifications import QualificationQuery

TAGS = ["Qualifications"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
# Litestar keeps the name `state` for its own.
Only = Annotated[QualificationState | None, QueryParameter(name="state", description="in this state")]


@get(
    "/groups/{group_id:int}/requirements",
    operation_id="listRequirements",
    opt=rights.group("members"),
    tags=TAGS,
)
async def list_requirements(group_id: FromPath[int], actor: CurrentActor) -> Page[Requirement]:
    """The activities that a qualification requires and gives access to; 422 for a group of another kind."""
    return await requirements.list_requirements(actor, group_id)


@put(
    "/groups/{group_id:int}/requirements",
    operation_id="changeRequirements",
    opt=rights.group("manage"),
    tags=TAGS,
)
async def change_requirements(
    group_id: FromPath[int],
    data: JSONBody[RequirementsRequest],
    actor: CurrentActor,
    confirmation: IfConsequences,
) -> Response[Page[Requirement]]:
    """All activities that it requires from now on. 422 `choose_session` where a new one has not exactly one open session."""
    change = ChangeRequirements(
        id=group_id,
        activity_ids=data.activity_ids,
        session_ids=data.session_ids,
        people=data.people,
        mail=data.mail,
    )
    return await confirmation.carry_out(
        lambda: change, lambda follower: RequirementsAct().write(actor, follower, change)
    )


@get("/qualifications", operation_id="listQualifications", opt=rights.staff(), tags=TAGS)
async def list_qualifications(
    actor: CurrentActor,
    q: Search = None,
    group: FromQuery[int | None] = None,
    qualification: FromQuery[int | None] = None,
    only: Only = None,
    sort: SortBy = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[QualificationRow]:
    """Who has which qualification, and how they stand on it: one row a person and qualification. `sort`: name or expires."""
    query = QualificationQuery(q, group, qualification, only, sort, limit, cursor)
    return await qualifications.list_qualifications(actor, query)


@get(
    "/qualifications.xlsx",
    operation_id="exportQualifications",
    opt=rights.staff(),
    tags=TAGS,
    media_type=XLSX,
)
async def export_xlsx(
    actor: CurrentActor,
    q: Search = None,
    group: FromQuery[int | None] = None,
    qualification: FromQuery[int | None] = None,
    only: Only = None,
) -> Response[bytes]:
    """The same as a sheet of Excel."""
    content = await qualifications.export(actor, QualificationQuery(q, group, qualification, only), "xlsx")
    return _sheet(content, "xlsx", XLSX)


@get(
    "/qualifications.csv",
    operation_id="exportQualificationsCsv",
    opt=rights.staff(),
    tags=TAGS,
    media_type=CSV,
)
async def export_csv(
    actor: CurrentActor,
    q: Search = None,
    group: FromQuery[int | None] = None,
    qualification: FromQuery[int | None] = None,
    only: Only = None,
) -> Response[bytes]:
    """The same as CSV."""
    content = await qualifications.export(actor, QualificationQuery(q, group, qualification, only), "csv")
    return _sheet(content, "csv", CSV)


def _sheet(content: bytes, ending: str, media_type: str) -> Response[bytes]:
    return Response(
        content,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="qualifications.{ending}"'},
    )
