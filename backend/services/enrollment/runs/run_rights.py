"""What somebody may see of a run, and whether it is theirs to decide about or to take back."""

from collections.abc import Sequence
from typing import Any

from asyncpg import Record
from pyroaring import BitMap

from backend.database import fetch, fetch_value, row_by_id
from backend.database.stored_json import stored_object
from backend.index import FacetIndex, Follower
from backend.index.facts.arrays import bitmap_sent
from backend.runtime import clock
from backend.services.access.actor import WRITE, Actor
from backend.services.access.rights import is_session_staff, session_for
from backend.services.audiences.index_access import current_index
from backend.services.enrollment.drafts.method_drafts import COLUMNS, MethodDraft, stored_draft
from backend.services.enrollment.drafts.method_rows import method_row
from backend.services.enrollment.rights.enrollment_rights import Permit, permit_for
from backend.services.enrollment.runs import run_statements
from backend.services.enrollment.undo.act_undo import is_act, is_too_old
from backend.services.errors import Forbidden, NotFound
from backend.services.people.learner_lists import visible_condition
from backend.services.statements import some_rows
from backend.services.where_clauses import Conditions
from backend.tables import EnrollmentMethod
from backend.words import Message
from backend.words.nouns import there_is_no

# Acts on an enrollment that its session's staff may do to anybody in it, and so take back.
OF_STAFF = frozenset({"suspend", "resume", "extend"})
# Without these what a run kept of its method is no method.
_KEPT = {*COLUMNS, "id", "version", "session_id", "kind", "active", "rule", "deleted_at"}


async def require_run_seen(actor: Actor, run_id: int, session_id: int | None, by_id: int | None) -> None:
    """Raises `NotFound`, as if it were missing, unless they are of its session's staff, or a manager who did it there.

    Acts are seen by whoever did them and by platform admins.
    """
    missing = there_is_no("run", run_id)
    if session_id is None:
        if actor.is_admin or (by_id is not None and by_id == actor.id):
            return
        raise NotFound(missing)
    try:
        session = await session_for(actor, session_id, "enroll")
    except (Forbidden, NotFound):
        # Somebody else's: that it exists is not theirs to know.
        raise NotFound(missing) from None
    if not await is_session_staff(actor, session) and by_id != actor.id:
        raise NotFound(missing)


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
    index = await current_index(follower)
    permit = await permit_for(actor, index, await session_for(actor, run["session_id"], "enroll"))
    return await _reach(permit, index, run)


async def undoable(actor: Actor, index: FacetIndex | None, runs: Sequence[Record]) -> frozenset[int]:
    """Those of the runs, which the actor sees, that an undo by them would be accepted of; admins need no index."""
    now = clock.now()
    applied = [run for run in runs if run["state"] == "applied" and not is_too_old(run, now)]
    if not actor.allows(WRITE) or not applied:
        return frozenset()
    if actor.is_admin or index is None:
        return frozenset(run["id"] for run in applied if actor.is_admin)
    permits: dict[int, Permit] = {}
    found: set[int] = set()
    among: dict[int, BitMap] = {}
    for run in applied:
        session_id = run["session_id"]
        if is_act(run):
            # Whoever sees it did it; what of it is no longer theirs to change is listed when they undo it.
            found.add(run["id"])
            continue
        if session_id not in permits:
            permits[session_id] = await permit_for(
                actor, index, await session_for(actor, session_id, "enroll")
            )
        try:
            reach = await _reach(permits[session_id], index, run)
        except Forbidden:
            continue
        if reach is None:
            found.add(run["id"])
        else:
            among[run["id"]] = reach
    changed = {
        row["run_id"]: bitmap_sent(row["people"])
        for row in await fetch(run_statements.CHANGED_BY_RUNS, list(among))
    }
    return frozenset(
        found
        | {run_id for run_id, reach in among.items() if run_id not in changed or changed[run_id] & reach}
    )


async def _reach(permit: Permit, index: FacetIndex, run: Record) -> BitMap | None:
    detail = stored_object(run["detail"]) or {}
    if permit.staff and run["method_id"] is None and detail.get("act") in OF_STAFF:
        return None
    own = run["actor_id"] == permit.actor_id
    added_only = own and "method" not in detail and run["cause"] in {"act", "confirm"}
    if not added_only and run["method_id"] is not None:
        for draft in await _versions(run):
            permit.require_open(index, draft)
    if own and permit.team and not await fetch_value(run_statements.MAILED, run["id"]):
        return permit.reach
    return permit.members


async def _versions(run: Record) -> list[MethodDraft]:
    """The method as it is, unless it has been deleted, and as it was before and after the run, where the run changed it."""
    detail = stored_object(run["detail"]) or {}
    rows: list[Any] = [row for row in (detail.get("method"), detail.get("method_after")) if row is not None]
    if any(not isinstance(row, dict) or not row.keys() >= _KEPT for row in rows):
        raise Forbidden(Message("What the run kept of its method cannot be read."))
    now = None if run["method_id"] is None else await row_by_id(EnrollmentMethod, run["method_id"])
    if now is not None and (now["deleted_at"] is None or not rows):
        rows.append(now)
    known = [row for row in rows if row["deleted_at"] is None]
    return [stored_draft(row) for row in known or rows]


async def add_visible_in_session(actor: Actor, conditions: Conditions, session_id: int | None) -> None:
    """Only people `l` whom the actor may see: as a list of learners does and, for its staff, whoever is or was in the session."""
    if actor.is_admin:
        return
    sql, values = await visible_condition(actor)
    if session_id is None:
        conditions.add(sql, *values)
        return
    session = await session_for(actor, session_id, "enroll")
    if await is_session_staff(actor, session):
        place = f"{{{len(values)}}}"
        sql += f" OR EXISTS (SELECT FROM enrollment e WHERE e.learner_id = l.id AND e.session_id = {place})"
        values = (*values, session_id)
    conditions.add(sql, *values)


async def visible_in_session(
    actor: Actor, session_id: int | None, learner_ids: Sequence[int]
) -> frozenset[int]:
    """Those of `learner_ids` whom the actor may see there."""
    if not learner_ids:
        return frozenset()
    conditions = Conditions()
    conditions.add("l.id = ANY({}::integer[])", list(learner_ids))
    await add_visible_in_session(actor, conditions, session_id)
    rows = await fetch(some_rows("l.id", "learner l", conditions.sql), *conditions.values)
    return frozenset(row["id"] for row in rows)
