"""`/results` and `/awards`: what learners did elsewhere."""

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.bodies import BULK, body_up_to
from backend.controllers.http.confirming import IfConsequences, act
from backend.controllers.http.parameters import DEFAULT_LIMIT, Cursor, Limit
from backend.schemas.base import Page
from backend.schemas.consequence_acts import RecordResults
from backend.schemas.learning.results import Award, AwardsBulk, ResultsBulk
from backend.schemas.people import BulkAnswer
from backend.services.learning import awards, results

TAGS = ["Results and awards"]


@post(
    "/results/bulk",
    operation_id="bulkResults",
    opt=rights.admins() | body_up_to(BULK),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def bulk_results(
    data: JSONBody[ResultsBulk], actor: CurrentActor, confirmation: IfConsequences
) -> Response[BulkAnswer]:
    """Record up to 10,000 results; completing an activity with a certificate awards it. For platform admins."""

    async def write(_: object) -> BulkAnswer:
        return (await results.record(actor, data.results)).render(actor.reads)

    return await confirmation.carry_out(act(RecordResults, data), write)


@post(
    "/awards/bulk",
    operation_id="bulkAwards",
    opt=rights.admins() | body_up_to(BULK),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def bulk_awards(data: JSONBody[AwardsBulk], actor: CurrentActor) -> BulkAnswer:
    """Record up to 10,000 certificates issued elsewhere. For platform admins."""
    return (await awards.record(actor, data.awards)).render(actor.reads)


@get(
    "/learners/{learner_id:int}/awards",
    operation_id="listLearnerAwards",
    opt=rights.learner("see"),
    tags=TAGS,
)
async def list_learner_awards(
    learner_id: FromPath[int], actor: CurrentActor, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[Award]:
    """The certificates somebody holds or held, the newest first."""
    return await awards.of_learner(actor, learner_id, limit, cursor)
