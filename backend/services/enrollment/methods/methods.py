"""Enrollment methods of a session: made as drafts, changed, removed. Who is enrolled changes by plan and apply alone."""

from asyncpg import Record

from backend.database import as_json, fetch, row_by_id, transaction
from backend.enrollment import follow_modes
from backend.index import FacetIndex, Follower
from backend.index.time_slices import TimeSlice
from backend.schemas.base import Page
from backend.schemas.enrollment import methods as wire
from backend.schemas.enrollment.plans import PlanRequest
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.audiences.index_access import current_index
from backend.services.enrollment.drafts import method_statements
from backend.services.enrollment.drafts.chain_beginning import begun
from backend.services.enrollment.drafts.method_drafts import COLUMNS, MethodDraft, stored_draft
from backend.services.enrollment.drafts.method_requests import merge_request, validate_draft
from backend.services.enrollment.drafts.method_rows import (
    held_by,
    method_row,
    refuse_elsewhere,
    save_method,
)
from backend.services.enrollment.drafts.subpath_parents import with_parents
from backend.services.enrollment.methods.methods_as_seen import method_as_seen, row_as_seen
from backend.services.enrollment.plans.plan_writing import INLINE, SETTLED
from backend.services.enrollment.plans.plans import apply_confirmed
from backend.services.enrollment.rights.enrollment_rights import Permit, permit_for
from backend.services.enrollment.rights.legacy_sessions import refuse_legacy
from backend.services.enrollment.runs.large_runs import begin_large
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, settle, write
from backend.services.enrollment.writing.writes import Write
from backend.services.errors import Conflict, NotFound, Stale
from backend.services.paging import decode_cursor, page_of
from backend.tables import EnrollmentMethod
from backend.words import Message
from backend.words.nouns import there_is_no

# What decides who is enrolled: changed on a method that enrolls, it needs a plan.
DECIDING = (
    "rule",
    "dynamic",
    "segment_id",
    "group_id",
    "after_activity_id",
    "after_status",
    "delay_days",
    "earlier",
    *follow_modes.PLAIN,
    "parent_session_id",
)


class NeedsPlan(Conflict):
    """The change decides who is enrolled, and nobody has seen whom."""

    type, title = "needs_plan", Message("A plan has to be confirmed")


async def list_methods(
    actor: Actor, follower: Follower, session_id: int, *, limit: int, cursor: str | None
) -> Page[wire.Method]:
    """The session's methods, oldest first."""
    session = await session_for(actor, session_id, "enroll")
    index = await current_index(follower)
    (after,) = decode_cursor(cursor, tuple[int]) or (0,)
    rows = await fetch(method_statements.METHODS, session_id, after, limit + 1)
    total = await EnrollmentMethod.count().where(
        EnrollmentMethod.session_id == session_id,
        EnrollmentMethod.kind != "catalog",
        EnrollmentMethod.deleted_at.is_null(),
    )
    permit = await permit_for(actor, index, session)
    time_slice = TimeSlice()
    shown = {row["id"]: await row_as_seen(row, index, actor, permit, time_slice) for row in rows[:limit]}
    return page_of(rows, limit, total, item=lambda row: shown[row["id"]], key=lambda row: [row["id"]])


async def get_method(actor: Actor, follower: Follower, session_id: int, method_id: int) -> wire.Method:
    """One method."""
    session = await session_for(actor, session_id, "enroll")
    index = await current_index(follower)
    return await method_as_seen(actor, index, await permit_for(actor, index, session), session_id, method_id)


async def create_method(
    actor: Actor, follower: Follower, session_id: int, request: wire.MethodInput
) -> wire.Method:
    """A draft: it enrolls nobody before a plan of it is applied."""
    index = await current_index(follower)
    async with transaction():
        session = await session_for(actor, session_id, "enroll")
        refuse_legacy(session)
        permit = await permit_for(actor, index, session)
        draft = merge_request(MethodDraft(session_id=session_id), request, request.kind)
        await permit.require_new(index, draft)
        draft = await validate_draft(with_parents(begun(draft, index), index), index)
        method_id = await save_method(actor, draft, state="draft")
        await audit.record(actor, "method.create", "enrollment_method", method_id, session_id=session_id)
        return await method_as_seen(actor, index, permit, session_id, method_id)


async def change_method(  # noqa: PLR0913, PLR0917 - the parts of one request
    actor: Actor,
    follower: Follower,
    session_id: int,
    method_id: int,
    request: wire.Policy,
    version: int | None,
) -> wire.Method:
    """Change how it enrolls. What decides *who* is enrolled raises `NeedsPlan`, unless it is a draft."""
    async with transaction():
        permit, index, row = await method_to_change(actor, follower, session_id, method_id, version)
        before = stored_draft(row)
        draft = merge_request(before, request)
        await permit.require_new(index, draft, before)
        draft = await validate_draft(with_parents(begun(draft, index), index), index)
        _refuse_deciding(row["state"], before, draft)
        if draft != before:
            await save_method(actor, draft, state=row["state"])
            details = row["state_details"]
            await EnrollmentMethod.update(
                {
                    EnrollmentMethod.state_reason: row["state_reason"],
                    EnrollmentMethod.state_cause: row["state_cause"],
                    EnrollmentMethod.state_details: None if details is None else as_json(details),
                }
            ).where(EnrollmentMethod.id == method_id)
            await _settle_all(actor, before, draft)
            changed = [name for name in COLUMNS if getattr(before, name) != getattr(draft, name)]
            await audit.record(actor, "method.change", "enrollment_method", method_id, changed=changed)
        return await method_as_seen(actor, index, permit, session_id, method_id)


async def apply_change(  # noqa: PLR0913, PLR0917 - the parts of one request
    actor: Actor,
    follower: Follower,
    session_id: int,
    method_id: int,
    request: wire.Policy,
    version: int | None,
) -> wire.Method:
    """The same where somebody has confirmed whom it moves: applied as a plan of it, whatever it changes."""
    async with transaction():
        permit, index, _ = await method_to_change(actor, follower, session_id, method_id, version)
        given = {name: getattr(request, name) for name in wire.Policy.__struct_fields__}
        await apply_confirmed(actor, follower, session_id, PlanRequest(method_id=method_id, **given))
        return await method_as_seen(actor, index, permit, session_id, method_id)


async def method_to_change(  # noqa: PLR0913 - the parts of one request
    actor: Actor,
    follower: Follower,
    session_id: int,
    method_id: int,
    version: int | None,
    *,
    of_rule: bool = False,
) -> tuple[Permit, FacetIndex, Record]:
    """The method's row, with its session locked. Raises `Forbidden` for one with parts outside the actor's rights, `Stale`."""
    session = await session_for(actor, session_id, "enroll")
    refuse_legacy(session)
    await lock_sessions([session_id])
    row = await method_row(session_id, method_id)
    # Who is enrolled here cannot change any more; what was committed before is looked at too.
    index = await current_index(follower)
    permit = await permit_for(actor, index, session)
    permit.require_open(index, stored_draft(row))
    if not of_rule:
        refuse_elsewhere(row["enrollment_rule_id"], None)
    if version is not None and version != row["version"]:
        raise Stale(row["version"])
    return permit, index, row


def _refuse_deciding(state: str, before: MethodDraft, draft: MethodDraft) -> None:
    if state == "draft":
        return
    decided = [name for name in DECIDING if getattr(before, name) != getattr(draft, name)]
    if draft.active and not before.active and draft.dynamic:
        decided.append("active")
    if decided:
        raise NeedsPlan(
            Message(
                "Changing {fields} changes who is enrolled: ask for a plan and apply it.",
                fields=", ".join(decided),
            ),
            extra={"fields": decided},
        )


async def _settle_all(actor: Actor, before: MethodDraft, draft: MethodDraft) -> None:
    """Due dates and the like of those whom the method holds already."""
    if all(getattr(before, name) == getattr(draft, name) for name in SETTLED):
        return
    learners = await held_by(draft.id)
    if not learners:
        return
    one = Write(method_id=draft.id, session_id=draft.session_id, cause="act", actor_id=actor.id)
    if len(learners) > INLINE:
        await begin_large(one, learners)
        return
    (written,) = await write([one])
    assert written.run_id is not None  # noqa: S101 - an act always leaves a run
    await settle(written.run_id, draft.session_id, learners)


async def session_of(method_id: int) -> int:
    """The session of a method. Raises `NotFound`."""
    row = await row_by_id(EnrollmentMethod, method_id)
    if row is None:
        raise NotFound(there_is_no("method", method_id))
    session_id: int = row["session_id"]
    return session_id
