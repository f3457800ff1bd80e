"""Which methods are sealed to managers, who see and enroll their team: how others come to be enrolled is not theirs to know."""

from collections.abc import Iterable

from backend.database import fetch
from backend.index import FacetIndex
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import organises
from backend.services.access.rights import is_session_staff
from backend.services.enrollment.drafts.method_drafts import stored_draft
from backend.services.enrollment.rights import right_statements
from backend.services.enrollment.rights.enrollment_rights import Permit, permit_for


async def sealed_to_managers(actor: Actor, index: FacetIndex, method_ids: Iterable[int]) -> frozenset[int]:
    """Those of the methods whose session the actor neither leads nor instructs, and which `Permit.reads` does not open to them."""
    rows = [] if actor.is_admin else await fetch(right_statements.METHODS_BY_ID, sorted(set(method_ids)))
    if not rows:
        return frozenset()
    permits: dict[int, Permit | None] = {}
    for session in await fetch(right_statements.SESSIONS_BY_ID, sorted({row["session_id"] for row in rows})):
        if not await is_session_staff(actor, session):
            may = await organises(actor)
            permits[session["id"]] = await permit_for(actor, index, session) if may else None
    sealed = set()
    for row in rows:
        if row["session_id"] in permits:
            permit = permits[row["session_id"]]
            if permit is None or not permit.reads(index, stored_draft(row)):
                sealed.add(row["id"])
    return frozenset(sealed)
