"""Giving groups access to many activities at once: shown first, done as shown, undone as one act."""

from typing import Any

from backend.index import Follower
from backend.schemas import consequence_acts
from backend.schemas import consequences as wire
from backend.schemas.assignments import AssignmentsConfirmation, AssignmentsDone, AssignmentsRequest
from backend.services.access.actor import Actor
from backend.services.consequences.acts.assignments import AssignmentsAct
from backend.services.consequences.consequences import (
    Confirmed,
    ConsequenceEngine,
    confirmed,
    supposed,
    told_to,
)


def _change_of(request: AssignmentsRequest) -> consequence_acts.ChangeAssignments:
    return consequence_acts.ChangeAssignments(add=request.add, remove=request.remove, mail=request.mail)


async def plan(actor: Actor, engine: ConsequenceEngine, request: AssignmentsRequest) -> wire.Consequences:
    """Who would enter and leave where, with what follows. Nothing is written."""
    async with supposed(actor, engine, [_change_of(request)], named=False) as (world, asked):
        return await told_to(actor, engine, world, asked)


async def apply(actor: Actor, engine: ConsequenceEngine, request: AssignmentsConfirmation) -> Confirmed[Any]:
    """Do what was shown, or raise `ConsequencesChanged`; the answer is `AssignmentsDone`."""
    change = _change_of(request)

    async def write(follower: Follower) -> AssignmentsDone:
        return AssignmentsDone(run_ids=await AssignmentsAct().write(actor, follower, change))

    return await confirmed(actor, engine, [change], request.hash, write)
