"""`/runs`: what was done, and taking it back."""

from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.parameters import DEFAULT_LIMIT, CurrentFollower, Cursor, Limit, Search
from backend.schemas.base import Page
from backend.schemas.enrollment import RunState
from backend.schemas.enrollment import runs as wire
from backend.services.enrollment.runs import run_changes, run_decisions, runs
from backend.services.enrollment.runs.run_changes import ChangeQuery
from backend.services.enrollment.runs.runs import RunQuery

TAGS = ["Runs"]
# Litestar keeps the name `state` for its own.
Only = Annotated[RunState | None, QueryParameter(name="state", description="in this state")]

CausedBy = Annotated[
    int | None,
    QueryParameter(
        name="caused_by", description="what followed from this act; 0: what followed from none that one sees"
    ),
]


@get("/runs", operation_id="listRuns", opt=rights.signed_in(), tags=TAGS)
async def list_runs(
    actor: CurrentActor,
    follower: CurrentFollower,
    session_id: FromQuery[int | None] = None,
    method_id: FromQuery[int | None] = None,
    only: Only = None,
    caused_by: CausedBy = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.Run]:
    """What was done in the sessions one may enroll in, and one's own acts, the latest first; `q` searches places, methods and people."""
    query = RunQuery(session_id, method_id, only, q, limit, cursor, caused_by)
    return await runs.list_runs(actor, follower, query)


@get("/runs/{run_id:int}", operation_id="getRun", opt=rights.run("view"), tags=TAGS)
async def get_run(run_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower) -> wire.RunDetail:
    """One run, with its progress; of an undo with whom it left alone."""
    return await runs.get_run(actor, follower, run_id)


@get("/runs/{run_id:int}/changes", operation_id="listRunChanges", opt=rights.run("view"), tags=TAGS)
async def list_changes(
    run_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    change: FromQuery[wire.ChangeKind | None] = None,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.RunChange]:
    """What it did person by person, and why; `q` searches their names and addresses."""
    return await run_changes.list_changes(actor, follower, run_id, ChangeQuery(change, q, limit, cursor))


@post(
    "/runs/{run_id:int}/undo",
    operation_id="undoRun",
    opt=rights.run("undo"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def undo(run_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower) -> wire.Undone:
    """Take it back as one act, with all that followed. Who and what was changed since is left alone, and listed."""
    return await run_decisions.undo(actor, follower, run_id)


@post(
    "/runs/{run_id:int}/approve",
    operation_id="approveRun",
    opt=rights.run("decide"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def approve(
    run_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    data: JSONBody[wire.Approve | None] = None,
) -> wire.RunDetail:
    """Let a held removal go ahead, all of it or for some people only."""
    return await run_decisions.approve(actor, follower, run_id, data or wire.Approve())


@post(
    "/runs/{run_id:int}/reject",
    operation_id="rejectRun",
    opt=rights.run("decide"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def reject(
    run_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    data: JSONBody[wire.Reject | None] = None,
) -> wire.RunDetail:
    """Nobody leaves; the method is frozen until a plan of it is confirmed."""
    return await run_decisions.reject(actor, follower, run_id, data or wire.Reject())
