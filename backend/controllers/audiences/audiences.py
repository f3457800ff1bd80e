"""`/audiences`: questions about a rule. All of them are POST because a rule does not fit into an address."""

from litestar import post
from litestar.params import JSONBody

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.parameters import CurrentFollower
from backend.controllers.http.route_options import COUNTS
from backend.schemas.audiences import (
    AudienceMember,
    DescribeRequest,
    Description,
    ExplainRequest,
    Explanation,
    ForecastDay,
    ForecastRequest,
    HistoryRequest,
    MembersRequest,
    Preview,
    PreviewRequest,
    SameAudiences,
    SameRequest,
)
from backend.schemas.base import Page
from backend.services.audiences import audience_members, audiences, same_audiences

TAGS = ["Audiences"]


@post(
    "/audiences/preview",
    operation_id="previewAudience",
    opt=rights.staff(reads=True) | {COUNTS: True},
    tags=TAGS,
    status_code=200,
)
async def preview_audience(
    data: JSONBody[PreviewRequest], actor: CurrentActor, follower: CurrentFollower
) -> Preview:
    """How many people a rule holds, and how each of its parts narrows it."""
    return await audiences.preview(actor, follower, data)


@post(
    "/audiences/members",
    operation_id="listAudienceMembers",
    opt=rights.staff(reads=True),
    tags=TAGS,
    status_code=200,
)
async def list_audience_members(
    data: JSONBody[MembersRequest], actor: CurrentActor, follower: CurrentFollower
) -> Page[AudienceMember]:
    """Who: a page of the people of a rule, or of those who nearly are, are excluded, would enter, leave, are blocked."""
    return await audience_members.members(actor, follower, data)


@post(
    "/audiences/explain",
    operation_id="explainAudience",
    opt=rights.staff(reads=True),
    tags=TAGS,
    status_code=200,
)
async def explain_audience(
    data: JSONBody[ExplainRequest], actor: CurrentActor, follower: CurrentFollower
) -> Explanation:
    """Why a person is in an audience, or is not: every part of the rule with what is so, since when, until when."""
    return await audiences.explain(actor, follower, data)


@post(
    "/audiences/same",
    operation_id="findSameAudiences",
    opt=rights.staff(reads=True),
    tags=TAGS,
    status_code=200,
)
async def find_same_audiences(
    data: JSONBody[SameRequest], actor: CurrentActor, follower: CurrentFollower
) -> SameAudiences:
    """Live methods and segments with exactly the same people as the rule, of those that one may look into as a whole."""
    return await same_audiences.same_audiences(actor, follower, data)


@post(
    "/audiences/forecast",
    operation_id="forecastAudience",
    opt=rights.staff(reads=True),
    tags=TAGS,
    status_code=200,
)
async def forecast_audience(
    data: JSONBody[ForecastRequest], actor: CurrentActor, follower: CurrentFollower
) -> list[ForecastDay]:
    """The audience's size on the days to come, if nothing but time changes."""
    return await audiences.forecast(actor, follower, data)


@post(
    "/audiences/history",
    operation_id="audienceHistory",
    opt=rights.staff(reads=True),
    tags=TAGS,
    status_code=200,
)
async def audience_history(
    data: JSONBody[HistoryRequest], actor: CurrentActor, follower: CurrentFollower
) -> list[ForecastDay]:
    """The audience's size on each of some days, as a preview `at` that day counts it; in the order of the question."""
    return await audiences.history(actor, follower, data)


@post(
    "/audiences/describe",
    operation_id="describeAudience",
    opt=rights.staff(reads=True),
    tags=TAGS,
    status_code=200,
)
async def describe_audience(
    data: JSONBody[DescribeRequest], actor: CurrentActor, follower: CurrentFollower
) -> Description:
    """The rule as a sentence."""
    return await audiences.describe(actor, follower, data)
