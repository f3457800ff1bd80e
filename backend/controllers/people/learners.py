"""`/learners`: people."""

from typing import Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.bodies import BULK, body_up_to
from backend.controllers.http.confirming import IfConsequences, act
from backend.controllers.http.parameters import DEFAULT_LIMIT, Cursor, IfMatch, Limit, Search, SortBy
from backend.schemas.base import Page
from backend.schemas.consequence_acts import EditLearner
from backend.schemas.people import (
    BulkAnswer,
    Learner,
    LearnerChange,
    LearnerInput,
    LearnersBulk,
    ListedLearner,
    Status,
)
from backend.services.people import learner_lists, learners
from backend.services.people.learner_lists import LearnerQuery

TAGS = ["Learners"]
FIELD = "field."


@get("/learners", operation_id="listLearners", opt=rights.signed_in(), tags=TAGS)
async def list_learners(
    request: Request[Any, Any, Any],
    actor: CurrentActor,
    q: Search = None,
    group: FromQuery[int | None] = None,
    group_tree: FromQuery[int | None] = None,
    status: FromQuery[list[Status] | None] = None,
    manager: FromQuery[int | None] = None,
    indirect: FromQuery[bool] = False,
    manages: FromQuery[bool] = False,
    added_from: FromQuery[str | None] = None,
    added_to: FromQuery[str | None] = None,
    enrollments: FromQuery[bool] = False,
    session: FromQuery[int | None] = None,
    sort: SortBy = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ListedLearner]:
    """The learners one may see.

    `group`: direct members; `group_tree`: with subgroups; `manager`: who reports to them, with `indirect` through others too; `manages`: only who is somebody's manager;
    `field.KEY=VALUE` (several of one key: any of them); `sort`: name, email, added or id. `enrollments`: say how many of theirs are open and overdue;
    `session`: say where they stand in this session, for those who may enroll in it. Days are the organisation's, both included.
    """
    asked = [(k[len(FIELD) :], v) for k, v in request.query_params.multi_items() if k.startswith(FIELD)]
    query = LearnerQuery(
        q=q,
        group=group,
        group_tree=group_tree,
        statuses=status or (),
        manager=manager,
        indirect=indirect,
        manages=manages,
        fields=asked,
        added_from=added_from,
        added_to=added_to,
        sort=sort,
        limit=limit,
        cursor=cursor,
        enrollments=enrollments,
        session=session,
    )
    return await learner_lists.list_learners(actor, query)


@post("/learners", operation_id="createLearner", opt=rights.admins(), tags=TAGS)
async def create_learner(data: JSONBody[LearnerInput], actor: CurrentActor) -> Learner:
    """Add a learner, active unless said otherwise. For platform admins."""
    return await learners.create_learner(actor, data)


@post(
    "/learners/bulk",
    operation_id="bulkLearners",
    opt=rights.admins() | body_up_to(BULK),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def bulk_learners(data: JSONBody[LearnersBulk], actor: CurrentActor) -> BulkAnswer:
    """Create or update up to 10,000 learners, matched by external id, else by e-mail. For platform admins.

    Good rows are kept, bad rows are reported.
    """
    return (await learners.bulk_upsert(actor, data.learners)).render(actor.reads)


@get("/learners/{learner_id:int}", operation_id="getLearner", opt=rights.learner("see"), tags=TAGS)
async def get_learner(learner_id: FromPath[int], actor: CurrentActor) -> Learner:
    """One learner."""
    return await learner_lists.get_learner(actor, learner_id)


@patch("/learners/{learner_id:int}", operation_id="changeLearner", opt=rights.learner("edit"), tags=TAGS)
async def change_learner(
    learner_id: FromPath[int],
    data: JSONBody[LearnerChange],
    actor: CurrentActor,
    if_match: IfMatch,
    confirmation: IfConsequences,
) -> Response[Learner]:
    """Change what is given; `fields` are merged, null clears one. People may change their own names and language."""
    return await confirmation.carry_out(
        act(EditLearner, data, id=learner_id),
        lambda _: learners.change_learner(actor, learner_id, data, if_match),
    )


@delete("/learners/{learner_id:int}", operation_id="deleteLearner", opt=rights.learner("manage"), tags=TAGS)
async def delete_learner(learner_id: FromPath[int], actor: CurrentActor) -> None:
    """Delete an account and all that is known about the person; 409 with `dependents` while a rule names them."""
    await learners.delete_learner(actor, learner_id)
