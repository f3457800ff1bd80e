"""What somebody may see of a run, and whether it is theirs to decide about or to take back."""

from collections.abc import Sequence
from typing import Any

from asyncpg import Record
from pyroaring import BitMap

from backend.database import fetch, fetch_row, fetch_value
from backend.index import FacetIndex, Follower
from backend.services.actor import Actor
from backend.services.audiences import caught_up
from backend.services.conditions import Conditions
from backend.services.enrolling import method_row
from backend.services.enrolling_rights import Permit, permit_for
from backend.services.learner_lists import visible_condition
from backend.services.method_drafts import Draft, stored_draft
from backend.services.rights import is_session_staff, session_for

# Acts on an enrollment that its session's staff may do to anybody in it, and so take back.
OF_STAFF = frozenset({"suspend", "resume", "extend"})
_MAILED = """
SELECT EXISTS (SELECT FROM notice n JOIN message m ON m.id = n.message_id
               WHERE n.run_id = $1 AND n.cancelled_at IS NULL AND m.state NOT IN ('pending', 'dormant', 'cancelled'))
"""


async def permit_to_decide(actor: Actor, index: FacetIndex, run: Record) -> Permit:
    """The actor's rights where a run is held. Raises `Forbidden` unless its method is theirs to change."""
    session = await session_for(actor, run["session_id"], "enroll")
    permit = await permit_for(actor, index, session)
    permit.require_open(index, stored_draft(await method_row(session["id"], run["method_id"])))
    return permit


async def undo_reach(actor: Actor, follower: Follower, run: Record) -> BitMap | None:
    """Of whom the actor may take the run back; None: of everybody.

    Raises `Forbidden` where its method, as it is or as it was, has parts outside their rights. What one did oneself to
    people of somebody else's method one may take back; a manager until its mail has gone.
    """
    if actor.is_admin:
        return None
    index = await caught_up(follower)
    permit = await permit_for(actor, index, await session_for(actor, run["session_id"], "enroll"))
    detail: dict[str, Any] = run["detail"]
    if permit.staff and run["method_id"] is None and detail.get("act") in OF_STAFF:
        return None
    own = run["actor_id"] == actor.id
    added_only = own and "method" not in detail and run["cause"] in {"act", "confirm"}
    if not added_only and run["method_id"] is not None:
        for draft in await _versions(run):
            permit.require_open(index, draft)
    if own and permit.team and not await fetch_value(_MAILED, run["id"]):
        return permit.reach
    return permit.members


async def _versions(run: Record) -> list[Draft]:
    """The method as it is, unless it has been deleted, and as it was before and after the run, where the run changed it."""
    detail = run["detail"]
    rows: list[Any] = [row for row in (detail.get("method"), detail.get("method_after")) if row is not None]
    now = await fetch_row("SELECT * FROM enrollment_method WHERE id = $1", run["method_id"])
    if now is not None and (now["deleted_at"] is None or not rows):
        rows.append(now)
    known = [row for row in rows if row["deleted_at"] is None]
    return [stored_draft(row) for row in known or rows]


async def add_visible_in_session(actor: Actor, conditions: Conditions, session_id: int) -> None:
    """Only people `l` whom the actor may see: as a list of learners does and, for its staff, whoever is or was in the session."""
    if actor.is_admin:
        return
    sql, values = await visible_condition(actor)
    session = await session_for(actor, session_id, "enroll")
    if await is_session_staff(actor, session):
        sql += " OR EXISTS (SELECT FROM enrollment e WHERE e.learner_id = l.id AND e.session_id = {3})"
        values = (*values, session_id)
    conditions.add(sql, *values)


async def visible_in_session(actor: Actor, session_id: int, learner_ids: Sequence[int]) -> frozenset[int]:
    """Those of `learner_ids` whom the actor may see there."""
    if not learner_ids:
        return frozenset()
    conditions = Conditions()
    conditions.add("l.id = ANY({}::integer[])", list(learner_ids))
    await add_visible_in_session(actor, conditions, session_id)
    rows = await fetch(f"SELECT l.id FROM learner l WHERE {conditions.sql}", *conditions.values)
    return frozenset(row["id"] for row in rows)
