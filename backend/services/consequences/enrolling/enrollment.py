"""Enrolling people in several sessions at once: shown first, done as shown, undone as one act."""

from typing import Any

import msgspec

from backend.index import Follower
from backend.schemas import consequence_acts
from backend.schemas import consequences as wire
from backend.schemas.enrollment.enrollment_requests import Enrolled, EnrollmentConfirmation, EnrollmentRequest
from backend.services.access.actor import Actor
from backend.services.consequences.acts.enroll import EnrollAct, Enrolling
from backend.services.consequences.consequences import (
    Confirmed,
    ConsequenceEngine,
    confirmed,
    supposed,
    told_to,
)


def act_of(request: EnrollmentRequest) -> consequence_acts.EnrollPeople:
    """What is asked about, and hashed."""
    fields = EnrollmentRequest.__struct_fields__
    return consequence_acts.EnrollPeople(**{name: getattr(request, name) for name in fields})


async def plan(
    actor: Actor, engine: ConsequenceEngine, request: EnrollmentRequest
) -> wire.EnrollmentConsequences:
    """Who would be enrolled where, with what follows. Nothing is written."""
    async with supposed(actor, engine, [act_of(request)], named=False) as (world, asked):
        found: Enrolling = asked.found[0]
        told = await told_to(actor, engine, world, asked)
        return wire.EnrollmentConsequences(
            **msgspec.structs.asdict(told),
            existing=found.existing,
            addresses=None if found.pasted is None else found.pasted.to_wire(actor),
        )


async def apply(actor: Actor, engine: ConsequenceEngine, request: EnrollmentConfirmation) -> Confirmed[Any]:
    """Do what was shown, or raise `ConsequencesChanged`; the answer is `Enrolled`."""
    change = act_of(request)

    async def write(follower: Follower) -> Enrolled:
        return Enrolled(run_ids=await EnrollAct().write(actor, follower, change))

    return await confirmed(actor, engine, [change], request.hash, write)
