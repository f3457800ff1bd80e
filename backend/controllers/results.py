"""`/results` and `/awards`: what learners did elsewhere."""

from litestar import post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from backend.controllers.authentication import CurrentActor
from backend.schemas.learning import AwardsBulk, ResultsBulk
from backend.schemas.people import BulkAnswer
from backend.services import awards, results

TAGS = ["Results and awards"]


@post("/results/bulk", operation_id="bulkResults", tags=TAGS, status_code=HTTP_200_OK)
async def bulk_results(data: JSONBody[ResultsBulk], actor: CurrentActor) -> BulkAnswer:
    """Record up to 10,000 results; completing an activity with a certificate awards it. For platform admins."""
    return await results.record(actor, data.results)


@post("/awards/bulk", operation_id="bulkAwards", tags=TAGS, status_code=HTTP_200_OK)
async def bulk_awards(data: JSONBody[AwardsBulk], actor: CurrentActor) -> BulkAnswer:
    """Record up to 10,000 certificates issued elsewhere. For platform admins."""
    return await awards.record(actor, data.awards)
