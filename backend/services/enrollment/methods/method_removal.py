"""Removing methods: whom they alone enrolled stays, loses access, or their progress too."""

from typing import Any

from asyncpg import Record
from pyroaring import BitMap

from backend.database import fetch_value, row_by_id, transaction
from backend.enrollment.method_kinds import of_session
from backend.index import Follower
from backend.runtime import clock
from backend.schemas.enrollment import methods as wire
from backend.schemas.enrollment.plans import Applied
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.audiences.index_access import current_index
from backend.services.enrollment.drafts import method_statements
from backend.services.enrollment.drafts.method_drafts import stored_draft
from backend.services.enrollment.drafts.method_rows import WITHOUT_REASON, held_by, refuse_elsewhere
from backend.services.enrollment.fuses import held_removals
from backend.services.enrollment.methods.methods import method_to_change
from backend.services.enrollment.plans.plan_writing import INLINE, applied
from backend.services.enrollment.rights.enrollment_rights import permit_for
from backend.services.enrollment.rights.legacy_sessions import refuse_legacy
from backend.services.enrollment.runs.large_runs import begin_large
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, write
from backend.services.enrollment.writing.erase_progress import Erasure, confirm_large
from backend.services.enrollment.writing.writes import Write
from backend.services.errors import Forbidden, NotFound
from backend.tables import Blocked, EnrollmentMethod
from backend.words.nouns import there_is_no


async def check_removal(actor: Actor, follower: Follower, method_id: int) -> list[int]:
    """Whom the method holds. Raises what removing it raises, but for what erasing has to name."""
    row = await row_by_id(EnrollmentMethod, method_id)
    if row is None or row["deleted_at"] is not None or of_session(row["kind"]):
        raise NotFound(there_is_no("method", method_id))
    try:
        session = await session_for(actor, row["session_id"], "enroll")
    except (Forbidden, NotFound):
        # Somebody else's: that it exists is not theirs to know.
        raise NotFound(there_is_no("method", method_id)) from None
    refuse_legacy(session)
    index = await current_index(follower)
    permit = await permit_for(actor, index, session)
    permit.require_open(index, stored_draft(row))
    refuse_elsewhere(row["enrollment_rule_id"], None)
    learners = await held_by(method_id)
    permit.require_people(entering=BitMap(), leaving=BitMap(learners))
    return learners


async def delete_method(  # noqa: PLR0913 - the parts of one request
    actor: Actor,
    follower: Follower,
    session_id: int,
    method_id: int,
    removal: wire.MethodRemoval,
    *,
    version: int | None = None,
    of_rule: bool = False,
) -> Applied | None:
    """Remove it. Whom it alone enrolled stays (`keep`), loses access, or their progress too; a draft just goes.

    Raises `Forbidden` unless the method, and everybody who would lose it as a reason, are the actor's; `EraseUnconfirmed`
    where progress is to be erased and what goes is not what was confirmed. `of_rule`: it goes with its enrollment rule.
    """
    async with transaction():
        permit, _, row = await method_to_change(
            actor, follower, session_id, method_id, version, of_rule=of_rule
        )
        learners = await held_by(method_id)
        permit.require_people(entering=BitMap(), leaving=BitMap(learners))
        await audit.record(actor, "method.delete", "enrollment_method", method_id, people=removal.people)
        if not learners and row["state"] == "draft":
            await EnrollmentMethod.delete().where(EnrollmentMethod.id == method_id)
            return None
        return await _end_method(actor, row, learners, removal)


async def assignments_of(group_id: int) -> dict[int, list[int]]:
    """The methods by which a group gives access to something, each with everybody whom it holds."""
    return {row["id"]: await held_by(row["id"]) for row in await _assignments(group_id)}


async def end_assignments(actor: Actor, group_id: int) -> None:
    """Remove, in the caller's transaction, what a group that goes gives access to: nobody is unenrolled by that."""
    rows = await _assignments(group_id)
    await lock_sessions(row["session_id"] for row in rows)
    for row in rows:
        learners = await held_by(row["id"])
        await audit.record(actor, "method.delete", "enrollment_method", row["id"], people="keep")
        if not learners and row["state"] == "draft":
            await EnrollmentMethod.delete().where(EnrollmentMethod.id == row["id"])
        else:
            await _end_method(actor, row, learners, wire.MethodRemoval())


async def _assignments(group_id: int) -> list[Any]:
    rows: list[Any] = (
        await EnrollmentMethod.select()
        .where(
            EnrollmentMethod.group_id == group_id,
            EnrollmentMethod.kind == "group",
            EnrollmentMethod.deleted_at.is_null(),
        )
        .order_by(EnrollmentMethod.id)
    )
    return rows


async def _end_method(actor: Actor, row: Record, learners: list[int], removal: wire.MethodRemoval) -> Applied:
    method_id = row["id"]
    stored = await fetch_value(method_statements.METHOD_AS_JSON, method_id)
    waiting = await Blocked.select(Blocked.learner_id).where(Blocked.method_id == method_id)
    held = await held_removals.held_run(method_id)
    if held is not None:
        await held_removals.close(held["id"], "rejected")
    # The rule goes too: what it mentions can be deleted now. The run keeps it for an undo.
    await EnrollmentMethod.update(
        {
            # Erasing is an act, and nothing that a method stores.
            EnrollmentMethod.on_leave: "expire" if removal.people == "erase" else removal.people,
            EnrollmentMethod.active: False,
            EnrollmentMethod.state: "draft",
            **WITHOUT_REASON,
            EnrollmentMethod.rule: None,
            EnrollmentMethod.segment_id: None,
            EnrollmentMethod.group_id: None,
            EnrollmentMethod.after_activity_id: None,
            EnrollmentMethod.parent_session_id: None,
            EnrollmentMethod.deleted_at: clock.now(),
            EnrollmentMethod.version: EnrollmentMethod.version + 1,
        }
    ).where(EnrollmentMethod.id == method_id)
    after = await fetch_value(method_statements.METHOD_AS_JSON, method_id)
    detail: dict[str, Any] = {"method": stored, "method_after": after}
    one = Write(
        method_id=method_id,
        session_id=row["session_id"],
        cause="act",
        actor_id=actor.id,
        detail=detail,
        leaving=learners,
        releasing=[one["learner_id"] for one in waiting],
        confirmed=True,
        on_leave=removal.people,
        erasure=Erasure(removal.certificates, removal.confirm) if removal.people == "erase" else None,
    )
    if len(learners) > INLINE:
        if one.erasure is not None:
            await confirm_large(one.erasure, row["session_id"], method_id)
        return Applied(run_id=await begin_large(one), method_id=method_id, state="applying")
    (written,) = await write([one])
    return applied(written, method_id)
