"""`/results` and `/awards`: what learners did elsewhere."""

from litestar import get, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from backend.controllers import route_rights as rights
from backend.controllers.authentication import CurrentActor
from backend.controllers.bodies import BULK, body_up_to
from backend.controllers.parameters import DEFAULT_LIMIT, Cursor, Limit
from backend.schemas.commons import Page
from backend.schemas.learning import Award, AwardsBulk, ResultsBulk
from backend.schemas.people import BulkAnswer
from backend.services import awards, results

TAGS = ["Results and awards"]


@post(
    "/results/bulk",
    operation_id="bulkResults",
    opt=rights.admins() | body_up_to(BULK),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def bulk_results(data: JSONBody[ResultsBulk], actor: CurrentActor) -> BulkAnswer:
    """Record up to 10,000 results; completing an activity with a certificate awards it. For platform admins."""
    return await results.record(actor, data.results)


@post(
    "/awards/bulk",
    operation_id="bulkAwards",
    opt=rights.admins() | body_up_to(BULK),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def bulk_awards(data: JSONBody[AwardsBulk], actor: CurrentActor) -> BulkAnswer:
    """Record up to 10,000 certificates issued elsewhere. For platform admins."""
    return await awards.record(actor, data.awards)


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
